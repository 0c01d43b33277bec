"""Methods of what Dagster code builds."""

from collections.abc import Mapping
from dataclasses import replace

from meta_pipeline.schedulers.dagster.static import calls
from meta_pipeline.schedulers.dagster.static.decorators import job_of
from meta_pipeline.schedulers.dagster.static.graphs import Composer
from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    Assets,
    Condition,
    Graph,
    Job,
    Op,
    OpOutput,
    Selection,
)
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Method

_NARROWING = (
    *("upstream", "downstream", "without_checks", "roots", "sinks", "sources", "materializable"),
    *("required_multi_asset_neighbors", "upstream_source_assets"),
)
_UNCHANGED = (
    "tag",
    "with_hooks",
    "configured",
    "with_top_level_resources",
    "with_resources",
    "with_attributes",
)


def call_method(machine: Composer, method: Method, arguments: Arguments, site: Site) -> object:
    """The value of `receiver.name(...)`; most methods of Dagster give the same thing again."""
    receiver, name = method.receiver, method.name
    named = calls.named_of(arguments)
    match receiver, name:
        case Graph(), "to_job":
            return replace(job_of(machine, receiver, named), path=site.path, line=site.line)
        case ((Op() | Graph()), "alias"):
            return replace(receiver, alias=arguments.positional[0] if arguments.positional else UNKNOWN)
        case Op(), "with_retry_policy":
            return replace(receiver, retry=arguments.positional[0] if arguments.positional else UNKNOWN)
        case OpOutput(), "map":
            target = arguments.positional[0] if arguments.positional else UNKNOWN
            mapped = machine.call(target, Arguments([receiver]), site)
            return mapped if isinstance(mapped, (OpOutput, tuple)) else receiver
        case OpOutput(), "collect":
            return receiver
        case Asset(), "replace_attributes" | "merge_attributes":
            return _changed(receiver, named, adds=name == "merge_attributes")
        case Selection(), _ if name in _NARROWING:
            given = tuple(arguments.positional)
            return Selection(name, (receiver, *given, *arguments.named.values()))
        case Condition(), "with_label":
            label = arguments.positional[0] if arguments.positional else UNKNOWN
            return Condition(label) if isinstance(label, str) else Condition("custom condition")
        case Condition(), _:
            return Condition("custom condition")
        case ((Op() | Graph() | Job() | Assets() | Asset()), _) if name in _UNCHANGED:
            return receiver
    return UNKNOWN


def _changed(asset: Asset, named: Mapping[object, object], *, adds: bool) -> Asset:
    """`spec.replace_attributes(...)` or `spec.merge_attributes(...)`."""
    changes: dict[str, object] = {}
    fields = {"group_name": "group", "automation_condition": "automation", "partitions_def": "partitions"}
    for key, value in named.items():
        match key:
            case "deps":
                changes["deps"] = (*(asset.deps if adds else ()), *keys_of(value))
            case "key":
                changes["key"] = key_of(value)
            case "owners" | "tags":
                changes[str(key)] = _added(getattr(asset, str(key)), value) if adds else value
            case "group_name" | "automation_condition" | "partitions_def":
                changes[fields[str(key)]] = value
    return replace(asset, **changes)  # type: ignore[arg-type]  # each value has the type of its field


def _added(held: object, more: object) -> object:
    if isinstance(held, (list, tuple)) and isinstance(more, (list, tuple)):
        return [*held, *more]
    return {**held, **more} if isinstance(held, dict) and isinstance(more, dict) else more
