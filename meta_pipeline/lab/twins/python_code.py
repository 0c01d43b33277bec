"""Harmless edits of Python code: other names, a constant, a line in the log, nothing that was dead."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import Function, PythonSource, python_of
from meta_pipeline.lab.repository import PYTHON
from meta_pipeline.lab.twins.python_layout import is_standard, parents_up

# Functions that run in another interpreter, where the names of this module are not known.
_ELSEWHERE = re.compile(r"virtualenv|external_python|ExternalPython", re.IGNORECASE)


class LocalRenamed(Mutator):
    """A local variable of a function gets another name, wherever the function uses it."""

    id = "local-renamed"
    keeps_pipelines = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for function in source.functions if source else ():
            assert source is not None
            if source.function_of(function) is not None:
                continue
            yield from self._renamed(source, function, dice)

    def _renamed(self, source: PythonSource, function: Function, dice: random.Random) -> Iterator[Mutation]:
        inside = list(ast.walk(function))
        by_name = re.search(r"\b(locals|vars|eval|exec)\(", source.source(function))
        if by_name or any(isinstance(node, ast.Global | ast.Nonlocal | ast.Lambda) for node in inside):
            return
        arguments = {node.arg for node in inside if isinstance(node, ast.arg)}
        names = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        start, end = source.span(function)
        body = source.text.value[start:end]
        for name in sorted(names - arguments)[:3]:
            new = dice.choice([f"{name}_found", f"the_{name}", f"own_{name}"])
            matches = list(re.finditer(rf"\b{re.escape(name)}\b", body))
            uses = sum(isinstance(node, ast.Name) and node.id == name for node in inside)
            if len(matches) == uses and new not in source.bound and len(name) > 1:
                edits = [Edit(start + match.start(), start + match.end(), new) for match in matches]
                yield Change(source.text, edits).twin(f"renames the local `{name}`")


class ConstantExtracted(Mutator):
    """A literal gets a name at the top of the module, and is used by it. The value is the same."""

    id = "constant-extracted"
    changes_layout = True
    keeps_pipelines = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or _ELSEWHERE.search(source.text.value):
            return
        at = source.after_imports()
        found = [
            (keyword.arg, keyword.value)
            for call in source.calls
            for keyword in call.keywords
            if keyword.arg
            and isinstance(keyword.value, ast.Constant)
            and isinstance(keyword.value.value, str | int)
            and not isinstance(keyword.value.value, bool)
            and source.span(keyword.value)[0] > at
            and not any(isinstance(node, ast.JoinedStr) for node in parents_up(source, call))
        ]
        for argument, value in dice.sample(found, min(3, len(found))):
            name, written = argument.upper(), source.source(value)
            if name not in source.bound and "\n" not in written and len(written) > 1:
                edits = [Edit(at, at, f"\n{name} = {written}\n"), Edit(*source.span(value), name)]
                yield Change(source.text, edits).twin(f"names a value `{name}`")


class LogLineAdded(Mutator):
    """A function says that it starts, in the log."""

    id = "log-line-added"
    keeps_pipelines = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or _ELSEWHERE.search(source.text.value):
            return
        loggers = [
            name
            for name in ("logger", "log", "LOGGER", "LOG")
            if re.search(rf"^{name}\s*=", source.text.value, re.MULTILINE)
        ]
        for function in source.functions:
            if isinstance(source.parents.get(function), ast.ClassDef) or not source.has_simple_body(function):
                continue
            if any(full.rsplit(".", 1)[-1] == "dag" for full in map(source.name, _plain(function)) if full):
                continue
            if source.function_of(function) is not None or "nonlocal" in source.source(function):
                continue
            stored = {
                node.id
                for node in ast.walk(function)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            if stored & set(loggers):
                continue
            at, indent = source.body_start(function)
            lines = [f'{logger}.info("{function.name} starts")' for logger in loggers[:1]]
            if not loggers and source.imported_by_module.get("logging") == "logging":
                lines = [f'logging.getLogger(__name__).info("{function.name} starts")']
            if lines:
                new = "".join(f"{indent}{line}\n" for line in lines)
                yield Change(source.text, [Edit(at, at, new)]).twin(f"logs the start of `{function.name}`")


def _plain(function: Function) -> list[ast.expr]:
    return [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]


class FormatModernised(Mutator):
    """`"{}".format(name)` becomes an f-string of the same text."""

    id = "format-to-f-string"
    keeps_pipelines = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for call in source.calls if source else ():
            assert source is not None
            func = call.func
            if not isinstance(func, ast.Attribute) or func.attr != "format" or call.keywords or not call.args:
                continue
            if not isinstance(func.value, ast.Constant) or not isinstance(func.value.value, str):
                continue
            written = source.source(func.value)
            names = [argument.id for argument in call.args if isinstance(argument, ast.Name)]
            parts = written.split("{}")
            simple = re.fullmatch(r"(\"[^\"{}\\\n]*\"|'[^'{}\\\n]*')", written.replace("{}", ""))
            if simple and len(names) == len(call.args) == len(parts) - 1:
                new = (
                    "f"
                    + parts[0]
                    + "".join(f"{{{name}}}{part}" for name, part in zip(names, parts[1:], strict=True))
                )
                yield Change(source.text, [Edit(*source.span(call), new)]).twin("formats by an f-string")


class DeadCodeRemoved(Mutator):
    """Code that was commented out, or an import of the standard library that nothing uses, is taken out."""

    id = "dead-code-removed"
    keeps_pipelines = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        text = source.text
        for found in re.finditer(
            r"^[ \t]*#[ \t]*[\w.]+(?:\([^\n#]*\)| = [^\n#]+)\n", text.value, re.MULTILINE
        ):
            inside = any(
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and source.span(node)[0] <= found.start() < source.span(node)[1]
                for node in source.nodes
            )
            before = text.value[: found.start()].rstrip("\n").rsplit("\n", 1)[-1]
            after = text.value[found.end() : text.end_of_line(found.end())]
            alone = not before.lstrip().startswith("#") and not after.lstrip().startswith("#")
            if not inside and alone:
                yield Change(text, [Edit(found.start(), found.end(), "")]).twin(
                    "takes out code that was commented out"
                )
        for node in source.tree.body:
            if (
                isinstance(node, ast.Import)
                and len(node.names) == 1
                and not base.path.endswith("__init__.py")
            ):
                name = (node.names[0].asname or node.names[0].name).split(".")[0]
                uses = len(re.findall(rf"\b{name}\b", text.value))
                if (
                    is_standard(node)
                    and uses == 1
                    and "# noqa" not in text.value[slice(*source.statement(node))]
                ):
                    yield Change(text, [text.without_lines(source.span(node))]).twin(
                        f"takes out the unused import of `{name}`"
                    )
