"""From what a DAG file builds to the published pipeline, with all defaults merged."""

from datetime import UTC, date, datetime, time, tzinfo

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Unresolved
from meta_pipeline.schedulers.airflow.static.alerts import dag_alerts, task_alerts
from meta_pipeline.schedulers.airflow.static.doubts import Doubts
from meta_pipeline.schedulers.airflow.static.links import links_of
from meta_pipeline.schedulers.airflow.static.schedule import schedule_of
from meta_pipeline.schedulers.airflow.static.values import Asset, Dag, Task
from meta_pipeline.schedulers.airflow.static.values_in_force import (
    argument,
    choice,
    effective,
    lookup,
    seconds,
    switch,
    whole,
    word,
)
from meta_pipeline.schedulers.source.dates import zone_name
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Unknown

DEFAULT_RETRY_DELAY_S = 300.0
DEFAULT_OWNER = "airflow"
DEFAULT_POOL = "default_pool"
DEFAULT_RULE = "all_success"
TEARDOWN_RULE = "all_done_setup_success"
DEFAULT_LIMIT = 16
"""Of tasks of a DAG, and of its runs, at once; the same in all releases of Airflow 2 and 3."""
_OLDER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def pipeline_of(dag: Dag, dag_id: str, major: int | None, doubts: Doubts) -> Pipeline:
    """The pipeline; `major` is Airflow's major version where it is known. Tasks in doubt are left out."""
    start, timezone = _start(dag)
    tasks = [task for task in dag.tasks.values() if not doubts.about(task)]
    nodes = tuple(sorted((_node(task, major, doubts) for task in tasks), key=lambda node: node.id))
    return Pipeline(
        id=dag_id,
        path=dag.path,
        line=dag.line,
        schedule=schedule_of(dag.arguments, major),
        timezone=timezone,
        start_date=start,
        catchup=_catchup(dag, major),
        paused=choice(argument(dag, "is_paused_upon_creation", None)),
        owner=_owner(dag),
        tags=_tags(dag),
        timeout_s=seconds(argument(dag, "dagrun_timeout", None)),
        concurrency=_limit(dag, "max_active_tasks", "concurrency"),
        active_runs=_limit(dag, "max_active_runs"),
        alerts=dag_alerts(dag, major),
        nodes=nodes,
    )


def _node(task: Task, major: int | None, doubts: Doubts) -> Node:
    return Node(
        id=str(task.id),
        kind=task.kind,
        retries=whole(effective(task, "retries", 0)) or 0,
        retry_delay_s=seconds(effective(task, "retry_delay", DEFAULT_RETRY_DELAY_S)),
        retry_backoff=switch(effective(task, "retry_exponential_backoff", False)),
        retry_delay_max_s=seconds(effective(task, "max_retry_delay", None)),
        timeout_s=seconds(effective(task, "execution_timeout", None)),
        sla_s=_service_level(task, major),
        owner=word(effective(task, "owner", DEFAULT_OWNER)),
        pool=_pool(task),
        concurrency=_own_concurrency(task),
        trigger_rule=_trigger_rule(task),
        alerts=task_alerts(task),
        group=_group(task),
        upstream=_upstream(task, doubts),
        reads=_assets(effective(task, "inlets", None)),
        writes=_assets(effective(task, "outlets", None)),
        links=links_of(task),
        path=task.path,
        line=task.line,
        operator=task.operator,
    )


def _upstream(task: Task, doubts: Doubts) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                UNRESOLVED if doubts.about(other) or doubts.about((other, task)) else word(other.id)
                for other in task.upstream
            }
        )
    )


def _service_level(task: Task, major: int | None) -> float | None | Unresolved:
    """Airflow 3 takes a service level and ignores it."""
    given = effective(task, "sla", None)
    if given is None or (major is not None and major >= 3):
        return None
    return UNRESOLVED if major is None else seconds(given)


def _pool(task: Task) -> str | Unresolved:
    given = effective(task, "pool", DEFAULT_POOL)
    return DEFAULT_POOL if given is None else word(given)


def _own_concurrency(task: Task) -> int | None | Unresolved:
    # The older name, which late releases of Airflow 2 still take.
    older = effective(task, "task_concurrency", None)
    return whole(effective(task, "max_active_tis_per_dag", older))


def _trigger_rule(task: Task) -> str | Unresolved:
    if task.role == "teardown":
        return TEARDOWN_RULE
    rule = word(effective(task, "trigger_rule", DEFAULT_RULE))
    return _OLDER_RULES.get(rule, rule)


def _group(task: Task) -> str | None:
    if task.group is None or task.group.parent is None:
        return None
    return word(task.group.id)


def _assets(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(
        sorted(item.name for item in items if isinstance(item, Asset) and isinstance(item.name, str))
    )


def _catchup(dag: Dag, major: int | None) -> bool | Unresolved:
    default: object = UNKNOWN if major is None else major < 3
    value = argument(dag, "catchup", default)
    return value if isinstance(value, bool) else UNRESOLVED


def _limit(dag: Dag, *names: str) -> int | None | Unresolved:
    """How much may run at once; `names` are the argument and the names that it had before."""
    given = [dag.arguments[name] for name in names if dag.arguments.get(name) is not None]
    return whole(given[0] if given else argument(dag, names[0], None) or DEFAULT_LIMIT)


def _owner(dag: Dag) -> str | None | Unresolved:
    """The owners of the tasks; of a DAG without tasks, the one in its defaults."""
    owners = {_plain(effective(task, "owner", DEFAULT_OWNER)) for task in dag.tasks.values()}
    if not owners:
        owners = {_plain(lookup("owner", (dag.arguments.get("default_args"),), DEFAULT_OWNER))}
    names = [owner for owner in owners if isinstance(owner, str)]
    return ", ".join(sorted(names)) if len(names) == len(owners) else UNRESOLVED


def _plain(value: object) -> str | Unknown:
    return value if isinstance(value, str) else UNKNOWN


def _tags(dag: Dag) -> tuple[str, ...]:
    tags = argument(dag, "tags", ())
    if tags is None:
        return ()
    if not isinstance(tags, (list, tuple, set)):
        return (UNRESOLVED,)
    known = {tag if isinstance(tag, str) else UNRESOLVED for tag in tags}
    return tuple(sorted(known | {UNRESOLVED} if isinstance(tags, OpenList) else known))


def _start(dag: Dag) -> tuple[str | None | Unresolved, str | None | Unresolved]:
    """The start date as ISO 8601 in UTC, and the DAG's time zone."""
    value = argument(dag, "start_date", None)
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
