"""The names that a module of Python has at its top level, read from its text alone."""

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True)
class ModuleNames:
    """`names` with the line of each; `stars` are the modules of which all is imported, as (level, module).

    `is_open` where the module may have names that its text does not tell: it answers `__getattr__`, or fills its
    own globals.
    """

    names: Mapping[str, int] = field(default_factory=dict)
    stars: tuple[tuple[int, str], ...] = ()
    is_open: bool = False


@lru_cache(maxsize=512)
def parsed_or_none(data: bytes) -> ast.Module | None:
    """The syntax tree; None for what cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=512)
def module_names(data: bytes) -> ModuleNames:
    """What a module binds; of one that cannot be parsed anything may be there."""
    module = parsed_or_none(data)
    if module is None:
        return ModuleNames(is_open=True)
    names: dict[str, int] = {}
    stars: list[tuple[int, str]] = []
    for statement in top_level(module.body):
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            stars.append((statement.level, statement.module or ""))
        for name in bound_by(statement):
            names.setdefault(name, statement.lineno)
    for node in ast.walk(module):
        if isinstance(node, ast.Global):
            for name in node.names:
                names.setdefault(name, node.lineno)
    is_open = (
        "__getattr__" in names
        or any(mark in data for mark in (b"globals()", b"vars()", b"locals()", b"sys.modules[", b"exec("))
        or (b"setattr(" in data and b"sys.modules" in data)
    )
    return ModuleNames(names, tuple(stars), is_open)


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs when the module is imported, in whatever branch it stands."""
    waiting = list(body)
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                waiting.append(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                waiting += child.body


def bound_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement itself binds, without those of the statements in it."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
        return
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt | ast.ExceptHandler):
            continue
        for node in ast.walk(child):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                yield node.name
