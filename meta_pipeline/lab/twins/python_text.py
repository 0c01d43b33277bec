"""Harmless edits of Python: the code does the same, and the scheduler sees the same."""

import ast
import random
import re
import sys
from collections.abc import Iterator
from itertools import pairwise

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import Function, PythonSource, python_of
from meta_pipeline.lab.repository import PYTHON

_NOTES = (
    "# Kept apart from the load, so that each may be run again by itself.",
    "# The order of the steps follows the runbook.",
    "# See docs/runbook.md for who is told when this fails.",
    "# Names follow the source system.",
)
# Functions that run in another interpreter, where the names of this module are not known.
_ELSEWHERE = re.compile(r"virtualenv|external_python|ExternalPython", re.IGNORECASE)


class CommentAdded(Mutator):
    """A comment is added in front of a statement. Nothing reads it but people."""

    id = "comment-added"
    keeps_meaning = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        places = [
            node
            for node in source.nodes
            if isinstance(node, ast.Assign | ast.Return | ast.With | ast.FunctionDef)
        ]
        for node in dice.sample(places, min(4, len(places))):
            at = source.statement(node)[0]
            indent = source.text.indent(at)
            if source.text.value[at : source.span(node)[0]].strip() and not getattr(
                node, "decorator_list", None
            ):
                continue  # another statement stands before it on its line
            yield Change(source.text, [Edit(at, at, f"{indent}{dice.choice(_NOTES)}\n")]).twin(
                "adds a comment"
            )


class DocstringAdded(Mutator):
    """A helper function gets a docstring. Schedulers read those of pipelines only."""

    id = "docstring-added"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for function in source.functions if source else ():
            assert source is not None
            if function.decorator_list or ast.get_docstring(function) or not source.has_simple_body(function):
                continue
            at, indent = source.body_start(function)
            words = function.name.strip("_").replace("_", " ")
            line = f'{indent}"""{words[:1].upper()}{words[1:]}."""\n'
            yield Change(source.text, [Edit(at, at, line)]).twin(f"documents `{function.name}`")


class Reformatted(Mutator):
    """A call is spread over lines, or single quotes become double ones, as a formatter does."""

    id = "python-reformatted"
    keeps_meaning = True
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        calls = [call for call in source.calls if _is_on_one_line(source, call)]
        for call in dice.sample(calls, min(3, len(calls))):
            start, end = source.span(call)
            items = sorted([*map(source.span, call.args), *map(source.span, call.keywords)])
            indent = source.text.indent(start)
            head = source.text.value[start : items[0][0]]
            lines = "".join(f"{indent}    {source.text.value[first:last]},\n" for first, last in items)
            if head.endswith("(") and source.text.value[items[-1][1] : end] == ")":
                spread = Edit(start, end, f"{head}\n{lines}{indent})")
                yield Change(source.text, [spread]).twin("spreads a call over lines")
        quotes = [edit for node in source.nodes if (edit := _other_quotes(source, node)) is not None]
        if quotes:
            yield Change(source.text, quotes).twin("turns single quotes into double ones")


def _is_on_one_line(source: PythonSource, call: ast.Call) -> bool:
    start, end = source.span(call)
    inside_text = any(isinstance(node, ast.JoinedStr) for node in _parents(source, call))
    arguments = len(call.args) + len(call.keywords)
    lone = any(isinstance(argument, ast.GeneratorExp) for argument in call.args)
    return source.text.line(start) == source.text.line(end) and arguments > 1 and not inside_text and not lone


def _parents(source: PythonSource, node: ast.AST) -> Iterator[ast.AST]:
    at = source.parents.get(node)
    while at is not None:
        yield at
        at = source.parents.get(at)


