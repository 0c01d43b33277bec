"""From what a DAG file builds to the published pipeline, with all defaults merged."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Unresolved
from meta_pipeline.schedulers.airflow.static.schedule import schedule_of
from meta_pipeline.schedulers.airflow.static.values import Asset, Dag, Task
from meta_pipeline.schedulers.source.dates import zone_name
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Unknown, is_open

DEFAULT_RETRY_DELAY_S = 300.0
DEFAULT_OWNER = "airflow"


def pipeline_of(dag: Dag, dag_id: str, major: int | None) -> Pipeline:
    """The pipeline; `major` is Airflow's major version where it is known."""
    start, timezone = _start(dag)
    nodes = tuple(sorted((_node(task) for task in dag.tasks.values()), key=lambda node: node.id))
    return Pipeline(
        id=dag_id,
        path=dag.path,
        line=dag.line,
        schedule=schedule_of(dag.arguments, major),
        timezone=timezone,
        start_date=start,
        catchup=_catchup(dag, major),
        paused=_choice(_argument(dag, "is_paused_upon_creation", None)),
        owner=_owner(dag),
        tags=_tags(dag),
        nodes=nodes,
    )


def _argument(dag: Dag, name: str, default: object) -> object:
    return lookup(name, (dag.arguments,), default)


def lookup(name: str, layers: tuple[object, ...], default: object) -> object:
    """The value of `name` in the first layer that has it; `UNKNOWN` where a layer may have it unseen."""
    for layer in layers:
        if layer is None:
            continue
        if not isinstance(layer, Mapping):
            return UNKNOWN
        if name in layer:
            return layer[name]
        if is_open(layer):
            return UNKNOWN
    return default


def _effective(task: Task, name: str, default: object) -> object:
    dag_defaults = task.dag.arguments.get("default_args") if task.dag else None
    own_defaults = task.arguments.get("default_args")
    group_defaults = task.group.defaults if task.group else None
    return lookup(name, (task.arguments, own_defaults, group_defaults, dag_defaults), default)


def _node(task: Task) -> Node:
    return Node(
        id=str(task.id),
        kind=task.kind,
        retries=_count(_effective(task, "retries", 0)),
        retry_delay_s=_seconds(_effective(task, "retry_delay", DEFAULT_RETRY_DELAY_S)),
        retry_backoff=_switch(_effective(task, "retry_exponential_backoff", False)),
        timeout_s=_seconds(_effective(task, "execution_timeout", None)),
        upstream=tuple(sorted(str(other.id) for other in task.upstream if isinstance(other.id, str))),
        reads=_assets(_effective(task, "inlets", None)),
        writes=_assets(_effective(task, "outlets", None)),
        path=task.path,
        line=task.line,
        operator=task.operator,
    )


def _assets(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(
        sorted(item.name for item in items if isinstance(item, Asset) and isinstance(item.name, str))
    )


def _count(value: object) -> int | Unresolved:
    if value is None:
        return 0
    return value if isinstance(value, int) else UNRESOLVED


def _seconds(value: object) -> float | None | Unresolved:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value)
    return None if value is None else UNRESOLVED


def _switch(value: object) -> bool | Unresolved:
    """Airflow takes a flag, or the factor by which each delay grows."""
    return bool(value) if isinstance(value, (bool, int, float, type(None))) else UNRESOLVED


def _choice(value: object) -> bool | None | Unresolved:
    return value if value is None or isinstance(value, bool) else UNRESOLVED


def _catchup(dag: Dag, major: int | None) -> bool | Unresolved:
    default: object = UNKNOWN if major is None else major < 3
    value = _argument(dag, "catchup", default)
    return value if isinstance(value, bool) else UNRESOLVED


def _owner(dag: Dag) -> str | None | Unresolved:
    """The owners of the tasks; of a DAG without tasks, the one in its defaults."""
    owners = {_plain(_effective(task, "owner", DEFAULT_OWNER)) for task in dag.tasks.values()}
    if not owners:
        owners = {_plain(lookup("owner", (dag.arguments.get("default_args"),), DEFAULT_OWNER))}
    names = [owner for owner in owners if isinstance(owner, str)]
    return ", ".join(sorted(names)) if len(names) == len(owners) else UNRESOLVED


def _plain(value: object) -> str | Unknown:
    return value if isinstance(value, str) else UNKNOWN


def _tags(dag: Dag) -> tuple[str, ...]:
    tags = _argument(dag, "tags", ())
    if tags is None:
        return ()
    if not isinstance(tags, (list, tuple, set)):
        return (UNRESOLVED,)
    known = {tag if isinstance(tag, str) else UNRESOLVED for tag in tags}
    return tuple(sorted(known | {UNRESOLVED} if isinstance(tags, OpenList) else known))


def _start(dag: Dag) -> tuple[str | None | Unresolved, str | None | Unresolved]:
    """The start date as ISO 8601 in UTC, and the DAG's time zone."""
    value = _argument(dag, "start_date", None)
    if value is None:
        value = lookup("start_date", (dag.arguments.get("default_args"),), None)
    if value is None:
        return None, "UTC"
    if not isinstance(value, date):
        return UNRESOLVED, UNRESOLVED
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    timezone: tzinfo = moment.tzinfo or UTC
    try:
        # As Airflow holds it; the DAG's own zone stands beside it.
        return moment.replace(tzinfo=timezone).astimezone(UTC).isoformat(), zone_name(timezone)
    except OverflowError:
        return UNRESOLVED, zone_name(timezone)
