"""Harmless edits of how Python looks: comments, layout, the order of imports, docstrings and types."""

import ast
import random
import re
import sys
from collections.abc import Iterator
from itertools import pairwise

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import PythonSource, python_of
from meta_pipeline.lab.repository import PYTHON

_NOTES = (
    "# Kept apart from the load, so that each may be run again by itself.",
    "# The order of the steps follows the runbook.",
    "# See docs/runbook.md for who is told when this fails.",
    "# Names follow the source system.",
)


class CommentAdded(Mutator):
    """A comment is added in front of a statement. Nothing reads it but people."""

    id = "comment-added"
    keeps_pipelines = True
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
    keeps_pipelines = True
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
    changes_layout = True
    keeps_pipelines = True
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
    inside_text = any(isinstance(node, ast.JoinedStr) for node in parents_up(source, call))
    arguments = len(call.args) + len(call.keywords)
    lone = any(isinstance(argument, ast.GeneratorExp) for argument in call.args)
    return source.text.line(start) == source.text.line(end) and arguments > 1 and not inside_text and not lone


def parents_up(source: PythonSource, node: ast.AST) -> Iterator[ast.AST]:
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
    inside = any(isinstance(parent, ast.JoinedStr) for parent in parents_up(source, node))
    return Edit(start, end, f'"{plain.group(1)}"') if plain and plain.group(1) and not inside else None


class ImportsReordered(Mutator):
    """Names of one import, or two imports of the standard library, change places."""

    id = "imports-reordered"
    changes_layout = True
    keeps_pipelines = True
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
            if is_standard(node) and is_standard(following):
                pair = [source.source(node), source.source(following)]
                single = not any("\n" in text for text in pair) and node.lineno != following.lineno
                edits = [Edit(*source.span(node), pair[1]), Edit(*source.span(following), pair[0])]
                if single:
                    yield Change(source.text, edits).twin("changes the order of two imports")


def is_standard(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        return all(alias.name.split(".")[0] in sys.stdlib_module_names for alias in node.names)
    known = isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in sys.stdlib_module_names
    return known and isinstance(node, ast.ImportFrom) and node.module != "__future__"


class TypeHintAdded(Mutator):
    """A helper that returns nothing says so: `-> None`."""

    id = "type-hint-added"
    keeps_pipelines = True
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
