"""From what code builds to the published pipeline and its deployments, with Prefect's defaults."""

import math
from collections.abc import Mapping
from datetime import timedelta

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Unresolved
from meta_pipeline.schedulers.prefect.deployed import Deployed, Entry
from meta_pipeline.schedulers.prefect.static.deploying import Sourced
from meta_pipeline.schedulers.prefect.static.timing import given_timings, is_template
from meta_pipeline.schedulers.prefect.static.tracing import numbered
from meta_pipeline.schedulers.prefect.static.values import (
    Asset,
    Backoff,
    Call,
    Deployment,
    Run,
    Work,
    Workers,
)
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    OpenList,
    Partial,
    is_open,
)

_TELLING = {"flow": ("on_failure", "on_crashed"), "task": ("on_failure",)}
"""The hooks that tell of a failure; the others are part of the work."""


def pipeline_of(flow: Work, run: Run) -> Pipeline:
    """The pipeline of a flow whose name is known, without its deployments."""
    ids = numbered(run)
    return Pipeline(
        id=str(flow.name),
        path=flow.site.path,
        line=flow.site.line,
        timeout_s=_seconds(_given(flow, "timeout_seconds", None)),
        concurrency=_workers(_given(flow, "task_runner", None)),
        alerts=_alerts(flow),
        nodes=tuple(sorted((_node(call, ids) for call in ids), key=lambda node: node.id)),
    )


def _given(work: Work, name: str, default: object) -> object:
    if name in work.arguments:
        return work.arguments[name]
    return UNKNOWN if is_open(work.arguments) else default


def _node(call: Call, ids: Mapping[Call, str]) -> Node:
    work = call.work
    waits = tuple(sorted(ids[other] for other in call.upstream))
    links = tuple(call.links)
    if work is None:
        return Node(
            id=ids[call],
            kind=call.kind,
            tags=tuple(sorted(call.tags)),
            upstream=waits,
            links=links,
            path=call.site.path,
            line=call.site.line,
            operator="run_deployment",
        )
    retries = _count(_given(work, "retries", None))
    delay, backoff, longest = _delays(_given(work, "retry_delay_seconds", None), retries)
    own_tags = _texts(_given(work, "tags", ())) if work.role == "task" else ()
    return Node(
        id=ids[call],
        kind=call.kind,
        retries=retries,
        retry_delay_s=delay,
        retry_backoff=backoff,
        retry_delay_max_s=longest,
        timeout_s=_seconds(_given(work, "timeout_seconds", None)),
        tags=tuple(sorted({*own_tags, *call.tags})),
        alerts=_alerts(work),
        upstream=waits,
        reads=_assets(_given(work, "asset_deps", ())),
        writes=_assets(_given(work, "assets", ())) if work.operator == "@materialize" else (),
        links=links,
        path=work.site.path,
        line=work.site.line,
        operator=work.operator,
    )


def _count(value: object) -> int | Unresolved:
    if value is None:
        return 0
    return value if isinstance(value, int) else UNRESOLVED


def _delays(
    value: object, retries: int | Unresolved
) -> tuple[float | Unresolved, bool | Unresolved, float | None | Unresolved]:
    """The first delay, whether later ones are longer, and the longest where they are."""
    if isinstance(value, Backoff):
        value = value.delays(retries)
    if isinstance(value, (list, tuple)) and not isinstance(value, OpenList):
        numbers = [float(one) for one in value if isinstance(one, (int, float))]
        if len(numbers) != len(value):
            return UNRESOLVED, UNRESOLVED, UNRESOLVED
        grows = bool(numbers) and max(numbers) > numbers[0]
        return (numbers or [0.0])[0], grows, max(numbers) if grows else None
    seconds = _seconds(value)
    if seconds == UNRESOLVED:
        return UNRESOLVED, UNRESOLVED, UNRESOLVED
    return seconds or 0.0, False, None


def _seconds(value: object) -> float | None | Unresolved:
    """A number of seconds; Prefect takes 0 for none."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and math.isfinite(value):
        return float(value) or None
    return None if value is None else UNRESOLVED


def _workers(runner: object) -> int | None | Unresolved:
    if not isinstance(runner, Workers):
        return UNRESOLVED if runner is UNKNOWN else None
    return runner.count if runner.count is None or isinstance(runner.count, int) else UNRESOLVED


def _alerts(work: Work) -> tuple[str, ...]:
    found: set[str] = set()
    for hook in _TELLING[work.role]:
        given = _given(work, hook, None)
        listed = list(given) if isinstance(given, (list, tuple)) else [] if given is None else [given]
        called = [*listed, *work.hooks.get(hook, ())]
        found |= {f"{hook}: {_name_of(one)}" for one in called}
        if isinstance(given, OpenList):
            found.add(f"{hook}: {UNRESOLVED}")
    return tuple(sorted(found))


def _name_of(value: object) -> str:
    match value:
        case Function():
            return value.name
        case Work(function=Function() as function):
            return function.name
        case External():
            return value.last
        case Partial():
            return _name_of(value.callee)
        case Class():
            return value.name
        case Instance():
            return value.kind.name
    return UNRESOLVED


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple, set)):
        return (UNRESOLVED,)
    known = {one if isinstance(one, str) and not is_template(one) else UNRESOLVED for one in value}
    return tuple(sorted(known | {UNRESOLVED} if isinstance(value, OpenList) else known))


def _assets(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple, set)):
        return (UNRESOLVED,) if value is UNKNOWN else ()
    keys = [one.key if isinstance(one, Asset) else one for one in value]
    known = {key if isinstance(key, str) else UNRESOLVED for key in keys}
    return tuple(sorted(known | {UNRESOLVED} if isinstance(value, OpenList) else known))


def deployed_of(deployment: Deployment) -> Deployed:
    """A deployment that code makes."""
    given = deployment.arguments
    limit = given.get("concurrency_limit", given.get("global_limit"))
    paused, pool = given.get("paused"), given.get("work_pool_name")
    entry = _entry(deployment.flow)
    name = given.get("name") or (entry.flow or UNKNOWN)
    return Deployed(
        entry=entry,
        name=name.removesuffix(".py").rpartition("/")[2] if isinstance(name, str) else UNRESOLVED,
        path=deployment.site.path,
        line=deployment.site.line,
        timings=given_timings(given),
        paused=bool(paused) if isinstance(paused, (bool, type(None))) else UNRESOLVED,
        pool=pool if isinstance(pool, (str, type(None))) else UNRESOLVED,
        tags=_texts(given.get("tags")),
        limit=limit if isinstance(limit, (int, type(None))) else UNRESOLVED,
    )


def _entry(flow: object) -> Entry:
    if isinstance(flow, Work):
        known = flow.name if isinstance(flow.name, str) else ""
        return Entry(path=flow.site.path, function=flow.qualified, flow=known)
    if isinstance(flow, Sourced) and isinstance(flow.entrypoint, str):
        return entry_of(flow.entrypoint)
    return Entry(flow=flow) if isinstance(flow, str) else Entry()


def entry_of(entrypoint: str) -> Entry:
    """What an entrypoint names: `path/to/file.py:function` or `package.module.function`."""
    if ":" in entrypoint:
        path, _, function = entrypoint.rpartition(":")
        return Entry(path=path.removeprefix("./"), function=function)
    module, _, function = entrypoint.rpartition(".")
    return Entry(path=f"{module.replace('.', '/')}.py", function=function)
