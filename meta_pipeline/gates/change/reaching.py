"""Which functions a function reaches through what it calls, as source tells it by names."""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

from meta_pipeline.delivery.tree import Tree, text_of

_MOST_VISITED = 300
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef


def function_at(tree: Tree, path: str | None, line: int | None) -> str | None:
    """The name of the function that is defined at a line of a file, its decorators included."""
    found = function_node(module_of(text_of(tree, path) or ""), line) if path and line else None
    return found.name if found else None


def reaches(tree: Tree, path: str, line: int | None, name: str, *, is_by_others: bool = False) -> bool:
    """Whether the function at a line names `name`, or names something that does, and so on.

    Names are followed to definitions of the same module, and to those that it imports from modules of the tree.
    With `is_by_others`, that the function names it itself does not count.
    """
    start = function_node(module_of(text_of(tree, path) or ""), line)
    left: list[tuple[str, _Definition]] = [(path, start)] if start else []
    seen: set[tuple[str, str]] = set()
    while left and len(seen) < _MOST_VISITED:
        where, definition = left.pop()
        for used in _used(definition):
            if used == name:
                if not (is_by_others and definition is start):
                    return True
                continue
            for home, found in _definitions(tree, where, used):
                if (home, used) not in seen:
                    seen.add((home, used))
                    left.append((home, found))
    return False


def defines(tree: Tree, path: str, name: str) -> bool:
    """Whether a name in a module of the tree stands for a function or class of it, or of one that it imports from."""
    return any(True for _ in _definitions(tree, path, name))


def is_broken(text: str | None, path: str) -> bool:
    """Whether a file that is there is Python and cannot be parsed."""
    if text is None or not path.endswith(".py"):
        return False
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return True
    return False


@lru_cache(maxsize=256)
def module_of(text: str) -> ast.Module:
    """The module; an empty one where it cannot be parsed. It is not to be changed."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def function_node(module: ast.Module, line: int | None) -> _Function | None:
    """The innermost function around a line; None where there is none."""
    around = [
        node
        for node in _functions(module)
        if line is not None
        and min([node.lineno, *(one.lineno for one in node.decorator_list)])
        <= line
        <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


@lru_cache(maxsize=256)
def _functions(module: ast.Module) -> tuple[_Function, ...]:
    return tuple(node for node in ast.walk(module) if isinstance(node, _Function))


@lru_cache(maxsize=256)
def _imports(module: ast.Module) -> tuple[ast.ImportFrom, ...]:
    return tuple(node for node in ast.walk(module) if isinstance(node, ast.ImportFrom))


def statement_at(module: ast.Module, line: int) -> ast.stmt | None:
    """The innermost statement around a line, decorators included; None where there is none."""
    around = [
        (first, node)
        for node in ast.walk(module)
        if isinstance(node, ast.stmt)
        and (first := min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]))
        <= line
        and line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda one: one[0], default=(0, None))[1]


def _used(definition: _Definition) -> Iterator[str]:
    """The names in a body, each once, in the order of the source; decorators and annotations call nothing."""
    found: dict[str, None] = {}
    for statement in definition.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                found.setdefault(node.id)
            elif isinstance(node, ast.Attribute):
                found.setdefault(node.attr)
    yield from found


def _definitions(tree: Tree, path: str, name: str) -> Iterator[tuple[str, _Definition]]:
    module = module_of(text_of(tree, path) or "")
    own = _defined(module).get(name)
    if own is not None:
        yield path, own
        return
    for node in _imports(module):
        for alias in node.names:
            if (alias.asname or alias.name) == name and (
                home := home_of(tree, path, node.module, node.level)
            ):
                found = _defined(module_of(text_of(tree, home) or "")).get(alias.name)
                if found is not None:
                    yield home, found


@lru_cache(maxsize=256)
def _defined(module: ast.Module) -> Mapping[str, _Definition]:
    """The functions and classes of a module, methods too, by name; the first of one name."""
    found: dict[str, _Definition] = {}
    for node in ast.walk(module):
        if isinstance(node, _Definition):
            found.setdefault(node.name, node)
    return found


def home_of(tree: Tree, path: str, module: str | None, level: int) -> str | None:
    """The file of an imported module: the one of that name that lies nearest to the file that imports it."""
    parts = (module or "").split(".") if module else []
    entries = tree.entries()
    folders = path.split("/")[:-1]
    if level:
        folders = folders[: len(folders) - (level - 1)]
        roots = [folders]
    else:
        roots = [folders[:count] for count in range(len(folders), -1, -1)]
    for root in roots:
        stem = "/".join((*root, *parts))
        for candidate in (f"{stem}.py", f"{stem}/__init__.py"):
            if candidate in entries:
                return candidate
    return None
