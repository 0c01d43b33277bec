"""The decorators that make assets, checks, ops, graphs, jobs, schedules and sensors of functions."""

from collections.abc import Mapping
from dataclasses import replace

from meta_pipeline.schedulers.dagster.static import graphs
from meta_pipeline.schedulers.dagster.static.attributes import (
    Attributes,
    OpSettings,
    attributes_of,
    op_settings,
    own_of,
    told,
)
from meta_pipeline.schedulers.dagster.static.inputs import input_keys
from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of, prefixed
from meta_pipeline.schedulers.dagster.static.launching import run_settings, schedule_of, sensor_of
from meta_pipeline.schedulers.dagster.static.settings import given, partitions_of_job
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Assets,
    Check,
    Given,
    Graph,
    Hook,
    Job,
    Key,
    Lazy,
    Op,
    Retry,
)
from meta_pipeline.schedulers.source.values import UNKNOWN, Function, Unknown

Named = Mapping[object, object]

ASSET_ROLES = ("asset", "graph_asset", "observable_source_asset")
SENSOR_ROLES = ("sensor", "asset_sensor", "multi_asset_sensor", "run_status_sensor", "run_failure_sensor")
ROLES = (
    *ASSET_ROLES,
    *("multi_asset", "graph_multi_asset", "multi_observable_source_asset"),
    *("asset_check", "multi_asset_check", "op", "graph", "job", "schedule"),
    *("failure_hook", "success_hook"),
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
            condition = given(named, "automation_condition")
            check = Check(asset, name, path, line, deps=deps, automation=condition, **op_settings(named))
            return Assets((), (check,), function)
        case "multi_asset_check":
            checks = check_specs(given(named, "specs"), UNKNOWN, function)
            return Assets((), tuple(replace(check, **op_settings(named)) for check in checks), function)
        case "op":
            settings = (given(named, key) for key in ("retry_policy", "pool", "tags"))
            return Op(name, function, path, line, *settings)
        case "failure_hook" | "success_hook":
            return Hook(role, name)
        case "graph":
            return Graph(name, function, path, line)
        case "job":
            graph = Graph(name, function, path, line)
            return job_of(machine, graph, named)
        case "schedule":
            return schedule_of({**named, "name": name}, path, line)
        case "definitions" | "repository":
            return Lazy(function)
    return sensor_of({**named, "name": name}, path, line, role)


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
        hooks=given(named, "hooks", ()),
        **(graph_settings(machine, function) if role == "graph_asset" else op_settings(named)),
        **attributes_of(named),
    )
    return Assets((asset,), check_specs(given(named, "check_specs"), own_key, function), function)


def graph_settings(machine: graphs.Composer, function: Function) -> OpSettings:
    """The pools of all ops of a graph, and the policy of the op that retries least: with it the graph fails."""
    ops = [node.op for node in graphs.body_of(machine, function, {})]
    pools = {op.pool for op in ops} - {None}
    pool = ", ".join(sorted(map(str, pools))) if all(isinstance(one, str) for one in pools) else UNKNOWN
    return {"retry": _least([op.retry for op in ops]), "pool": pool or None, "op_tags": None}


def _least(policies: list[object]) -> object:
    if any(isinstance(policy, Unknown) for policy in policies):
        return UNKNOWN
    known = [policy for policy in policies if isinstance(policy, Retry) and isinstance(policy.retries, int)]
    if len(known) < len(policies) or not known:
        return None
    return min(known, key=lambda policy: int(str(policy.retries)))


def _multi_asset(machine: graphs.Composer, role: str, named: Named, function: Function) -> Assets:
    is_graph = role == "graph_multi_asset"
    settings = graph_settings(machine, function) if is_graph else op_settings(named)
    hooks = given(named, "hooks", ())
    kind = "observable_asset" if role == "multi_observable_source_asset" else "asset"
    specs, outs = given(named, "specs", ()), given(named, "outs", {})
    inputs = (*keys_of(given(named, "deps")), *input_keys(machine, function, given(named, "ins")))
    shared = told(attributes_of(named))
    found: list[Asset] = []
    for spec in specs if isinstance(specs, (list, tuple)) else (UNKNOWN,):
        if isinstance(spec, Asset):
            place: dict[str, object] = {"path": function.scope.path, "line": function.line, "hooks": hooks}
            changes = {**settings, **place, **shared, **own_of(spec)}
            found.append(replace(spec, kind=kind, is_spec=False, **changes))  # type: ignore[arg-type]  # fields by name
        else:
            found.append(Asset(UNKNOWN, kind, function.scope.path, function.line))
    if isinstance(outs, dict):
        internal = given(named, "internal_asset_deps", {})
        for name, out in outs.items():
            own: Attributes = told(attributes_of(out.named)) if isinstance(out, Given) else {}
            deps = internal.get(name) if isinstance(internal, dict) else None
            attributes: Attributes = {**shared, **own}
            found.append(
                Asset(
                    key=_out_key(name, out),
                    kind=kind,
                    deps=inputs if deps is None else keys_of(deps),
                    hooks=hooks,
                    path=function.scope.path,
                    line=function.line,
                    **settings,
                    **attributes,
                )
            )
    else:
        found.append(Asset(UNKNOWN, kind, function.scope.path, function.line))
    return Assets(tuple(found), check_specs(given(named, "check_specs"), UNKNOWN, function), function)


def _out_key(name: object, out: object) -> Key | Unknown:
    if isinstance(out, Given):
        key = given(out.named, "key")
        return key_of(key) if key is not None else prefixed(given(out.named, "key_prefix"), key_of(name))
    return key_of(name)


def check_specs(specs: object, asset: Key | Unknown, function: Function) -> tuple[Check, ...]:
    """The checks that `AssetCheckSpec`s tell of, on `asset` where they name none."""
    found = []
    for spec in specs if isinstance(specs, (list, tuple)) else ():
        if isinstance(spec, Given):
            named_asset = given(spec.named, "asset")
            key = asset if named_asset is None else key_of(named_asset)
            deps = keys_of(given(spec.named, "additional_deps"))
            name, condition = given(spec.named, "name"), given(spec.named, "automation_condition")
            place = function.scope.path, function.line
            found.append(Check(key, name, *place, deps=deps, automation=condition))
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
        partitions=partitions_of_job(named),
        **run_settings(named),
    )
