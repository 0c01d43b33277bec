"""Parts of a pipeline that are gone: whole files, DAGs, tasks, edges, assets, flows, models."""

import ast
import posixpath
import random
import re
from collections.abc import Iterator
from itertools import pairwise

from meta_pipeline.lab.editing import Change, Edit, Span, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file, pipeline_calls
from meta_pipeline.lab.python_source import (
    Function,
    PythonSource,
    keyword_of,
    python_of,
    text_value,
    walk_statements,
)
from meta_pipeline.lab.repository import ANY, PYTHON, mentions
from meta_pipeline.lab.sql_source import config_call, is_dbt_model
from meta_pipeline.lab.yaml_source import yaml_of


class PipelineDeleted(Mutator):
    """A file that defines a DAG, an asset, a flow or a model is deleted.

    What it made is no longer made, and the history of its runs leaves the user interface.
    """

    id = "pipeline-deleted"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        defines = is_dbt_model(base) or (source is not None and _defines(source, base))
        text = Text.of(base)
        if not defines or text is None or not text.value.strip():
            return
        places = (Place(base.path, 1, text.count, "base"), *_users(base))
        yield Mutation({base.path: None}, places, f"deletes {base.path}")


def _defines(source: PythonSource, base: Base) -> bool:
    if not is_pipeline_file(source, base.scheduler):
        return False
    if base.scheduler == "airflow":
        return any(kind == "pipeline" for _, kind in pipeline_calls(source, "airflow"))
    names = {"dagster": ("dagster:asset", "dagster:job", "dagster:multi_asset"), "prefect": ("prefect:flow",)}
    return any(decorated_by(source, *names.get(base.scheduler, ())))


def _users(base: Base) -> list[Place]:
    """Where other files name the deleted one."""
    stem = posixpath.splitext(posixpath.basename(base.path))[0]
    ends = (".sql", ".yml", ".yaml") if base.path.endswith(".sql") else (".py", ".yml", ".yaml")
    return [Place(path, line, line) for path, line in mentions(base, stem, ends=ends)[:20]]


class TaskRemoved(Mutator):
    """A task is taken out of a DAG with its edges, a step of a flow with its call, an asset out of its module.

    What it did is no longer done, and what came after it runs on old data.
    """

    id = "task-removed"
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
        heads = _dag_heads(source)
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
            edits = [_without_use(source, use) for use in uses]
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


def _dag_heads(source: PythonSource) -> list[Span]:
    return [source.span(call) for call, kind in pipeline_calls(source, "airflow") if kind == "pipeline"]


def _without_use(source: PythonSource, use: ast.Name) -> Edit | None:
    """The edit that takes a task out of the chain that names it; None where its use is something else."""
    statement = source.statement_of(use)
    if not isinstance(statement, ast.Expr):
        return None
    if isinstance(statement.value, ast.Call) and isinstance(statement.value.func, ast.Attribute):
        if statement.value.func.attr in {"set_upstream", "set_downstream"}:
            return source.text.without_lines(source.span(statement))
        return None
    parts = _chain(statement.value)
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


