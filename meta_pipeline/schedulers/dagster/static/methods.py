"""Methods of what Dagster code builds."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from meta_pipeline.schedulers.dagster.static import calls, conditions
from meta_pipeline.schedulers.dagster.static.attributes import FIELDS
from meta_pipeline.schedulers.dagster.static.decorators import job_of
from meta_pipeline.schedulers.dagster.static.graphs import Composer
from meta_pipeline.schedulers.dagster.static.keys import key_of, keys_of, prefixed, text_of
from meta_pipeline.schedulers.dagster.static.mapping import mapped
from meta_pipeline.schedulers.dagster.static.values import (
    Asset,
    AssetKey,
    Assets,
    Condition,
    Definitions,
    Graph,
    Job,
    Op,
    OpOutput,
    Selection,
)
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Method, OpenList

_NARROWING = (
    *("upstream", "downstream", "without_checks", "roots", "sinks", "sources", "materializable"),
    *("required_multi_asset_neighbors", "upstream_source_assets"),
)
_MAPPING = ("map_asset_specs", "map_resolved_asset_specs", "permissive_map_resolved_asset_specs")
_UNCHANGED = (
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
            return replace(receiver, alias=_first(arguments))
        case Op(), "with_retry_policy":
            return replace(receiver, retry=_first(arguments))
        case OpOutput(), "map":
            outputs = machine.call(_first(arguments), Arguments([receiver]), site)
            return outputs if isinstance(outputs, (OpOutput, tuple)) else receiver
        case OpOutput(), "collect":
            return receiver
        case Asset(), "replace_attributes" | "merge_attributes":
            return changed(receiver, named, adds=name == "merge_attributes")
        case Selection(), _ if name in _NARROWING:
            given = tuple(arguments.positional)
            return Selection(name, (receiver, *given, *arguments.named.values()))
        case Condition(), _:
            return conditions.method_of(receiver, name, arguments.positional)
        case AssetKey(parts=tuple() as parts), "with_prefix":
            return AssetKey(prefixed(_first(arguments), parts))
        case AssetKey(parts=tuple() as parts), "to_user_string":
            return text_of(parts)
        case Definitions(), _ if name in _MAPPING:
            function, target = named.get("func", _first(arguments)), named.get("selection")
            change = partial(_called, machine, function, site)
            return mapped(machine, receiver, change, target, site)
        case Definitions(), _ if name.startswith("with_"):
            return receiver
        case Assets(), "map_asset_specs":
            made = [_called(machine, _first(arguments), site, one) for one in receiver.assets]
            known = tuple(one for one in made if isinstance(one, Asset))
            return replace(receiver, assets=known) if len(known) == len(made) else UNKNOWN
        case Op(), "tag":
            return replace(receiver, tags=_added(receiver.tags or {}, _first(arguments)))
        case ((Op() | Job()), "with_hooks"):
            return replace(receiver, hooks=_added(receiver.hooks or (), _first(arguments)))
        case ((Op() | Graph() | Job() | Assets() | Asset()), _) if name in _UNCHANGED:
            return receiver
    return UNKNOWN


def _called(machine: Composer, function: object, site: Site, asset: Asset) -> object:
    """What a function of the code makes of a specification; the asset goes on as what it was."""
    made = machine.call(function, Arguments([asset]), site)
    return replace(made, kind=asset.kind, is_spec=asset.is_spec) if isinstance(made, Asset) else UNKNOWN


def _first(arguments: Arguments) -> object:
    """The one argument that a method takes, however it is named."""
    return next(iter([*arguments.positional, *arguments.named.values()]), UNKNOWN)


def changed(asset: Asset, named: Mapping[object, object], *, adds: bool) -> Asset:
    """`spec.replace_attributes(...)` or `spec.merge_attributes(...)`."""
    changes: dict[str, object] = {}
    for key, value in named.items():
        field = FIELDS.get(str(key))
        if key == "deps":
            changes["deps"] = (*(asset.deps if adds else ()), *keys_of(value))
        elif key == "key":
            changes["key"] = key_of(value)
        elif field in ("owners", "tags", "kinds", "metadata"):
            changes[field] = _added(getattr(asset, field), value) if adds else value
        elif field is not None:
            changes[field] = value
    return replace(asset, **changes)  # type: ignore[arg-type]  # each value has the type of its field


def _added(held: object, more: object) -> object:
    several = (list, tuple, set)
    if isinstance(held, several) and isinstance(more, several):
        return OpenList([*held, *more]) if isinstance(more, OpenList) else [*held, *more]
    if held is None:
        return more
    return {**held, **more} if isinstance(held, dict) and isinstance(more, dict) else more
