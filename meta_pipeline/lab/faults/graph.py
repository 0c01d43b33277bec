"""Parts of the graph that are gone: tasks, steps and assets, and the edges between them."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.chains import assignments, dag_calls, heads_of_dags, is_implied, links, without_use
from meta_pipeline.lab.editing import Change, Edit, Span
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file
from meta_pipeline.lab.python_source import (
    Function,
    PythonSource,
    keyword_of,
    python_of,
    text_value,
    walk_statements,
)
from meta_pipeline.lab.repository import PYTHON, mentions


class TaskRemoved(Mutator):
    """A task is taken out of a DAG with its edges, a step of a flow with its call, an asset out of its module.

    What it did is no longer done, and what came after it runs on old data.
    """

    id = "task-removed"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            yield from self._operators(source)
        if base.scheduler in {"airflow", "prefect"}:
            yield from self._calls_in_flows(source, base)
        if base.scheduler == "dagster":
            yield from self._assets(source, base)

    def _operators(self, source: PythonSource) -> Iterator[Mutation]:
        heads = dag_calls(source)
        for node in source.nodes:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            target = node.targets[0]
            if not isinstance(target, ast.Name) or not keyword_of(node.value, "task_id"):
                continue
            uses = [
                use
                for use in source.nodes
                if isinstance(use, ast.Name) and use.id == target.id and use is not target
            ]
            edits = [without_use(source, use) for use in uses]
            siblings = getattr(source.parents[node], "body", [])
            if not edits or any(edit is None for edit in edits) or len(siblings) - len(set(edits)) < 2:
                continue
            lines = [edit for edit in dict.fromkeys(edits) if edit is not None]
            if len({edit.start for edit in lines}) != len(lines):
                continue
            change = Change(source.text, [source.text.without_lines(source.span(node)), *lines], heads)
            yield change.fault(
                f"takes the task `{text_value(getattr(keyword_of(node.value, 'task_id'), 'value', None))}` out"
            )

    def _calls_in_flows(self, source: PythonSource, base: Base) -> Iterator[Mutation]:
        flows = decorated_by(source, "prefect:flow", "airflow:dag")
        tasks = {
            found.function.name
            for found in decorated_by(source, "prefect:task", "prefect:flow", "airflow:task")
        }
        tasks |= {name for name, full in source.imported.items() if _is_of_repository(base, full)}
        for found in flows:
            near = [source.signature_line(found.function), source.span(found.decorator)]
            for statement in walk_statements(found.function.body):
                if not isinstance(statement, ast.Expr | ast.Return) or not isinstance(
                    statement.value, ast.Call
                ):
                    continue
                called = ast.unparse(statement.value.func).split(".")[0]
                siblings = getattr(source.parents[statement], "body", [])
                if called not in tasks:
                    continue
                inner = statement.value.args[0] if statement.value.args else None
                if isinstance(inner, ast.Call) and ast.unparse(inner.func).split(".")[0] in tasks:
                    edit = Edit(*source.span(statement.value), source.source(inner))
                    yield Change(source.text, [edit], near).fault(f"no longer calls `{called}`")
                elif isinstance(statement, ast.Expr) and len(siblings) > 1 and statement in siblings:
                    edit = source.text.without_lines(source.span(statement))
                    yield Change(source.text, [edit], near).fault(f"no longer calls `{called}`")

    def _assets(self, source: PythonSource, base: Base) -> Iterator[Mutation]:
        found = list(decorated_by(source, "dagster:asset"))
        for asset in found:
            name = asset.function.name
            if len(found) < 2 or len(re.findall(rf"\b{name}\b", source.text.value)) > 1:
                continue
            users = [Place(path, line, line) for path, line in mentions(base, name, ends=(".py",))]
            edit = source.text.without_lines(source.statement(asset.function))
            yield Change(source.text, [edit], places=users).fault(f"takes the asset `{name}` out")


def _is_of_repository(base: Base, full: str) -> bool:
    """Whether an imported name's top module is a folder or file of the repository."""
    top = full.split(".", maxsplit=1)[0]
    return any(part in {top, f"{top}.py"} for path in base.tree.entries() for part in path.split("/"))


class EdgeDropped(Mutator):
    """A dependency between two tasks, assets or flows' steps is taken out; both stay.

    The later one now starts at once, and reads what the earlier one has not written yet.
    """

    id = "edge-dropped"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            yield from self._chains(source)
        for call in source.calls:
            for name in ("deps", "wait_for", "ins", "upstream_tasks"):
                keyword = keyword_of(call, name)
                near = [source.span(call), *_functions_under(source, call)]
                if (
                    keyword is None
                    or not isinstance(keyword.value, ast.List | ast.Dict)
                    or base.scheduler == "airflow"
                ):
                    continue
                items = keyword.value.elts if isinstance(keyword.value, ast.List) else []
                if len(items) > 1:
                    for item in items:
                        edit = source.text.without_item(source.span(item))
                        yield Change(source.text, [edit], near).fault(
                            f"takes {source.source(item)} out of `{name}`"
                        )
                elif items and name != "ins":
                    edit = source.text.without_item(source.span(keyword))
                    yield Change(source.text, [edit], near).fault(f"takes `{name}` out")

    def _chains(self, source: PythonSource) -> Iterator[Mutation]:
        for node in source.nodes:
            if not isinstance(node, ast.Expr) or (parts := links(node.value)) is None:
                continue
            text = source.text
            near = [source.span(part) for part in parts[:1]]
            body = getattr(source.parents[node], "body", [])
            if len(parts) == 2 and len(body) > 1 and not is_implied(source, node, parts):
                written = source.source(node)
                ends = assignments(source, parts)
                yield Change(
                    text, [text.without_lines(source.span(node))], [*ends, *heads_of_dags(source)]
                ).fault(f"takes the edge {' '.join(written.split())} out")
            elif len(parts) > 2 and "\n" not in source.source(node):
                last, before = parts[-1], parts[-2]
                edit = Edit(source.span(before)[1], source.span(last)[1], "")
                yield Change(
                    text, [edit], [*near, *assignments(source, [before, last]), *heads_of_dags(source)]
                ).fault(f"takes the edge to {source.source(last)} out")


def _functions_under(source: PythonSource, call: ast.Call) -> list[Span]:
    parent = source.parents.get(call)
    return [source.signature_line(parent)] if isinstance(parent, Function) else []
