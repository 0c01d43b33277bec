"""One task as a node of the document: how it runs, whom it tells, and what it has to do with other DAGs.

A part of `probe.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

Document = dict[str, Any]

UNRESOLVED = "unresolved"
TASK_HOOKS = ("on_failure_callback", "on_retry_callback")
MAIL_HOOKS = ("email_on_failure", "email_on_retry")


def node(task: Any) -> Document:
    operator = getattr(task, "operator_name", None) or task.task_type
    operator = {"_AssetMainOperator": "@asset"}.get(operator, operator)
    return {
        "id": task.task_id,
        "kind": kind(task, operator),
        "retries": int(task.retries or 0),
        "retry_delay_s": seconds(task.retry_delay),
        "retry_backoff": bool(task.retry_exponential_backoff),
        "retry_delay_max_s": seconds(held(task, "max_retry_delay")),
        "timeout_s": seconds(task.execution_timeout),
        "sla_s": seconds(held(task, "sla")),
        "owner": held(task, "owner"),
        "tags": [],
        "pool": held(task, "pool"),
        "concurrency": held(task, "max_active_tis_per_dag"),
        "trigger_rule": text_of(held(task, "trigger_rule")),
        "alerts": task_alerts(task),
        "group": group(task),
        "upstream": sorted(task.upstream_task_ids),
        "reads": asset_names(getattr(task, "inlets", None)),
        "writes": asset_names(getattr(task, "outlets", None)),
        "links": links(task),
        "path": None,
        "line": None,
        "operator": operator,
    }


def held(task: Any, name: str) -> Any:
    """An argument of a task; a mapped one keeps those that it has no property for."""
    found = getattr(task, name, None)
    if found is None:
        found = (getattr(task, "partial_kwargs", None) or {}).get(name)
    return found


def kind(task: Any, operator: str) -> str:
    # Only mapped operators have these; Airflow 2 has no flag that says so.
    if hasattr(task, "partial_kwargs"):
        return "mapped_task"
    name = operator[len("@task") :].lstrip(".") if operator.startswith("@task") else operator
    if name == "sensor" or name.endswith(("Sensor", "SensorAsync")):
        return "sensor"
    if name.startswith("branch") or "Branch" in name or "ShortCircuit" in name or name == "short_circuit":
        return "branch"
    return "task"


def seconds(value: object) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, (int, float)) else None


def text_of(value: Any) -> str | None:
    """A text, or the text that a member of an enumeration stands for."""
    return None if value is None else str(getattr(value, "value", value))


def group(task: Any) -> str | None:
    """The innermost task group around it, which is not the DAG's own."""
    around = getattr(task, "task_group", None)
    return getattr(around, "group_id", None)


def asset_names(values: Any) -> list[str]:
    return sorted({name for value in values or () if (name := asset_name(value))})


def asset_name(value: Any) -> Any:
    return getattr(value, "name", None) or getattr(value, "uri", None)


# --- whom it tells ----------------------------------------------------------------------------------------


def task_alerts(task: Any) -> list[str]:
    """The hooks of a task that tell a person; mail is sent only where there is an address."""
    mails = [
        f"{hook}: {address}"
        for hook in MAIL_HOOKS
        if sends(task, hook)
        for address in addresses(held(task, "email"))
    ]
    return sorted({*calls(task, TASK_HOOKS), *mails})


def sends(task: Any, hook: str) -> bool:
    """Whether a mail hook is on; a mapped task of Airflow 2 holds it only where it was given."""
    found = held(task, hook)
    if found is None:
        conf = import_module("airflow.configuration").conf
        return bool(conf.getboolean("email", f"default_{hook}", fallback=True))
    return bool(found)


def dag_alerts(dag: Any) -> list[str]:
    deadlines = getattr(dag, "deadline", None)
    deadlines = [] if deadlines is None else deadlines if isinstance(deadlines, list) else [deadlines]
    late = {f"deadline: {called(getattr(one, 'callback', None))}" for one in deadlines}
    return sorted({*calls(dag, ("on_failure_callback", "sla_miss_callback")), *late})


def calls(owner: Any, hooks: Iterable[str]) -> Iterator[str]:
    for hook in hooks:
        found = held(owner, hook)
        for one in found if isinstance(found, (list, tuple)) else [found]:
            if one is not None:
                yield f"{hook}: {called(one)}"


def called(hook: Any) -> str:
    """The name of the function or class behind a hook, also where it is wrapped or named by its path."""
    while hasattr(hook, "func"):
        hook = hook.func
    path = getattr(hook, "path", None)
    if isinstance(path, str):
        return path.rpartition(".")[2]
    return getattr(hook, "__name__", None) or type(hook).__name__


def addresses(email: Any) -> list[str]:
    """The addresses of a mail: a list, or one text with commas or semicolons between them."""
    texts = [email] if isinstance(email, str) else list(email or ())
    return [found for text in texts for found in re.split(r"[,;]\s*", str(text).strip()) if found]


# --- other DAGs -------------------------------------------------------------------------------------------


def links(task: Any) -> list[Document]:
    """What the task triggers or waits for, templates as they are written."""
    ancestors = {one.__name__ for one in getattr(getattr(task, "operator_class", type(task)), "__mro__", ())}
    if "TriggerDagRunOperator" in ancestors:
        return [link("triggers", target, None, None) for target in texts(task, "trigger_dag_id")]
    if "ExternalTaskMarker" in ancestors:
        targets = texts(task, "external_dag_id")
        return [
            link("triggers", target, one, None)
            for target in targets
            for one in texts(task, "external_task_id")
        ]
    if "ExternalTaskSensor" not in ancestors:
        return []
    awaited = texts(task, "external_task_ids") or texts(task, "external_task_id") or [None]
    offset: object = seconds(held(task, "execution_delta")) or 0.0
    if held(task, "execution_date_fn") is not None:
        offset = UNRESOLVED
    return [
        link("waits_for", target, one, offset) for target in texts(task, "external_dag_id") for one in awaited
    ]


def link(what: str, pipeline: Any, node_id: Any, offset: Any) -> Document:
    return {"kind": what, "pipeline": pipeline, "node": node_id, "offset_s": offset}


def texts(task: Any, name: str) -> list[Any]:
    """The values of an argument: one, several, or those over which the task is mapped."""
    value = held(task, name)
    if value is None and hasattr(task, "partial_kwargs"):
        value = mapped(getattr(getattr(task, "expand_input", None), "value", None), name)
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return sorted({one if isinstance(one, str) else UNRESOLVED for one in value})
    return [UNRESOLVED]


def mapped(expanded: Any, name: str) -> Any:
    """What a mapped task is given for an argument, by `expand` (a mapping) or `expand_kwargs` (several mappings)."""
    if isinstance(expanded, dict):
        return expanded.get(name)
    if isinstance(expanded, (list, tuple)):
        given = [one.get(name, UNRESOLVED) if isinstance(one, dict) else UNRESOLVED for one in expanded]
        return given if any(one != UNRESOLVED for one in given) else None
    return UNRESOLVED if expanded is not None and name == "trigger_dag_id" else None
