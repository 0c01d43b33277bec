"""Faults that hide: text that reads otherwise than it runs, and comments that tell tools to look away."""

import ast
import json
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import is_off, settings
from meta_pipeline.lab.python_source import python_of
from meta_pipeline.lab.repository import ANY, PYTHON
from meta_pipeline.lab.secret_shapes import one_line_secrets

# Letters of other scripts that look like Latin ones.
_LOOKALIKES = {
    "a": 0x0430,
    "c": 0x0441,
    "e": 0x0435,
    "i": 0x0456,
    "o": 0x043E,
    "p": 0x0440,
    "s": 0x0455,
    "x": 0x0445,
}
_OVERRIDE, _ISOLATE, _POP, _INVISIBLE = chr(0x202E), chr(0x2066), chr(0x2069), chr(0x200B)


class HiddenText(Mutator):
    """Characters that are not what they look like: an override of the reading direction, a look-alike letter.

    A reviewer reads something else than what runs.
    """

    id = "hidden-text"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base)
        if text is None or not base.path.endswith((".py", ".sql", ".yml", ".yaml")) or not text.value.strip():
            return
        if base.path.endswith(".py"):
            yield from self._python(base, dice)
        mark = "--" if base.path.endswith(".sql") else "#"
        comments = list(re.finditer(rf"^[ \t]*{mark} [^\n]{{8,}}", text.value, re.MULTILINE))
        for found in dice.sample(comments, min(2, len(comments))):
            at = found.end()
            new = f" {_OVERRIDE}{_ISOLATE}only for admins{_POP} {_ISOLATE}"
            yield Change(text, [Edit(at, at, new)]).fault("a comment turns the direction of reading")

    def _python(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or "coding" in source.text.value[:200]:
            return
        functions = [
            function for function in source.functions if any(char in _LOOKALIKES for char in function.name)
        ]
        for function in dice.sample(functions, min(2, len(functions))):
            letter = next(char for char in function.name if char in _LOOKALIKES)
            twin = function.name.replace(letter, chr(_LOOKALIKES[letter]), 1)
            start = source.statement(function)[0]
            indent = source.text.indent(source.span(function)[0])
            new = f"{indent}def {twin}(*args, **kwargs):\n{indent}    return None\n\n\n"
            yield Change(source.text, [Edit(start, start, new)]).fault(
                f"defines a look-alike of `{function.name}`"
            )
        texts = [
            source.span(node)
            for node in source.nodes
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.isidentifier()
            and len(node.value) > 4
            and not isinstance(source.parents.get(node), ast.JoinedStr)
        ]
        for start, end in dice.sample(texts, min(2, len(texts))):
            middle = (start + end) // 2
            yield Change(source.text, [Edit(middle, middle, _INVISIBLE)]).fault(
                "a name holds an invisible character"
            )


class SuppressedFault(Mutator):
    """A fault comes with a comment that tells a tool not to report it.

    The tool is silent, the fault is there: a credential, an undefined name, a statement put together from text.
    """

    id = "suppressed-fault"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        at = source.after_imports()
        secret = one_line_secrets(dice, 1)[0]
        name = f"DEFAULT_{secret.name.upper()}"
        mark = dice.choice(["# pragma: allowlist secret", "# noqa: S105", "# nosec", "# gitleaks:allow"])
        if name not in source.bound:
            line = f"\n{name} = {json.dumps(secret.value)}  {mark}\n"
            yield Change(source.text, [Edit(at, at, line)]).fault(f"writes {secret.kind} with `{mark}`")
        names = [
            node
            for node in source.nodes
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and len(node.id) > 3
            and source.function_of(node)
        ]
        for node in dice.sample(names, min(2, len(names))):
            start, end = source.span(node)
            stop = source.text.end_of_line(end)
            line = source.text.value[source.text.start_of_line(start) : stop]
            wrong = f"{node.id}_"
            is_plain = source.text.value[start:end] == node.id and not re.search(r"['\"#\\]", line)
            if is_plain and wrong not in source.bound and line.endswith("\n"):
                edits = [Edit(start, end, wrong), Edit(stop - len("\n"), stop - len("\n"), "  # noqa: F821")]
                yield Change(source.text, edits).fault(
                    f"uses `{wrong}`, which nothing defines, with `# noqa`"
                )
        for setting in settings(source, base.scheduler, "retries", "retry_policy"):
            stop = source.text.end_of_line(setting.span[0])
            single = source.text.line(setting.span[0]) == source.text.line(setting.span[1])
            alone = not source.text.value[
                source.text.start_of_line(setting.span[0]) : setting.span[0]
            ].strip()
            if (
                single
                and alone
                and not is_off(setting.value)
                and setting.name == "retries"
                and setting.scope != "task"
            ):
                new = source.text.value[slice(*setting.span)].replace(source.source(setting.value), "0")
                edit = Edit(setting.span[0], stop, f"{new},  # noqa\n")
                yield Change(source.text, [edit], setting.near).fault("sets retries to 0 with `# noqa`")
