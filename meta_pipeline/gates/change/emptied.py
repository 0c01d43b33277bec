"""Functions that did something and now do nothing: their callers, the scheduler among them, take them for done."""

import ast
from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.change.handwork import is_work
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.change.reaching import module_of
from meta_pipeline.gates.weighing import Weighed, weighed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_IDLE = frozenset({"pass", "...", "return", "return None"})


def functions_emptied(change: Change) -> Iterator[Weighed]:
    """The functions of modules of which nothing is left but `pass`, `return` or a docstring."""
    for file in change.files:
        if file.status != "modified" or not file.path.endswith(".py") or file.is_binary:
            continue
        if is_apart(file.path) or not is_work(file.path):
            continue
        before, after = _functions(file.old), _functions(file.new)
        for name, function in after.items():
            then = before.get(name)
            if then is not None and _does_nothing(function) and _calls(then):
                yield weighed(
                    "needs_approval",
                    f"{name} does nothing any more: of what it did, only its name is left, and whoever calls it takes "
                    "it for done",
                    "restore what it did, or have a person confirm that it may go and remove its calls as well",
                    path=file.path,
                    line=function.lineno,
                )


def _functions(source: bytes | None) -> Mapping[str, _Function]:
    """The functions of a module itself; a method may be empty so that a class below fills it."""
    module = module_of((source or b"").decode("utf-8", errors="replace"))
    return {node.name: node for node in module.body if isinstance(node, _Function)}


def _does_nothing(function: _Function) -> bool:
    return all(
        ast.unparse(one) in _IDLE or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def _calls(function: _Function) -> bool:
    return any(isinstance(node, ast.Call) for statement in function.body for node in ast.walk(statement))
