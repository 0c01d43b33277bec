"""The assets of dbt projects in the repository, as `@dbt_assets` and its like make them of a manifest."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from meta_pipeline.schedulers.dagster.static.attributes import attributes_of, op_settings, told
from meta_pipeline.schedulers.dagster.static.dbt_translator import Translator, is_table
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Asset, AssetKey, Assets, Check, Given, Selection
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN as UNKNOWN_TO_DBT
from meta_pipeline.schedulers.dbt.static.manifest import SourceManifest, adapter_types, source_manifest
from meta_pipeline.schedulers.dbt.static.selecting import UnknownDbtSelectionError, select
from meta_pipeline.schedulers.source.files import joined
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Instance, SourcePath

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Named = Mapping[object, object]

_UNTOLD = (
    *("checksum", "docs", "patch_path", "build_path", "unrendered_config", "created_at", "refs", "sources"),
    *("metrics", "compiled_path", "contract", "access", "constraints", "latest_version", "language"),
    *("deprecation_date", "primary_key", "time_spine", "doc_blocks", "functions", "loader", "freshness"),
    *("external", "quoting", "loaded_at_field", "source_description", "source_meta", "test_metadata"),
    *("column_name", "file_key_name", "compiled", "compiled_code", "unrendered_database"),
)
"""Properties that a manifest has, and that source does not tell."""


@dataclass(frozen=True)
class Wanted:
    """What of a dbt project is wanted: the words of `select`, `exclude` and `selector`."""

    selected: object = ""
    excluded: object = ""
    selector: object = None

    @classmethod
    def of(cls, named: Named, prefix: str = "") -> "Wanted":
        words = [given(named, f"{prefix}{name}") for name in ("select", "exclude", "selector")]
        return cls(*("" if word is None else word for word in words))


def project_member(project: Given, name: str) -> object:
    """`DbtProject(...).name`: its folder, and where its manifest will be."""
    folder = given(project.named, "project_dir")
    if name == "project_dir":
        return folder
    if name == "manifest_path" and isinstance(folder, SourcePath):
        return SourcePath(posixpath.join(folder.path, "target", "manifest.json"))
    return UNKNOWN


def translator_of(
    machine: "LocationCode", named: Named, site: Site, translator: object = None
) -> Translator | None:
    """The resources of the project that `manifest=` or `project=` names; None where it is not in the repository."""
    project = given(named, "project")
    folder = _project_folder(machine, project) or _project_folder(machine, given(named, "manifest"))
    manifest = _manifest(machine, folder) if folder is not None else None
    if manifest is None:
        return None
    if manifest.absent:
        names = ", ".join(manifest.absent)
        message = (
            f"the packages of the dbt project ({names}) are not in the repository, and may bring more models"
        )
        machine.opaque(site.path, site.line, message)
    target = given(project.named, "target") if isinstance(project, Given) else None
    known = target if isinstance(target, str) else None
    adapters = adapter_types(machine.modules.sources.tree, manifest.project, known)
    props = {**manifest.nodes, **manifest.sources}
    plain = {key: {**_plain(held), **dict.fromkeys(_UNTOLD, UNKNOWN)} for key, held in props.items()}
    instance = translator if isinstance(translator, Instance) else None
    settings = instance.attributes.get("settings") if instance is not None else None
    if isinstance(translator, Given):
        settings = given(translator.named, "settings")
    return Translator(machine, manifest, plain, site, instance, adapters, settings)


def assets_of(translator: Translator, wanted: Wanted, named: Named) -> Assets | None:
    """The assets and checks of what is wanted; None where only dbt can tell what that is.

    `named` are the arguments that hold for all of them: partitions, retry policy, pool.
    """
    chosen = _chosen(translator, wanted)
    if chosen is None:
        return None
    shared = {**op_settings(named), **told(attributes_of(named))}
    settings = _settings(translator)
    assets: list[Asset] = []
    checks: dict[tuple[object, object], Check] = {}
    for unique_id in chosen:
        if not is_table(translator.props[unique_id]):
            continue
        spec = translator.asset(unique_id)
        kept = {name: value for name, value in shared.items() if getattr(spec, name) in (None, ())}
        assets.append(replace(spec, is_spec=False, **kept))  # type: ignore[arg-type]  # fields by name
        for check in _checks(translator, unique_id, chosen, settings):
            checks.setdefault((check.asset, check.name), check)
    return Assets(tuple(assets), tuple(checks.values()), origin=translator)


def specs_of(translator: Translator, wanted: Wanted) -> list[object] | None:
    """The same as specifications, which nothing makes: `build_dbt_asset_specs(...)`."""
    chosen = _chosen(translator, wanted)
    if chosen is None:
        return None
    tables = [one for one in chosen if is_table(translator.props[one])]
    return [replace(translator.asset(one), kind="external_asset") for one in tables]


def _checks(
    translator: Translator, unique_id: str, chosen: list[str], settings: Mapping[object, object]
) -> Iterator[Check]:
    if settings.get("enable_asset_checks", True) is not True:
        return
    tests = [one for one, props in translator.props.items() if props["resource_type"] == "test"]
    on_sources = settings.get("enable_source_tests_as_checks") is True
    sources = [
        one for one in translator.upstream(unique_id) if translator.props[one]["resource_type"] == "source"
    ]
    for test in tests:
        for asset_id in (unique_id, *(sources if on_sources else ())):
            if asset_id in translator.manifest.parents(test) and (asset_id != unique_id or test in chosen):
                check = translator.check(test, asset_id)
                if check is not None:
                    yield check


def _settings(translator: Translator) -> Mapping[object, object]:
    held = translator.settings
    return held.named if isinstance(held, Given) else {}


def _chosen(translator: Translator, wanted: Wanted) -> list[str] | None:
    words = (wanted.selected, wanted.excluded)
    if wanted.selector or not all(isinstance(word, str) for word in words):
        return None
    try:
        return sorted(select(translator.manifest, str(wanted.selected), str(wanted.excluded)))
    except UnknownDbtSelectionError:
        return None


def selection_of(translator: Translator, wanted: Wanted) -> object:
    """`build_dbt_asset_selection(...)`: the keys of what is wanted."""
    chosen = _chosen(translator, wanted)
    if chosen is None:
        return UNKNOWN
    keys = [translator.asset(one).key for one in chosen if is_table(translator.props[one])]
    return Selection("there", tuple(AssetKey(key) for key in keys))


def freshness_of(translator: Translator, unique_id: str) -> Mapping[str, object] | None:
    """The freshness check that the metadata of a model ask for."""
    meta = translator.props[unique_id].get("meta")
    dagster = meta.get("dagster") if isinstance(meta, dict) else None
    asked = dagster.get("freshness_check") if isinstance(dagster, dict) else None
    return asked if isinstance(asked, dict) else None


def key_of_model(assets: object, name: object) -> object:
    """`get_asset_key_for_model(assets, name)`."""
    for one in assets if isinstance(assets, (list, tuple)) else ():
        for asset in one.assets if isinstance(one, Assets) else ():
            if asset.table == name:
                return AssetKey(asset.key)
    return UNKNOWN


def key_of_source(assets: object, name: object) -> object:
    """`get_asset_key_for_source(assets, name)`: the key of the one table of a source."""
    for one in assets if isinstance(assets, (list, tuple)) else ():
        origin = one.origin if isinstance(one, Assets) else None
        if isinstance(origin, Translator):
            found = [key for key, props in origin.manifest.sources.items() if props["source_name"] == name]
            if len(found) == 1:
                return AssetKey(origin.asset(found[0]).key)
    return UNKNOWN


def origin_of(assets: object) -> Translator | None:
    """The project that assets were made of, which stand alone or in a list."""
    for one in assets if isinstance(assets, (list, tuple)) else (assets,):
        if isinstance(one, Assets) and isinstance(one.origin, Translator):
            return one.origin
    return None


def _project_folder(machine: "LocationCode", value: object) -> str | None:
    """The folder of the dbt project that a `DbtProject`, a path of it or the path of its manifest means."""
    if isinstance(value, Given):
        return _project_folder(machine, given(value.named, "project_dir"))
    if isinstance(value, str):
        value = joined(SourcePath(machine.home or ""), [value])
    if not isinstance(value, SourcePath):
        return None
    path = value.path
    if path.endswith(".json"):
        path = posixpath.dirname(path)
        path = posixpath.dirname(path) if posixpath.basename(path) == "target" else path
    return path or "."


def _manifest(machine: "LocationCode", folder: str) -> SourceManifest | None:
    if folder not in machine.manifests:
        outer = "" if folder == "." else folder
        # The reading of this code location holds as long as no file of the project changes.
        there = machine.modules.files_below(outer)
        for path in there:
            if path.endswith((".sql", ".yml", ".yaml", ".csv", ".py")):
                machine.modules.has_file(path)
        machine.manifests[folder] = source_manifest(machine.modules.sources.tree, folder)
    return machine.manifests[folder]


def _plain(value: Any) -> Any:
    """What dbt's reader says, in the words of the reader of code."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return UNKNOWN if value is UNKNOWN_TO_DBT else value
