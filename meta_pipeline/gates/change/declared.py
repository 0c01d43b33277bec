"""Arguments that a declaration in Python source had before a change, and has no longer or otherwise."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange

_NAMING = ("task_id", "dag_id", "name", "key")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Setting:
    """An argument of one declaration on both sides, as source text; None where it is not given.

    `of` is what is declared: the decorated function, or the id that a call gives. `by` is what declares it, such as
    `flow`, `asset_check`, `PythonOperator`, or the name of a dictionary of default arguments.
    """

    of: str
    by: str
    keyword: str
    before: str | None
    after: str | None
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class _Declaration:
    line: int
    arguments: Mapping[str, str]
    lines: Mapping[str, int]
    """Where each argument stands."""


_Declared = dict[tuple[str, str], _Declaration]


def settings_apart(
    change: Change, keywords: frozenset[str], callees: frozenset[str] | None = None
) -> Iterator[Setting]:
    """The watched keywords of declarations that are on both sides and whose text differs; `callees` limits them."""
    for file in change.files:
        if not file.path.endswith(".py") or file.new is None or file.is_binary:
            continue
        old = file.old if file.old is not None else _moved(change, file)
        if old is None or not any(word.encode() in side for side in (old, file.new) for word in keywords):
            continue
        before, after = _declared(old, keywords), _declared(file.new, keywords)
        for (by, of), declaration in before.items():
            there = after.get((by, of))
            if there is None or (callees is not None and by not in callees):
                continue
            for keyword in sorted(declaration.arguments.keys() | there.arguments.keys()):
                text, now = declaration.arguments.get(keyword), there.arguments.get(keyword)
                if now != text:
                    line = there.lines.get(keyword, there.line)
                    yield Setting(of, by, keyword, text, now, file.path, line)


def _moved(change: Change, file: FileChange) -> bytes | None:
    """What a new file held under another path, where one of its name is gone."""
    name = PurePosixPath(file.path).name
    gone = (
        one.old for one in change.files if one.status == "deleted" and PurePosixPath(one.path).name == name
    )
    return next(gone, None)


def _declared(source: bytes, keywords: frozenset[str]) -> _Declared:
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: _Declared = {}
    for node in ast.walk(module):
        if isinstance(node, _Function | ast.ClassDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                given = decorator.keywords if isinstance(decorator, ast.Call) else []
                found.setdefault((_tail(called), node.name), _declaration(node, _given(given, keywords)))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if isinstance(value, ast.Dict):
                found.setdefault((name, name), _declaration(node, _entries(value, keywords)))
            elif isinstance(value, ast.Call):
                found.setdefault(
                    (_tail(value.func), _named(value) or name),
                    _declaration(value, _given(value.keywords, keywords)),
                )
        elif isinstance(node, ast.Call) and (named := _named(node)):
            found.setdefault((_tail(node.func), named), _declaration(node, _given(node.keywords, keywords)))
    return found


def _declaration(node: ast.stmt | ast.expr, given: Mapping[str, ast.expr]) -> _Declaration:
    return _Declaration(
        node.lineno,
        {name: ast.unparse(value) for name, value in given.items()},
        {name: value.lineno for name, value in given.items()},
    )


def _given(arguments: list[ast.keyword], keywords: frozenset[str]) -> dict[str, ast.expr]:
    """The watched arguments; those in a literal `default_args` count as the call's own."""
    found: dict[str, ast.expr] = {}
    for one in arguments:
        if one.arg == "default_args" and isinstance(one.value, ast.Dict):
            found |= _entries(one.value, keywords)
        elif one.arg in keywords:
            found[one.arg] = one.value
    return found


def _entries(mapping: ast.Dict, keywords: frozenset[str]) -> dict[str, ast.expr]:
    return {
        key.value: value
        for key, value in zip(mapping.keys, mapping.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in keywords
    }


def _named(call: ast.Call) -> str | None:
    """The id that a call gives to what it makes, or the name of what it is about."""
    for one in [*(one.value for one in call.keywords if one.arg in _NAMING), *call.args[:1]]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            return one.value
        if isinstance(one, ast.Name):
            return one.id
    return None


def _tail(called: ast.expr) -> str:
    """The last name of what is called: `task` of `airflow.decorators.task`, and `task` of `task.virtualenv`."""
    if isinstance(called, ast.Attribute):
        inner = called.value
        if isinstance(inner, ast.Name) and inner.id in ("task", "dag"):
            return inner.id
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


@dataclass(frozen=True, slots=True)
class Gone:
    """A declaration of base that no changed file holds any more, with its place at base."""

    of: str
    path: str
    line: int


def declarations_gone(change: Change, callees: frozenset[str]) -> Iterator[Gone]:
    """What these callees declared in files that the change touches, and declare no more."""
    files = [file for file in change.files if file.path.endswith(".py") and not file.is_binary]
    if not any(name.encode() in (file.old or b"") for file in files for name in callees):
        return
    kept = {of for file in files for by, of in _declared(file.new or b"", frozenset()) if by in callees}
    for file in files:
        for (by, of), declaration in _declared(file.old or b"", frozenset()).items():
            if by in callees and of not in kept:
                yield Gone(of, file.path, declaration.line)
