"""Loading from modules, packages and `defs` folders."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from meta_pipeline.schedulers.dagster.static.components import components_in, of_folder
from meta_pipeline.schedulers.dagster.static.gathering import flat, gathered, loose, merged
from meta_pipeline.schedulers.dagster.static.keys import prefixed
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Asset, Assets, Definitions, Key, Lazy
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Module, Scope, Unknown

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]
LOADERS = frozenset(
    [
        f"load_{what}_from_{where}"
        for what in ("assets", "asset_checks", "definitions")
        for where in ("modules", "module", "package_module", "package_name", "current_module")
    ]
    + ["load_defs", "load_from_defs_folder"]
)
_COMPONENT_FILES = ("defs.yaml", "component.yaml", "defs.yml", "component.yml")


def load(machine: "LocationCode", loader: str, named: Named, site: Site) -> object:
    """What one of the `LOADERS` gives."""
    if loader == "load_from_defs_folder":
        folder = machine.defs_folder or posixpath.join(posixpath.dirname(site.path), "defs")
        return defs_folder(machine, folder, site, stops_at_definitions=False)
    if loader == "load_defs":
        folder_of = _folder(machine, given(named, "defs_root", next(iter(named.values()), UNKNOWN)))
        if folder_of is None:
            machine.opaque(site.path, site.line, "the folder of these definitions is known only at run time")
            return UNKNOWN
        return defs_folder(machine, folder_of, site, stops_at_definitions=True)
    scopes = list(_scopes(machine, loader, named, site))
    things = [thing for scope in scopes for thing in loose(scope.names)]
    if loader.startswith("load_definitions"):
        return gathered(things, site)
    specs = given(named, "include_specs") is True

    def takes(asset: Asset) -> bool:
        return specs or not asset.is_spec

    wanted: list[object] = []
    for thing in things:
        if isinstance(thing, Assets):
            kept = bool(thing.checks and not thing.assets) == loader.startswith("load_asset_checks")
            wanted += [thing] if kept else []
        elif isinstance(thing, Asset) and loader.startswith("load_assets") and takes(thing):
            wanted.append(thing)
    return _with_attributes(list(dict.fromkeys(wanted)), named)


def _scopes(machine: "LocationCode", loader: str, named: Named, site: Site) -> Iterator[Scope]:
    if loader.endswith("current_module"):
        yield machine.file_scope(site.path)
        return
    value = next(
        (named[key] for key in ("modules", "module", "package_module", "package_name") if key in named),
        UNKNOWN,
    )
    for module in flat([Module(value) if isinstance(value, str) else value]):
        if not isinstance(module, Module):
            machine.opaque(site.path, site.line, "which modules are loaded here is known only at run time")
            continue
        scope = machine.module_scope(module.name)
        if scope is not None:
            yield scope
        if "package" in loader:
            folder = _folder(machine, module)
            for path in machine.modules.files_below(folder) if folder is not None else ():
                if path.endswith(".py"):
                    yield machine.file_scope(path)


def _folder(machine: "LocationCode", module: object) -> str | None:
    path = machine.modules.find(module.name) if isinstance(module, Module) else None
    return posixpath.dirname(path) if path else None


def _with_attributes(things: list[object], named: Named) -> list[object]:
    """The loaded assets with the group, prefix and condition that the loader gives to all of them."""
    group, prefix = given(named, "group_name"), given(named, "key_prefix")
    condition = given(named, "automation_condition")
    owners = given(named, "owners")
    own = [asset for thing in things for asset in (thing.assets if isinstance(thing, Assets) else [thing])]
    moved: dict[Key, Key | Unknown] = {}
    if prefix is not None:
        moved = {
            asset.key: prefixed(prefix, asset.key)
            for asset in own
            if isinstance(asset, Asset)
            and not isinstance(asset.key, Unknown)
            and asset.kind != "external_asset"
        }

    def changed(asset: Asset) -> Asset:
        return replace(
            asset,
            key=_moved(asset.key, moved),
            deps=tuple(_moved(dep, moved) for dep in asset.deps),
            group=asset.group if group is None else group,
            automation=condition if asset.automation is None else asset.automation,
            owners=asset.owners if owners is None else owners,
        )

    found: list[object] = []
    for thing in things:
        if isinstance(thing, Assets):
            checks = tuple(replace(check, asset=_moved(check.asset, moved)) for check in thing.checks)
            found.append(replace(thing, assets=tuple(map(changed, thing.assets)), checks=checks))
        elif isinstance(thing, Asset):
            found.append(changed(thing))
    return found


def _moved(key: Key | Unknown, moved: Mapping[Key, Key | Unknown]) -> Key | Unknown:
    return key if isinstance(key, Unknown) else moved.get(key, key)


def defs_folder(
    machine: "LocationCode", folder: str, site: Site, *, stops_at_definitions: bool
) -> Definitions:
    """Everything below a `defs` folder, as Dagster loads it.

    A folder with a component file is that component's; with `stops_at_definitions`, a folder with a
    `definitions.py` is what that file says.
    """
    files = machine.modules.files_below(folder)
    here = {path for path in files if "/" not in path[len(folder) + 1 :]}
    component = next((f"{folder}/{name}" for name in _COMPONENT_FILES if f"{folder}/{name}" in here), None)
    if component is not None:
        made = components_in(machine, component)
        if made is not None:
            return made
    if stops_at_definitions and f"{folder}/definitions.py" in here and f"{folder}/component.py" not in here:
        return of_module(machine, f"{folder}/definitions.py")
    parts: list[object] = [of_module(machine, path) for path in sorted(here) if path.endswith(".py")]
    inner = {path[len(folder) + 1 :].partition("/")[0] for path in files if path not in here}
    for name in sorted(inner - {part for part in inner if part.startswith((".", "__pycache__"))}):
        below = f"{folder}/{name}"
        if any(path.startswith(f"{below}/") for path in files):
            parts.append(defs_folder(machine, below, site, stops_at_definitions=stops_at_definitions))
    whole = merged(parts, Site(site.path, site.line))
    return whole if component is None else of_folder(machine, component, whole)


def of_module(machine: "LocationCode", path: str) -> Definitions:
    """The definitions of one file: what it calls so, or else all that stands at its top."""
    return definitions_in(machine, machine.file_scope(path), path) or gathered(
        loose(machine.file_scope(path).names), Site(path, 1)
    )


def definitions_in(machine: "LocationCode", scope: Scope, path: str) -> Definitions | None:
    """The `Definitions` at the top of a module, those of `@definitions` functions among them."""
    found: dict[Definitions, None] = {}
    for value in dict.fromkeys(
        value for value in scope.names.values() if isinstance(value, (Definitions, Lazy))
    ):
        made: object = value
        if isinstance(value, Lazy):
            site = Site(value.function.scope.path, value.function.line)
            made = machine.call(value, Arguments(), site)
            if isinstance(made, (list, tuple, dict)):
                made = merged(list(flat(made)), site)
        if isinstance(made, Definitions):
            found[made] = None
        else:
            machine.opaque(path, None, "what its definitions are is known only at run time")
    if len(found) > 1:
        first, second, *_ = found
        message = (
            f"Dagster takes one Definitions a module, and one stands at line {first.line} too; merge them"
        )
        machine.error(path, second.line if second.path == path else None, message)
    return merged(found, Site(*_place(found, path))) if found else None


def _place(found: Mapping[Definitions, None], path: str) -> tuple[str, int]:
    first = next(iter(found))
    return first.path, first.line
