"""What a module runs when it is imported: its own statements, and the functions of its own that these call."""

import ast
from collections.abc import Iterator, Mapping

from meta_pipeline.gates.python.reading import full_name, last_part

_RUN_WHEN_CALLED = frozenset(
    {"dag", "job", "graph", "task_group", "cache", "lru_cache", "contextmanager", "wraps", "staticmethod"}
)
"""Decorators under which a call runs the body there and then; any other may put it off to a run."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def calls_at_import(module: ast.Module, names: Mapping[str, str]) -> Iterator[ast.Call]:
    """Every call that importing the module makes, once each, as far as the module itself tells.

    Bodies of functions count where the module calls them at its own level, and so do decorators and the defaults of
    arguments; lambdas, `if __name__ == "__main__"` and `if TYPE_CHECKING` do not.
    """
    functions = {
        node.name: node
        for node in module.body
        if isinstance(node, _Function) and _runs_when_called(node, names)
    }
    entered: set[str] = set()
    waiting: list[ast.AST] = list(module.body)
    while waiting:
        for call in _calls(waiting.pop(0)):
            yield call
            function = functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
            if function is not None and function.name not in entered:
                entered.add(function.name)
                waiting += function.body


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.Lambda) or _is_kept_from_import(node):
        return
    parts: list[ast.AST]
    if isinstance(node, _Function):
        parts = [
            *node.decorator_list,
            *node.args.defaults,
            *(d for d in node.args.kw_defaults if d is not None),
        ]
    else:
        parts = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Call):
        yield node
    for part in parts:
        yield from _calls(part)


def _is_kept_from_import(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    tested = ast.unparse(node.test)
    return "__name__" in tested or tested.endswith("TYPE_CHECKING")


def _runs_when_called(function: _Function, names: Mapping[str, str]) -> bool:
    return isinstance(function, ast.FunctionDef) and all(
        last_part(full_name(d.func if isinstance(d, ast.Call) else d, names)) in _RUN_WHEN_CALLED
        for d in function.decorator_list
    )
