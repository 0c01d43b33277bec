"""Where a Python file defines pipelines: DAGs, tasks, assets, flows, and the settings that they are given."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.editing import Span
from meta_pipeline.lab.python_source import (
    Decorated,
    Function,
    PythonSource,
    entry_span,
    keyword_of,
    text_value,
)

# Methods of Prefect's flows and tasks that take settings.
_PREFECT_METHODS = frozenset({"deploy", "serve", "to_deployment", "with_options"})
_AIRFLOW_DAG = re.compile(r"^airflow(\..*)?\.(DAG|dag)$")
_AIRFLOW_TASK = re.compile(r"^airflow(\..*)?\.(task|task\.\w+|sensor)$")


@dataclass(frozen=True, slots=True)
class Setting:
    """One keyword argument or dict entry that configures a pipeline. `span` is the whole item.

    `near` are the lines that a reviewer would point at as well: the call it stands in, the function it decorates.
    """

    name: str
    value: ast.expr
    span: Span
    scope: Literal["pipeline", "task", "defaults"]
    near: tuple[Span, ...]
    owner: ast.Call | ast.Dict


def is_pipeline_file(source: PythonSource, scheduler: SchedulerKind) -> bool:
    """Whether a file imports its scheduler."""
    roots = {
        "airflow": ("airflow", "cosmos"),
        "dagster": ("dagster",),
        "prefect": ("prefect",),
        "dbt": ("dagster_dbt", "dbt", "cosmos"),
    }[scheduler]
    return any(full.split(".")[0].startswith(roots) for full in source.imported.values())


def pipeline_calls(source: PythonSource, scheduler: SchedulerKind) -> Iterator[tuple[ast.Call, str]]:
    """The calls that define something for the scheduler, with whether it is a `pipeline` or a `task`."""
    for call in source.calls:
        name = source.name(call.func) or ""
        if scheduler == "airflow":
            if _AIRFLOW_DAG.match(name):
                yield call, "pipeline"
            elif keyword_of(call, "task_id") or _AIRFLOW_TASK.match(name):
                yield call, "task"
        elif scheduler == "dagster":
            if name.split(".")[0].startswith("dagster"):
                yield call, "pipeline" if _is_dagster_pipeline(name) else "task"
        elif scheduler == "prefect":
            if name.startswith("prefect."):
                yield call, "pipeline" if name.endswith(".flow") else "task"
            elif isinstance(call.func, ast.Attribute) and call.func.attr in _PREFECT_METHODS:
                yield call, "pipeline"


def _is_dagster_pipeline(name: str) -> bool:
    return name.rsplit(".", 1)[-1] in {"job", "define_asset_job", "schedule", "ScheduleDefinition", "sensor"}


def settings(source: PythonSource, scheduler: SchedulerKind, *names: str) -> Iterator[Setting]:
    """Every setting of one of the names; a `**` argument is not looked into."""
    if not is_pipeline_file(source, scheduler):
        return
    for call, kind in pipeline_calls(source, scheduler):
        for keyword in call.keywords:
            if keyword.arg in names:
                scope: Literal["pipeline", "task"] = "pipeline" if kind == "pipeline" else "task"
                near = (source.span(call), *_function_line(source, call))
                yield Setting(keyword.arg, keyword.value, source.span(keyword), scope, near, call)
    if scheduler == "airflow":
        yield from _default_settings(source, names)


def _default_settings(source: PythonSource, names: tuple[str, ...]) -> Iterator[Setting]:
    for node in default_args(source):
        for key, value in zip(node.keys, node.values, strict=True):
            name = text_value(key)
            if key is not None and name in names:
                near = (source.span(node), *heads_of_airflow(source))
                yield Setting(name, value, entry_span(source, key, value), "defaults", near, node)


def default_args(source: PythonSource) -> list[ast.Dict]:
    """The dict displays that are given to DAGs as `default_args`, in place or through a name."""
    found = []
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(
                isinstance(target, ast.Name) and "default_arg" in target.id.lower() for target in targets
            )
            if named and isinstance(node.value, ast.Dict):
                found.append(node.value)
        elif (
            isinstance(node, ast.keyword) and node.arg == "default_args" and isinstance(node.value, ast.Dict)
        ):
            found.append(node.value)
    return found


def heads_of_airflow(source: PythonSource) -> list[Span]:
    """The first line of each DAG and each task: what a setting of `default_args` reaches."""
    found = []
    for call, _ in pipeline_calls(source, "airflow"):
        start = source.span(source.statement_of(call))[0] if not _function_line(source, call) else None
        at = source.span(call)[0] if start is None else start
        found.append((at, source.text.end_of_line(at)))
        found += _function_line(source, call)
    for decorated in source.decorated:
        if _AIRFLOW_TASK.match(decorated.name):
            found.append(source.signature_line(decorated.function))
    return found


def _function_line(source: PythonSource, call: ast.Call) -> list[Span]:
    """The `def` under a decorator; empty where the call is none."""
    parent = source.parents.get(call)
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and call in parent.decorator_list:
        return [source.signature_line(parent)]
    return []


def decorated_by(source: PythonSource, *names: str) -> Iterator[Decorated]:
    """The functions under a decorator whose full name is one of `names` (`airflow:task` is any way to import it)."""
    for decorated in source.decorated:
        for name in names:
            root, _, last = name.partition(":")
            if decorated.name.split(".")[0] == root and (
                decorated.name.endswith(f".{last}") or f".{last}." in decorated.name
            ):
                yield decorated
                break


def is_off(value: ast.expr) -> bool:
    """Whether a setting is written as none at all: None, 0, False or empty."""
    if isinstance(value, ast.Constant):
        return not value.value
    return isinstance(value, ast.List | ast.Dict | ast.Tuple) and not ast.unparse(value)[1:-1]


def is_overridden(source: PythonSource, setting: Setting) -> bool:
    """Whether it is a default that no task of the file goes by, as each has a value of its own."""
    if setting.scope != "defaults":
        return False
    tasks = [call for call, kind in pipeline_calls(source, "airflow") if kind == "task"]
    bare = any(_AIRFLOW_TASK.match(one.name) and one.call is None for one in source.decorated)
    return bool(tasks) and not bare and all(keyword_of(call, setting.name) for call in tasks)


def is_said_again(source: PythonSource, setting: Setting) -> bool:
    """Whether it is one of a task, and the defaults of the file say the same."""
    same = (
        value
        for node in default_args(source)
        for key, value in zip(node.keys, node.values, strict=True)
        if text_value(key) == setting.name
    )
    return setting.scope == "task" and any(ast.dump(value) == ast.dump(setting.value) for value in same)


def setting_beside(setting: Setting, name: str) -> ast.expr | None:
    """The value of another setting of the same call or dict."""
    if isinstance(setting.owner, ast.Call):
        found = keyword_of(setting.owner, name)
        return None if found is None else found.value
    pairs = zip(setting.owner.keys, setting.owner.values, strict=True)
    return next((value for key, value in pairs if text_value(key) == name), None)


def is_timed(source: PythonSource, setting: Setting) -> bool:
    """Whether Airflow runs the DAG of a setting by the clock, as far as its own lines say so."""
    owner = setting.owner
    dags = [call for call, kind in pipeline_calls(source, "airflow") if kind == "pipeline"]
    if setting.scope == "pipeline":
        return isinstance(owner, ast.Call) and _has_clock(source, owner)
    if setting.scope == "defaults" and any(keyword_of(call, setting.name) for call in dags):
        return False  # the DAG's own argument wins
    return bool(dags) and all(_has_clock(source, call) for call in dags)


def _has_clock(source: PythonSource, call: ast.Call) -> bool:
    schedule = keyword_of(call, "schedule") or keyword_of(call, "schedule_interval")
    if schedule is None or is_off(schedule.value):
        return False
    text = text_value(schedule.value)
    if text is not None:
        return text not in {"@once", "@continuous"}
    if isinstance(schedule.value, ast.Call):
        return re.search(r"timedelta|Timetable", source.source(schedule.value.func)) is not None
    return False


def calls_around(source: PythonSource, node: ast.AST) -> list[Span]:
    """The calls that a node stands in, from the inside, up to its statement."""
    return [source.span(at) for at in parents_of(source, node) if isinstance(at, ast.Call)]


def parents_of(source: PythonSource, node: ast.AST) -> Iterator[ast.AST]:
    """What a node stands in, from the inside, up to its statement."""
    at: ast.AST = node
    while not isinstance(at, ast.stmt):
        yield at
        at = source.parents[at]


def is_untimed_dag(source: PythonSource, call: ast.Call) -> bool:
    """Whether a call is an Airflow DAG that does not run by the clock."""
    return _AIRFLOW_DAG.match(source.name(call.func) or "") is not None and not _has_clock(source, call)


def task_functions(source: PythonSource) -> list[Function]:
    """The functions that the scheduler runs: under a decorator of its, or given as `python_callable`."""
    given = {
        keyword.value.id
        for call in source.calls
        for keyword in call.keywords
        if keyword.arg == "python_callable" and isinstance(keyword.value, ast.Name)
    }
    names = (
        "airflow:task",
        "dagster:asset",
        "dagster:op",
        "dagster:multi_asset",
        "prefect:task",
        "prefect:flow",
    )
    found = [decorated.function for decorated in decorated_by(source, *names)]
    return [*dict.fromkeys(found), *(f for f in source.functions if f.name in given and f not in found)]


def given_to(function: Function) -> list[str]:
    """The arguments that carry a value of the run."""
    return [argument.arg for argument in function.args.args if argument.arg not in {"self", "context", "cls"}]
