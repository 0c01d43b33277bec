"""The decorators that make assets, checks, ops, graphs, jobs, schedules and sensors of functions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict, cast

from meta_pipeline.schedulers.dagster.static import graphs
from meta_pipeline.schedulers.dagster.static.inputs import input_keys
from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of, prefixed
from meta_pipeline.schedulers.dagster.static.settings import canonical, given, is_running
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Assets,
    Check,
    Given,
    Graph,
    Job,
    Key,
    Lazy,
    Op,
    Retry,
    Schedule,
    Sensor,
)
from meta_pipeline.schedulers.source.values import UNKNOWN, Function, Unknown, is_open

Named = Mapping[object, object]

ASSET_ROLES = ("asset", "graph_asset", "observable_source_asset")
SENSOR_ROLES = ("sensor", "asset_sensor", "multi_asset_sensor", "run_status_sensor", "run_failure_sensor")
ROLES = (
    *ASSET_ROLES,
    *("multi_asset", "graph_multi_asset", "multi_observable_source_asset"),
    *("asset_check", "multi_asset_check", "op", "graph", "job", "schedule"),
    *SENSOR_ROLES,
    *("definitions", "repository"),
)


def decorated(machine: graphs.Composer, role: str, named: Named, function: Function) -> object:
    """`function` under the decorator `role`."""
    path, line = function.scope.path, function.line
    name = given(named, "name") or function.name
    match role:
        case "asset" | "graph_asset" | "observable_source_asset":
            return _asset(machine, role, named, function)
        case "multi_asset" | "graph_multi_asset" | "multi_observable_source_asset":
            return _multi_asset(machine, role, named, function)
        case "asset_check":
            asset = key_of(given(named, "asset"))
            deps = keys_of(given(named, "additional_deps"))
            check = Check(asset, name, path, line, given(named, "retry_policy"), deps)
            return Assets((), (check,), function)
        case "multi_asset_check":
            return Assets((), _check_specs(given(named, "specs"), UNKNOWN, function), function)
        case "op":
            return Op(name, function, path, line, given(named, "retry_policy"))
        case "graph":
            return Graph(name, function, path, line)
        case "job":
            graph = Graph(name, function, path, line)
            return job_of(machine, graph, named)
        case "schedule":
            return schedule_of({**named, "name": name}, path, line)
        case "definitions" | "repository":
            return Lazy(function)
    return sensor_of({**named, "name": name}, path, line)


def _asset(machine: graphs.Composer, role: str, named: Named, function: Function) -> Assets:
    own_name = given(named, "name") or function.name
    key = given(named, "key")
    own_key = key_of(key) if key is not None else prefixed(given(named, "key_prefix"), key_of(own_name))
    deps = (*keys_of(given(named, "deps")), *input_keys(machine, function, given(named, "ins")))
    asset = Asset(
        key=own_key,
        kind="observable_asset" if role == "observable_source_asset" else "asset",
        path=function.scope.path,
        line=function.line,
        deps=deps,
        retry=_graph_retry(machine, function) if role == "graph_asset" else given(named, "retry_policy"),
        **_attributes(named),
    )
    return Assets((asset,), _check_specs(given(named, "check_specs"), own_key, function), function)


class _Attributes(TypedDict, total=False):
    group: object
    owners: object
    tags: object
    partitions: object
    automation: object


def _attributes(named: Named) -> _Attributes:
    condition = given(named, "automation_condition")
    return {
        "group": given(named, "group_name"),
        "owners": given(named, "owners", ()),
        "tags": given(named, "tags"),
        "partitions": given(named, "partitions_def"),
        "automation": given(named, "auto_materialize_policy") if condition is None else condition,
    }


def spec_of(named: Named, path: str, line: int, *, is_spec: bool = False) -> Asset:
    """An `AssetSpec` or `SourceAsset`, which by itself is an asset that Dagster does not make."""
    return Asset(
        key=prefixed(given(named, "key_prefix"), key_of(given(named, "key"))),
        kind="external_asset",
        path=path,
        line=line,
        deps=keys_of(given(named, "deps")),
        is_spec=is_spec,
        **_attributes(named),
    )


def _graph_retry(machine: graphs.Composer, function: Function) -> object:
    """The policy of the op that retries least: the asset fails as soon as that one gives up."""
    policies = [node.op.retry for node in graphs.body_of(machine, function, {})]
    if any(isinstance(policy, Unknown) for policy in policies):
        return UNKNOWN
    known = [policy for policy in policies if isinstance(policy, Retry) and isinstance(policy.retries, int)]
    if len(known) < len(policies) or not known:
        return None
    return min(known, key=lambda policy: int(str(policy.retries)))


def _multi_asset(machine: graphs.Composer, role: str, named: Named, function: Function) -> Assets:
    retry = None if role == "graph_multi_asset" else given(named, "retry_policy")
    kind = "observable_asset" if role == "multi_observable_source_asset" else "asset"
    specs, outs = given(named, "specs", ()), given(named, "outs", {})
    inputs = (*keys_of(given(named, "deps")), *input_keys(machine, function, given(named, "ins")))
    shared = _told(_attributes(named))
    found: list[Asset] = []
    for spec in specs if isinstance(specs, (list, tuple)) else (UNKNOWN,):
        if isinstance(spec, Asset):
            made = replace(
                spec, kind=kind, is_spec=False, retry=retry, path=function.scope.path, line=function.line
            )
            found.append(replace(made, **{**shared, **_own(spec)}))  # type: ignore[arg-type]  # fields by name
        else:
            found.append(Asset(UNKNOWN, kind, function.scope.path, function.line))
    if isinstance(outs, dict):
        internal = given(named, "internal_asset_deps", {})
        for name, out in outs.items():
            own: _Attributes = _told(_attributes(out.named)) if isinstance(out, Given) else {}
            deps = internal.get(name) if isinstance(internal, dict) else None
            attributes: _Attributes = {**shared, **own}
            found.append(
                Asset(
                    key=_out_key(name, out),
                    kind=kind,
                    deps=inputs if deps is None else keys_of(deps),
                    retry=retry,
                    path=function.scope.path,
                    line=function.line,
                    **attributes,
                )
            )
    else:
        found.append(Asset(UNKNOWN, kind, function.scope.path, function.line))
    return Assets(tuple(found), _check_specs(given(named, "check_specs"), UNKNOWN, function), function)


def _own(spec: Asset) -> dict[str, object]:
    names = ("group", "owners", "tags", "partitions", "automation")
    return {name: held for name in names if (held := getattr(spec, name)) not in (None, ())}


def _told(attributes: _Attributes) -> _Attributes:
    """Those that are given at all."""
    told = {name: value for name, value in attributes.items() if value not in (None, ())}
    return cast(_Attributes, told)


def _out_key(name: object, out: object) -> Key | Unknown:
    if isinstance(out, Given):
        key = given(out.named, "key")
        return key_of(key) if key is not None else prefixed(given(out.named, "key_prefix"), key_of(name))
    return key_of(name)


def _check_specs(specs: object, asset: Key | Unknown, function: Function) -> tuple[Check, ...]:
    found = []
    for spec in specs if isinstance(specs, (list, tuple)) else ():
        if isinstance(spec, Given):
            named_asset = given(spec.named, "asset")
            key = asset if named_asset is None else key_of(named_asset)
            deps = keys_of(given(spec.named, "additional_deps"))
            found.append(
                Check(key, given(spec.named, "name"), function.scope.path, function.line, None, deps)
            )
    return tuple(found)


def job_of(machine: graphs.Composer, graph: Graph, named: Named) -> Job:
    """A job of ops: its graph with the settings of the job."""
    name = given(named, "name") or graph.used_as
    return Job(
        name=name,
        path=graph.path,
        line=graph.line,
        nodes=graphs.body_of(machine, graph.function, {}),
        retry=given(named, "op_retry_policy"),
        tags=given(named, "tags"),
        owners=given(named, "owners", ()),
        partitions=given(named, "partitions_def"),
    )


def schedule_of(named: Named, path: str, line: int) -> Schedule:
    """`ScheduleDefinition(...)` or `@schedule(...)`."""
    job = _target(named)
    name = given(named, "name")
    if name is None:
        own = job.name if isinstance(job, Job) else job
        name = f"{own}_schedule" if isinstance(own, str) else UNKNOWN
    if isinstance(job, (list, tuple)) or not isinstance(job, (Job, str, Unknown)):
        job = anonymous_job(name, job, path, line)
    return Schedule(
        name=name,
        job=job,
        cron=canonical(given(named, "cron_schedule")),
        timezone=given(named, "execution_timezone"),
        running=is_running(given(named, "default_status")),
        path=path,
        line=line,
    )


def _target(named: Named) -> object:
    """The job that a schedule or sensor launches, by name or itself; assets make a job of their own."""
    for name in ("job", "job_name", "target"):
        value = given(named, name)
        if value is not None:
            return value
    return UNKNOWN


def anonymous_job(name: object, selection: object, path: str, line: int) -> Job | Unknown:
    """The job that Dagster makes for a schedule or sensor that targets assets."""
    if not isinstance(name, str):
        return UNKNOWN
    return Job(f"__anonymous_asset_job_{name}", path, line, selection=selection)


def sensor_of(named: Named, path: str, line: int) -> Sensor:
    """A sensor of any kind, with the jobs that it may launch."""
    name = given(named, "name")
    jobs: list[object] = []
    for argument in ("job", "job_name", "request_job", "jobs", "request_jobs"):
        value = given(named, argument)
        if value is not None:
            jobs += value if isinstance(value, (list, tuple)) else [value]
    target = given(named, "target")
    if target is not None and not is_open(named):
        known = isinstance(target, (Job, str, Unknown))
        jobs.append(target if known else anonymous_job(name, target, path, line))
    return Sensor(name, tuple(jobs), is_running(given(named, "default_status")), path, line)