def _other_quotes(source: PythonSource, node: ast.AST) -> Edit | None:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return None
    if isinstance(source.parents.get(node), ast.JoinedStr):
        return None
    start, end = source.span(node)
    written = source.text.value[start:end]
    plain = re.fullmatch(r"'([^'\"\\\n]*)'", written)
    inside = any(isinstance(parent, ast.JoinedStr) for parent in _parents(source, node))
    return Edit(start, end, f'"{plain.group(1)}"') if plain and plain.group(1) and not inside else None


class LocalRenamed(Mutator):
    """A local variable of a function gets another name, wherever the function uses it."""

    id = "local-renamed"
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


class ImportsReordered(Mutator):
    """Names of one import, or two imports of the standard library, change places."""

    id = "imports-reordered"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        body = source.tree.body
        for node, following in pairwise(body):
            if isinstance(node, ast.ImportFrom) and len(node.names) > 1:
                spans = [source.span(alias) for alias in node.names[:2]]
                texts = [source.text.value[slice(*span)] for span in spans]
                edits = [Edit(*spans[0], texts[1]), Edit(*spans[1], texts[0])]
                yield Change(source.text, edits).twin("changes the order of imported names")
            if _is_standard(node) and _is_standard(following):
                pair = [source.source(node), source.source(following)]
                single = not any("\n" in text for text in pair) and node.lineno != following.lineno
                edits = [Edit(*source.span(node), pair[1]), Edit(*source.span(following), pair[0])]
                if single:
                    yield Change(source.text, edits).twin("changes the order of two imports")


def _is_standard(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names)
    known = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in sys.stdlib_module_names
    return known and isinstance(node, ast.ImportFrom) and node.module != "__future__"


class TypeHintAdded(Mutator):
    """A helper that returns nothing says so: `-> None`."""

    id = "type-hint-added"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for function in source.functions if source else ():
            assert source is not None
            inside = [node for node in ast.walk(function) if node is not function]
            gives = any(
                isinstance(node, ast.Yield | ast.YieldFrom)
                or (isinstance(node, ast.Return) and node.value is not None)
                for node in inside
            )
            if function.returns or function.decorator_list or gives or not source.has_simple_body(function):
                continue
            first = source.text.starts[source.text.line(source.span(function.body[0])[0]) - 1]
            colon = source.text.value.rfind("):", source.span(function)[0], first)
            if colon > 0 and not source.text.value[colon + 2 : first].strip():
                yield Change(source.text, [Edit(colon + 1, colon + 1, " -> None")]).twin(
                    f"types `{function.name}`"
                )


class ConstantExtracted(Mutator):
    """A literal gets a name at the top of the module, and is used by it. The value is the same."""

    id = "constant-extracted"
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
            and not any(isinstance(node, ast.JoinedStr) for node in _parents(source, call))
        ]
        for argument, value in dice.sample(found, min(3, len(found))):
            name, written = argument.upper(), source.source(value)
            if name not in source.bound and "\n" not in written and len(written) > 1:
                edits = [Edit(at, at, f"\n{name} = {written}\n"), Edit(*source.span(value), name)]
                yield Change(source.text, edits).twin(f"names a value `{name}`")


class LogLineAdded(Mutator):
    """A function says that it starts, in the log."""

    id = "log-line-added"
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
            if not loggers and source.imported.get("logging") == "logging":
                lines = [f'logging.getLogger(__name__).info("{function.name} starts")']
            if lines:
                new = "".join(f"{indent}{line}\n" for line in lines)
                yield Change(source.text, [Edit(at, at, new)]).twin(f"logs the start of `{function.name}`")


def _plain(function: Function) -> list[ast.expr]:
    return [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]


class FormatModernised(Mutator):
    """`"{}".format(name)` becomes an f-string of the same text."""

    id = "format-to-f-string"
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
                    _is_standard(node)
                    and uses == 1
                    and "# noqa" not in text.value[slice(*source.statement(node))]
                ):
                    yield Change(text, [text.without_lines(source.span(node))]).twin(
                        f"takes out the unused import of `{name}`"
                    )
