"""Where SQL stands: in SQL files, and in the strings of Python files; and the arguments of dbt's `config`."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.lab.editing import Edit, Span, Text
from meta_pipeline.lab.mutation import Base
from meta_pipeline.lab.python_source import PythonSource, python_of

_IS_SQL = re.compile(
    r"\b(SELECT\s[\s\S]+\sFROM|INSERT\s+(INTO|OVERWRITE)|DELETE\s+FROM|UPDATE\s+\S+\s+SET|MERGE\s+INTO|CREATE\s+(OR\s|TABLE|VIEW|TEMP)|DROP\s+(TABLE|VIEW)|ALTER\s+TABLE|TRUNCATE\s)",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")
_OPENING = {"(": ")", "[": "]", "{": "}"}
_TURNED_OFF = re.compile(r"\benabled\s*=\s*false\b", re.IGNORECASE)
_CONFIG = re.compile(r"\{\{-?\s*config\s*\(")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of a file that is SQL. `call` is the statement around it where the file is Python."""

    text: Text
    span: Span
    statement: Span | None = None

    @property
    def value(self) -> str:
        return self.text.value[self.span[0] : self.span[1]]


def sql_regions(base: Base) -> list[Region]:
    """The SQL of a file: all of a `.sql` file, or each string of a Python file that is a statement."""
    if base.path.endswith((".sql", ".ddl", ".hql")):
        text = Text.of(base)
        return [] if text is None else [Region(text, (0, len(text.value)))]
    source = python_of(base)
    return [] if source is None else list(_strings(source))


def _strings(source: PythonSource) -> Iterator[Region]:
    for node in source.nodes:
        if not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            continue
        if isinstance(source.parents.get(node), ast.JoinedStr | ast.FormattedValue):
            continue
        if isinstance(source.parents.get(node), ast.Expr):
            continue  # a docstring
        start, end = source.span(node)
        quote = _QUOTE.match(source.text.value, start)
        if quote is None:
            continue
        inner = (quote.end(), end - len(quote.group(1)))
        text = source.text.value[slice(*inner)]
        if quote.group(1) not in text and _IS_SQL.search(text):
            yield Region(source.text, inner, source.span(source.statement_of(node)))


def is_dbt_model(base: Base) -> bool:
    """Whether a file is a model of a dbt project of the tree."""
    if not base.path.endswith(".sql"):
        return False
    folder = dbt_project_of(base)
    if folder is None:
        return False
    inside = base.path[len(folder) :]
    return not inside.startswith(
        ("macros/", "tests/", "analyses/", "analysis/", "snapshots/", "target/", "dbt_packages/")
    )


def is_built(base: Base) -> bool:
    """Whether a model does not turn itself off; dbt passes over two of a name that do, and refuses their readers."""
    text = Text.of(base)
    inside = None if text is None else config_call(text)
    return text is None or inside is None or not _TURNED_OFF.search(text.value[slice(*inside)])


def dbt_project_of(base: Base) -> str | None:
    """The folder of the dbt project around a file, with its `/` (empty for the root); None where there is none."""
    parts = base.path.split("/")[:-1]
    there = base.tree.entries()
    for depth in range(len(parts), -1, -1):
        folder = "".join(f"{part}/" for part in parts[:depth])
        if f"{folder}dbt_project.yml" in there or f"{folder}dbt_project.yaml" in there:
            return folder
    return None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of dbt's `config(...)`: `span` is the whole item, `value` the span of what follows the `=`."""

    name: str
    span: Span
    value: Span


def config_call(text: Text) -> Span | None:
    """What stands between the parentheses of the file's `config(...)`."""
    found = _CONFIG.search(text.value)
    if found is None:
        return None
    end = closing_of(text.value, found.end() - 1)
    return None if end is None else (found.end(), end)


def config_arguments(text: Text) -> list[Argument]:
    """The arguments of the file's `config(...)`."""
    inside = config_call(text)
    found = []
    for start, end in [] if inside is None else split_by_commas(text.value, inside):
        named = re.compile(r"\s*(\w+)\s*=\s*").match(text.value, start)
        if named and named.end() < end:
            found.append(Argument(named.group(1), (named.start(1), end), (named.end(), end)))
    return found


def without_argument(text: Text, argument: Argument) -> Edit:
    return text.without_item(argument.span)


def closing_of(text: str, opening: int) -> int | None:
    """The offset of the bracket that closes the one at `opening`; quotes and SQL comments are stepped over."""
    stack: list[str] = []
    at = opening
    while at < len(text):
        char = text[at]
        if char in "'\"":
            closing = text.find(char, at + 1)
            if closing < 0:
                return None
            at = closing
        elif text.startswith("--", at):
            at = text.find("\n", at)
            if at < 0:
                return None
        elif char in _OPENING:
            stack.append(_OPENING[char])
        elif stack and char == stack[-1]:
            stack.pop()
            if not stack:
                return at
        at += 1
    return None


def split_by_commas(text: str, span: Span) -> list[Span]:
    """The parts of a list between its top-level commas, without the blanks around them."""
    parts, start, at = [], span[0], span[0]
    while at < span[1]:
        if text[at] in _OPENING:
            at = closing_of(text, at) or span[1]
        elif text[at] in "'\"":
            closing = text.find(text[at], at + 1)
            at = closing if closing > 0 else span[1]
        elif text.startswith("--", at):
            at = text.find("\n", at) if text.find("\n", at) > 0 else span[1]
        elif text[at] == ",":
            parts.append((start, at))
            start = at + 1
        at += 1
    parts.append((start, span[1]))
    trimmed = []
    for first, last in parts:
        inner = text[first:last]
        if inner.strip():
            left = first + len(inner) - len(inner.lstrip())
            trimmed.append((left, left + len(inner.strip())))
    return trimmed
