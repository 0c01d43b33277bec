"""Statements of order in Airflow's files whose ends source cannot follow, such as a task that a package makes."""

import ast
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.delivery.tree import FileChange, Tree
from meta_pipeline.gates.change.reaching import home_of, module_of
from meta_pipeline.gates.python.reading import full_name, last_part
from meta_pipeline.gates.weighing import Weighed, weighed

_ORDERING = frozenset({"set_upstream", "set_downstream", "chain", "chain_linear", "cross_downstream"})


class _End(NamedTuple):
    """What an order ends in: the call that makes it, the statement of the order, and its line."""

    made_by: str
    statement: str
    line: int


def unread_order_lost(change: Change) -> Iterator[Weighed]:
    """Each order with something that code outside the repository makes, which is gone and has no successor.

    The topology knows no such task, so that nothing else sees it go.
    """
    for file in change.files:
        if not file.path.endswith(".py") or file.old is None or file.new is None or is_test(file.path):
            continue
        if b"airflow" not in file.old or not any(_may_order(line.text) for line in file.removed):
            continue
        before = _ends(change.base, file, file.old)
        after = Counter(end.made_by for end in _ends(change.head, file, file.new))
        known = Counter(end.made_by for end in before)
        if after - known:
            continue  # another of its kind takes over
        told: set[str] = set()
        for end in before:
            if known[end.made_by] > after[end.made_by] and end.made_by not in told:
                told.add(end.made_by)
                yield weighed(
                    "needs_approval",
                    f"'{end.statement}' is taken out, and source does not tell what {end.made_by} makes: a task that "
                    "came before or after may be gone, or no longer waits",
                    "restore the order, or have a person confirm that it may go",
                    path=file.path,
                    line=end.line,
                )


def _may_order(line: str) -> bool:
    return ">>" in line or "<<" in line or any(word in line for word in _ORDERING)


def _ends(tree: Tree, file: FileChange, source: bytes) -> list[_End]:
    module = module_of(source.decode(errors="replace"))
    foreign = frozenset(
        (alias.asname or alias.name)
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        and not (node.module or "").startswith("airflow.")
        and node.module != "airflow"
        and home_of(tree, file.path, node.module, node.level) is None
        for alias in node.names
    )
    made = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: list[_End] = []
    for statement in ast.walk(module) if foreign else ():
        if not isinstance(statement, ast.Expr) or not _is_order(statement.value):
            continue
        for part in _operands(statement.value):
            call = made.get(part.id) if isinstance(part, ast.Name) else part
            if isinstance(call, ast.Call) and _is_foreign(call, foreign):
                found.append(_End(ast.unparse(call), ast.unparse(statement), statement.lineno))
    return found


def _is_order(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.RShift | ast.LShift)
    return isinstance(value, ast.Call) and _called(value) in _ORDERING


def _called(call: ast.Call) -> str:
    return last_part(full_name(call.func, {}))


def _is_foreign(call: ast.Call, foreign: frozenset[str]) -> bool:
    """Whether code of elsewhere makes it; an operator tells by its `task_id` what it is."""
    first = call.func
    while isinstance(first, ast.Attribute):
        first = first.value
    is_operator = any(one.arg == "task_id" for one in call.keywords)
    return isinstance(first, ast.Name) and first.id in foreign and not is_operator


def _operands(value: ast.expr) -> Iterator[ast.expr]:
    """What an order is between: the links of a chain, each item of a list of them, and the arguments of a call."""
    match value:
        case ast.BinOp(left=left, right=right):
            yield from _operands(left)
            yield from _operands(right)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                yield from _operands(item)
        case ast.Call() if _called(value) in _ORDERING:
            for one in value.args:
                yield from _operands(one)
        case _:
            yield value
