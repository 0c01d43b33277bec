"""The values in force for a task or a DAG, with the layers of defaults merged, as fields of the document."""

import math
from collections.abc import Mapping
from datetime import timedelta

from meta_pipeline.delivery.topology import UNRESOLVED, Unresolved
from meta_pipeline.schedulers.airflow.static.values import Dag, Task
from meta_pipeline.schedulers.source.values import UNKNOWN, is_open


def argument(dag: Dag, name: str, default: object) -> object:
    """The value that a DAG was given for `name`."""
    return lookup(name, (dag.arguments,), default)


def effective(task: Task, name: str, default: object) -> object:
    """The value of `name` for a task: its own, its group's or its DAG's, in this order."""
    dag_defaults = task.dag.arguments.get("default_args") if task.dag else None
    own_defaults = task.arguments.get("default_args")
    group_defaults = task.group.defaults if task.group else None
    return lookup(name, (task.arguments, own_defaults, group_defaults, dag_defaults), default)


def lookup(name: str, layers: tuple[object, ...], default: object) -> object:
    """The value of `name` in the first layer that has it; `UNKNOWN` where a layer may have it unseen."""
    for layer in layers:
        if layer is None:
            continue
        if type(layer) is not dict and not isinstance(layer, Mapping):  # a plain dict is told at once
            return UNKNOWN
        if name in layer:
            return layer[name]
        if is_open(layer):
            return UNKNOWN
    return default


def whole(value: object) -> int | None | Unresolved:
    """A whole number, or None for none."""
    if value is None:
        return None
    return value if isinstance(value, int) else UNRESOLVED


def seconds(value: object) -> float | None | Unresolved:
    """A duration or a number of seconds, or None for none."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return None if value is None else UNRESOLVED


def switch(value: object) -> bool | Unresolved:
    """Airflow takes a flag, or the factor by which each delay grows."""
    return bool(value) if isinstance(value, (bool, int, float, type(None))) else UNRESOLVED


def choice(value: object) -> bool | None | Unresolved:
    """A flag, or None where neither was chosen."""
    return value if value is None or isinstance(value, bool) else UNRESOLVED


def word(value: object) -> str | Unresolved:
    """A text."""
    return value if isinstance(value, str) else UNRESOLVED
