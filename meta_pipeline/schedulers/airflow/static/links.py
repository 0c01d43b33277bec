"""What a task has to do with other DAGs: it starts one, waits for one, or marks a task of one."""

from collections.abc import Iterator

from meta_pipeline.delivery.topology import UNRESOLVED, Link, Unresolved
from meta_pipeline.schedulers.airflow.static.values import Task
from meta_pipeline.schedulers.airflow.static.values_in_force import effective, seconds, word
from meta_pipeline.schedulers.source.values import OpenList

_TRIGGERS = frozenset(("TriggerDagRunOperator", "TriggerDagRunOperatorAsync"))
_WAITS = frozenset(("ExternalTaskSensor", "ExternalTaskSensorAsync"))
_MARKER = "ExternalTaskMarker"


def links_of(task: Task) -> tuple[Link, ...]:
    """The links of a task, in the order in which Airflow goes through them."""
    kinds = {task.operator, *task.inherits}
    if kinds & _TRIGGERS:
        return tuple(Link(kind="triggers", pipeline=each) for each in _each(task, "trigger_dag_id"))
    if kinds & _WAITS:
        return tuple(_waits(task))
    if _MARKER in kinds:
        return tuple(
            Link(kind="triggers", pipeline=pipeline, node=node)
            for pipeline in _each(task, "external_dag_id")
            for node in _each(task, "external_task_id")
        )
    return ()


def _each(task: Task, name: str) -> tuple[str, ...]:
    """The values of one argument, each once: several where it is a list, or the task is mapped over them."""
    value = task.mapped_over[name] if name in task.mapped_over else effective(task, name, None)
    if value is None:
        return ()
    if not isinstance(value, (list, tuple, set)):
        return (word(value),)
    more = {UNRESOLVED} if isinstance(value, OpenList) else set()
    return tuple(sorted({word(one) for one in value} | more))


def _waits(task: Task) -> Iterator[Link]:
    awaited = _each(task, "external_task_ids") or _each(task, "external_task_id") or (None,)
    offset = _offset(task)
    for pipeline in _each(task, "external_dag_id"):
        for node in awaited:
            yield Link(kind="waits_for", pipeline=pipeline, node=node, offset_s=offset)


def _offset(task: Task) -> float | None | Unresolved:
    if {"execution_delta", "execution_date_fn"} & task.mapped_over.keys():
        return UNRESOLVED
    if effective(task, "execution_date_fn", None) is not None:
        return UNRESOLVED
    delta = effective(task, "execution_delta", None)
    return 0.0 if delta is None else seconds(delta)
