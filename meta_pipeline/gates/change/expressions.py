"""The source text that a value rests on: its expression, and what the names in it stand for."""

import ast
from collections.abc import Iterator

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.gates.change.reaching import home_of, module_of

_DEEPEST = 4
_MOST = 60


def resting_on(tree: Tree, path: str, line: int | None, keywords: tuple[str, ...]) -> str | None:
    """All that tells the value of the first of these arguments at a line; None where none is given there.

    Names are followed to the assignments, functions and classes of the module and of those that it imports from the
    tree. Equal texts on two sides of a change mean an equal value, but for what the machine that runs it adds.
    """
    value = _argument(module_of(text_of(tree, path) or ""), line, keywords)
    if value is None:
        return None
    told: dict[tuple[str, str], str] = {}
    _follow(tree, path, value, told, _DEEPEST)
    return "\n".join((ast.unparse(value), *(f"{name} = {text}" for (_, name), text in sorted(told.items()))))


def _argument(module: ast.Module, line: int | None, keywords: tuple[str, ...]) -> ast.expr | None:
    """The value of an argument of the innermost call or decorated definition around a line."""
    around = sorted(
        (node for node in ast.walk(module) if isinstance(node, ast.stmt) and _covers(node, line)),
        key=lambda node: -_first(node),
    )
    for statement in around[:1]:
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        parts = decorators or _heads(statement)
        calls = [call for part in parts for call in ast.walk(part) if isinstance(call, ast.Call)]
        for keyword in keywords:
            for call in calls:
                value = _given(module, call, keyword)
                if value is not None:
                    return value
    return None


def _given(module: ast.Module, call: ast.Call, keyword: str) -> ast.expr | None:
    """An argument of a call, its own, or one of the dictionary that it takes as `default_args` or by `**`."""
    own = next((given.value for given in call.keywords if given.arg == keyword), None)
    if own is not None:
        return own
    for given in call.keywords:
        if given.arg in (None, "default_args"):
            held: list[ast.AST] = [given.value]
            if isinstance(given.value, ast.Name):
                held = list(_bound(module, given.value.id))
            for one in held:
                if isinstance(one, ast.Dict):
                    for key, value in zip(one.keys, one.values, strict=True):
                        if isinstance(key, ast.Constant) and key.value == keyword:
                            return value
    return None


def _heads(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement itself, without the statements in it."""
    if isinstance(statement, ast.With | ast.AsyncWith):
        return [item.context_expr for item in statement.items]
    return [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.expr)]


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _covers(node: ast.stmt, line: int | None) -> bool:
    return line is not None and _first(node) <= line <= (node.end_lineno or node.lineno)


def _follow(tree: Tree, path: str, value: ast.AST, told: dict[tuple[str, str], str], depth: int) -> None:
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    for name in sorted(names):
        for home, definition in _definitions(tree, path, name):
            if (home, name) in told or len(told) >= _MOST:
                continue
            told[home, name] = ast.unparse(definition)
            if depth > 1:
                _follow(tree, home, definition, told, depth - 1)


def _definitions(tree: Tree, path: str, name: str) -> Iterator[tuple[str, ast.AST]]:
    """What a name stands for: in the module itself, else in the module of the tree that it is imported from."""
    module = module_of(text_of(tree, path) or "")
    own = list(_bound(module, name))
    yield from ((path, one) for one in own)
    if own:
        return
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    home = home_of(tree, path, node.module, node.level)
                    found = _bound(module_of(text_of(tree, home) or ""), alias.name) if home else ()
                    yield from ((home or path, one) for one in found)


def _bound(module: ast.Module, name: str) -> Iterator[ast.AST]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if node.name == name:
                yield node
        elif isinstance(node, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                yield node.value
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == name
            and node.value is not None
        ):
            yield node.value