def _chain(node: ast.expr) -> list[ast.expr] | None:
    """The links of `a >> b >> c` in their order; None where it is no such chain."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.RShift | ast.LShift):
        return None
    if any(
        isinstance(part, ast.Call) and "Label" in ast.unparse(part.func) for part in (node.left, node.right)
    ):
        return None
    left = _chain(node.left)
    if left is None and isinstance(node.left, ast.BinOp):
        return None
    return [*(left if left is not None else [node.left]), node.right]


def _start(source: PythonSource, node: ast.expr) -> int:
    return source.span(node)[0]


def _end(source: PythonSource, node: ast.expr) -> int:
    return source.span(node)[1]


class EdgeDropped(Mutator):
    """A dependency between two tasks, assets or flows' steps is taken out; both stay.

    The later one now starts at once, and reads what the earlier one has not written yet.
    """

    id = "edge-dropped"
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
            if not isinstance(node, ast.Expr) or (parts := _chain(node.value)) is None:
                continue
            text = source.text
            near = [source.span(part) for part in parts[:1]]
            body = getattr(source.parents[node], "body", [])
            if len(parts) == 2 and len(body) > 1 and not _is_implied(source, node, parts):
                written = source.source(node)
                ends = _assignments(source, parts)
                yield Change(text, [text.without_lines(source.span(node))], [*ends, *_heads(source)]).fault(
                    f"takes the edge {' '.join(written.split())} out"
                )
            elif len(parts) > 2 and "\n" not in source.source(node):
                last, before = parts[-1], parts[-2]
                edit = Edit(source.span(before)[1], source.span(last)[1], "")
                yield Change(
                    text, [edit], [*near, *_assignments(source, [before, last]), *_heads(source)]
                ).fault(f"takes the edge to {source.source(last)} out")


def _is_implied(source: PythonSource, node: ast.Expr, parts: list[ast.expr]) -> bool:
    """Whether other chains of the file order the two as well."""
    after: dict[str, set[str]] = {}
    for other in source.nodes:
        chain = _chain(other.value) if isinstance(other, ast.Expr) and other is not node else None
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


def _heads(source: PythonSource) -> list[Span]:
    return [(span[0], source.text.end_of_line(span[0])) for span in _dag_heads(source)]


def _assignments(source: PythonSource, parts: list[ast.expr]) -> list[Span]:
    """The first lines of the tasks that a chain names: there a reader of the DAG would point."""
    names = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
    return [
        (source.span(node)[0], source.text.end_of_line(source.span(node)[0]))
        for node in source.nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in names
    ]


def _functions_under(source: PythonSource, call: ast.Call) -> list[Span]:
    parent = source.parents.get(call)
    return [source.signature_line(parent)] if isinstance(parent, Function) else []


class DefinitionUnlisted(Mutator):
    """A job, a schedule, a check, a deployment or a model is unlisted or turned off.

    Its code is still there, but nothing runs it any more, and no error says so.
    """

    id = "definition-unlisted"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None and base.scheduler == "dagster":
            for call in source.calls:
                if not (source.name(call.func) or "").endswith("Definitions"):
                    continue
                for keyword in call.keywords:
                    if keyword.arg not in {"jobs", "schedules", "sensors", "asset_checks", "assets"}:
                        continue
                    # A job that a schedule or sensor of the list runs is found through it.
                    others = keyword_of(call, "schedules") or keyword_of(call, "sensors")
                    if keyword.arg == "jobs" and others is not None:
                        continue
                    items = keyword.value.elts if isinstance(keyword.value, ast.List) else []
                    for item in items:
                        edit = source.text.without_item(source.span(item))
                        yield Change(source.text, [edit], [source.span(keyword)]).fault(
                            f"takes {source.source(item)} out of the {keyword.arg} that are defined"
                        )
            yield from _stopped(source)
        if is_dbt_model(base):
            yield from _disabled(base)
        document = yaml_of(base)
        if document is None or base.scheduler != "prefect":
            return
        for found in document.items():
            if found.path == ("deployments",) and len(found.parent.value) > 1:
                whole = document.text.without_lines(found.span)
                first = document.around(found)
                near = [] if first is None else [(first.span[0], document.text.end_of_line(first.span[0]))]
                yield Change(document.text, [whole], near).fault("takes a deployment out")
            elif found.path == ("deployments", "schedules"):
                edit = document.without(found)
                yield Change(document.text, [edit], document.near(found)).fault(
                    "takes a deployment's schedule out"
                )


def _stopped(source: PythonSource) -> Iterator[Mutation]:
    """A schedule or sensor that ran from its deployment on, and now has to be started by hand."""
    for call in source.calls:
        status = keyword_of(call, "default_status")
        if status is not None and source.source(status.value).endswith(".RUNNING"):
            end = source.span(status.value)[1]
            edit = Edit(end - len("RUNNING"), end, "STOPPED")
            yield Change(source.text, [edit], [source.span(call)]).fault("no longer starts by itself")


def _disabled(base: Base) -> Iterator[Mutation]:
    """A model that others read, turned off."""
    text = Text.of(base)
    name = posixpath.splitext(posixpath.basename(base.path))[0]
    readers = [Place(path, line, line) for path, line in mentions(base, name, ends=(".sql",))]
    if text is None or not readers:
        return
    inside = config_call(text)
    if inside is None:
        edit = Edit(0, 0, "{{ config(enabled=false) }}\n\n")
    elif "enabled" in text.value[slice(*inside)]:
        return
    else:
        edit = Edit(
            inside[0], inside[0], "enabled=false, " if text.value[slice(*inside)].strip() else "enabled=false"
        )
    yield Change(text, [edit], places=readers[:20]).fault(f"turns {name} off, which others read")
