"""The assets that dagster-sling makes of the streams of a replication."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from meta_pipeline.delivery.yaml_source import Unreadable, read_yaml
from meta_pipeline.schedulers.dagster.static.attributes import attributes_of, op_settings, told
from meta_pipeline.schedulers.dagster.static.keys import key_of
from meta_pipeline.schedulers.dagster.static.values import Asset, Assets, Key
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import find_method
from meta_pipeline.schedulers.source.values import UNKNOWN, Instance, Method, SourcePath, Unknown, is_open

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]

_UNFIT = re.compile(r"[^A-Za-z0-9_.]+")
_METHODS = {
    "get_group_name": "group",
    "get_kinds": "kinds",
    "get_tags": "tags",
    "get_auto_materialize_policy": "automation",
}
_UNREAD = ("sanitize_stream_name", "get_asset_spec")


def assets_of(
    machine: "LocationCode", config: object, translator: object, named: Named, site: Site
) -> Assets | None:
    """The assets of a replication, given as a mapping or as the path of its file; None where a run decides."""
    known = _replication(machine, config)
    own = translator if isinstance(translator, Instance) else None
    if known is None or (translator is not None and own is None):
        return None
    if own is not None and any(find_method(own.kind, name) for name in _UNREAD):
        return None
    streams = known.get("streams")
    if not isinstance(streams, dict) or is_open(streams):
        return None
    shared = {**op_settings(named), **told(attributes_of(named))}
    found = []
    for name, stream in streams.items():
        held = stream if isinstance(stream, dict) else {}
        if not isinstance(name, str) or isinstance(stream, Unknown):
            return None
        if held.get("disabled") is True:
            continue
        asset = _asset(machine, name, _with_defaults(held, known.get("defaults")), own, site)
        found.append(replace(asset, **shared))  # type: ignore[arg-type]  # fields by name
    return Assets(tuple(found))


def _replication(machine: "LocationCode", config: object) -> dict[object, object] | None:
    if isinstance(config, SourcePath):
        text = machine.modules.text(config.path)
        read = read_yaml(text, config.path) if text else None
        config = None if read is None or isinstance(read, Unreadable) else read.plain()
    return config if isinstance(config, dict) else None


def _with_defaults(stream: dict[object, object], defaults: object) -> dict[object, object]:
    """What `defaults: meta: dagster:` says of every stream stands below what the stream says itself."""
    meta = defaults.get("meta") if isinstance(defaults, dict) else None
    below = meta.get("dagster") if isinstance(meta, dict) else None
    own = stream.get("meta")
    above = own.get("dagster") if isinstance(own, dict) else None
    if not isinstance(below, dict):
        return stream
    return {**stream, "meta": {"dagster": {**below, **(above if isinstance(above, dict) else {})}}}


def _asset(
    machine: "LocationCode", name: str, stream: dict[object, object], own: Instance | None, site: Site
) -> Asset:
    meta = stream.get("meta")
    dagster = meta.get("dagster") if isinstance(meta, dict) else None
    told_there: dict[object, object] = dagster if isinstance(dagster, dict) else {}
    prefix = own.attributes.get("target_prefix", "target") if own is not None else "target"
    given = told_there.get("asset_key")
    target = stream.get("object") or name
    key: Key | Unknown = UNKNOWN
    if isinstance(given, str):
        key = tuple(given.split("."))
    elif isinstance(target, str):
        key = key_of([prefix, *_parts(target)])
    definition: dict[object, object] = {"name": name, "config": stream}
    asset = Asset(
        key=key,
        kind="asset",
        path=site.path,
        line=site.line,
        deps=_deps(told_there.get("deps"), name),
        group=told_there.get("group"),
        kinds=["sling"],
    )
    if own is None:
        return asset
    changes = {
        field: _asked(machine, own, method, definition, site)
        for method, field in _METHODS.items()
        if find_method(own.kind, method)
    }
    if find_method(own.kind, "get_asset_key"):
        changes["key"] = key_of(_asked(machine, own, "get_asset_key", definition, site))
    if find_method(own.kind, "get_deps_asset_key"):
        made = _asked(machine, own, "get_deps_asset_key", definition, site)
        changes["deps"] = tuple(map(key_of, made)) if isinstance(made, (list, tuple)) else (UNKNOWN,)
    return replace(asset, **changes)  # type: ignore[arg-type]  # fields by name


def _asked(machine: "LocationCode", own: Instance, method: str, stream: object, site: Site) -> object:
    return machine.call(Method(own, method), Arguments([stream]), site)


def _deps(given: object, name: str) -> tuple[Key | Unknown, ...]:
    if given is None:
        return (tuple(_parts(name)),)
    several = given if isinstance(given, (list, tuple)) else [given]
    return tuple(tuple(one.split(".")) if isinstance(one, str) else UNKNOWN for one in several)


def _parts(stream: str) -> list[str]:
    return _UNFIT.sub("_", stream.replace('"', "")).lower().split(".")
