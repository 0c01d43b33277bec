"""Airflow's chains of tasks, `a >> b >> [c, d]`, by position."""

import ast
from itertools import pairwise

from meta_pipeline.lab.editing import Edit, Span
from meta_pipeline.lab.pipeline_source import pipeline_calls
from meta_pipeline.lab.python_source import (
    PythonSource,
)


def dag_calls(source: PythonSource) -> list[Span]:
    return [source.span(call) for call, kind in pipeline_calls(source, "airflow") if kind == "pipeline"]


def without_use(source: PythonSource, use: ast.Name) -> Edit | None:
    """The edit that takes a task out of the chain that names it; None where its use is something else."""
    statement = source.statement_of(use)
    if not isinstance(statement, ast.Expr):
        return None
    if isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute):
        if statement.value.func.attr in {"set_upstream", "set_downstream"}:
            return source.text.without_lines(source.span(statement))
        return None
    parts = links(statement.value)
    if parts is None or "\n" in source.source(statement):
        return None
    if use in parts:
        if len(parts) == 2:
            return source.text.without_lines(source.span(statement))
        at = parts.index(use)
        if at == 0:
            return Edit(source.span(use)[0], _start(source, parts[1]), "")
        return Edit(_end(source, parts[at - 1]), source.span(use)[1], "")
    around = source.parents.get(use)
    if isinstance(around, ast.List | ast.Tuple) and len(around.elts) > 1 and around in parts:
        return source.text.without_item(source.span(use))
    return None


def links(node: ast.expr) -> list[ast.expr] | None:
    """The links of `a >> b >> c` in their order; None where it is no such chain."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.RShift | ast.LShift):
        return None
    if any(
        isinstance(part, ast.Call) and "Label" in ast.unparse(part.func) for part in (node.left, node.right)
    ):
        return None
    left = links(node.left)
    if left is None and isinstance(node.left, ast.BinOp):
        return None
    return [*(left if left is not None else [node.left]), node.right]


def _start(source: PythonSource, node: ast.expr) -> int:
    return source.span(node)[0]


def _end(source: PythonSource, node: ast.expr) -> int:
    return source.span(node)[1]


def is_implied(source: PythonSource, node: ast.Expr, parts: list[ast.expr]) -> bool:
    """Whether other chains of the file order the two as well."""
    after: dict[str, set[str]] = {}
    for other in source.nodes:
        chain = links(other.value) if isinstance(other, ast.Expr) and other is not node else None
        for before, behind in pairwise(chain or []):
            for name in _names(before):
                after.setdefault(name, set()).update(_names(behind))
    reached: set[str] = set()
    pending = list(_names(parts[0]))
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += after.get(name, ())
    return bool(_names(parts[1]) & (reached - _names(parts[0])))


def _names(node: ast.expr) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def heads_of_dags(source: PythonSource) -> list[Span]:
    return [(span[0], source.text.end_of_line(span[0])) for span in dag_calls(source)]


def assignments(source: PythonSource, parts: list[ast.expr]) -> list[Span]:
    """The first lines of the tasks that a chain names: there a reader of the DAG would point."""
    names = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
    return [
        (source.span(node)[0], source.text.end_of_line(source.span(node)[0]))
        for node in source.nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in names
    ]
