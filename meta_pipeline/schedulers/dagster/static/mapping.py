"""Definitions with their assets changed, all or those of a selection."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from meta_pipeline.schedulers.dagster.static.selections import Catalogue, UnknownSelectionError, select
from meta_pipeline.schedulers.dagster.static.values import Asset, Check, Definitions, Key
from meta_pipeline.schedulers.source.machine import Machine, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Unknown


def mapped(
    machine: Machine,
    definitions: Definitions,
    change: Callable[[Asset], object],
    selection: object,
    site: Site,
) -> Definitions:
    """`definitions.map_asset_specs(func=change, selection=selection)`; a new key moves what names the old one."""
    known = {asset.key: asset for asset in definitions.assets if not isinstance(asset.key, Unknown)}
    # A selection without words of its own takes all assets, those that nothing makes too.
    chosen = set(known)
    if selection not in (None, "*"):
        try:
            chosen = set(select(selection, Catalogue(known, definitions.checks, everything=True)).assets)
        except UnknownSelectionError:
            machine.opaque(site.path, site.line, "which assets are changed here is known only at run time")
            change = partial(_perhaps, change)
    made: list[Asset] = []
    moved: dict[Key, Key | Unknown] = {}
    for asset in definitions.assets:
        if isinstance(asset.key, Unknown) or asset.key not in chosen:
            made.append(asset)
            continue
        new = change(asset)
        if not isinstance(new, Asset):
            fields = ("group", "owners", "tags", "automation", "freshness")
            new = replace(asset, **dict.fromkeys(fields, UNKNOWN))  # type: ignore[arg-type]  # any value may stand there
        if new.key != asset.key:
            moved[asset.key] = new.key
        made.append(replace(new, kind=asset.kind, is_spec=asset.is_spec))
    if not moved:
        return replace(definitions, assets=tuple(made))
    assets = tuple(replace(one, deps=tuple(_moved(dep, moved) for dep in one.deps)) for one in made)
    return replace(definitions, assets=assets, checks=tuple(_check(one, moved) for one in definitions.checks))


def _perhaps(change: Callable[[Asset], object], asset: Asset) -> object:
    """An asset that may be changed or not: what the change would set is not known."""
    new = change(asset)
    if not isinstance(new, Asset):
        return new
    fields = ("group", "owners", "tags", "kinds", "automation", "freshness", "metadata", "partitions")
    apart = [name for name in fields if getattr(new, name) != getattr(asset, name)]
    return replace(asset, **dict.fromkeys(apart, UNKNOWN))  # type: ignore[arg-type]  # any value may stand there


def _check(check: Check, moved: dict[Key, Key | Unknown]) -> Check:
    deps = tuple(_moved(dep, moved) for dep in check.deps)
    return replace(check, asset=_moved(check.asset, moved), deps=deps)


def _moved(key: Key | Unknown, moved: dict[Key, Key | Unknown]) -> Key | Unknown:
    return key if isinstance(key, Unknown) else moved.get(key, key)
