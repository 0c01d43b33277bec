"""The components that Dagster and its integrations bring, by the last part of their names."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from meta_pipeline.delivery.yaml_source import Located
from meta_pipeline.schedulers.dagster.static import dbt_assets, sling
from meta_pipeline.schedulers.dagster.static.attributes import spec_of
from meta_pipeline.schedulers.dagster.static.component_text import Texts
from meta_pipeline.schedulers.dagster.static.dbt_assets import Wanted
from meta_pipeline.schedulers.dagster.static.gathering import gathered
from meta_pipeline.schedulers.dagster.static.keys import key_of, prefixed
from meta_pipeline.schedulers.dagster.static.settings import partitions_of
from meta_pipeline.schedulers.dagster.static.values import Asset, Assets, Check, Given
from meta_pipeline.schedulers.source.files import joined
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Instance, SourcePath

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

Maker = Callable[["LocationCode", Located, Texts, Site], object]


def made_by(machine: "LocationCode", name: str, attributes: Located, texts: Texts, site: Site) -> object:
    """The definitions of a component of Dagster's; `UNKNOWN` for one that is not known here."""
    maker = _MAKERS.get(name)
    return maker(machine, attributes, texts, site) if maker is not None else UNKNOWN


def made_by_instance(
    machine: "LocationCode", instance: Instance, attributes: Located, texts: Texts, site: Site
) -> object:
    """The definitions of a class of the repository that changes one of Dagster's components."""
    names = {kind.name.rpartition(".")[2] for kind in instance.kind.ancestry()}
    if "DbtProjectComponent" in names:
        return _dbt_project(machine, attributes, texts, site, instance)
    return UNKNOWN


def attributes_of_yaml(held: object) -> dict[object, object]:
    """The attributes of an asset as a component file gives them, as the arguments of an `AssetSpec`."""
    if not isinstance(held, dict):
        return {UNKNOWN: UNKNOWN}
    found: dict[object, object] = dict(held)
    for name in ("key", "asset", "key_prefix"):
        if isinstance(found.get(name), str):
            found[name] = str(found[name]).split("/")
    for name in ("deps", "additional_deps"):
        if isinstance(found.get(name), list):
            found[name] = [one.split("/") if isinstance(one, str) else one for one in held[name]]
    if isinstance(found.get("partitions_def"), dict):
        found["partitions_def"] = _partitions(held["partitions_def"])
    return found


def _partitions(held: Mapping[object, object]) -> object:
    kinds = {"time_window": "TimeWindow", "static": "Static"}
    kind = str(held.get("type"))
    given = {key: value for key, value in held.items() if key != "type"}
    if "start_date" in given:
        given["start"] = given["start_date"]
    return partitions_of(f"{kinds.get(kind, kind.title())}PartitionsDefinition", given)


def _executable(machine: "LocationCode", attributes: Located, texts: Texts, site: Site) -> object:
    """`PythonScriptComponent` and the like: one op that makes the assets and checks that are listed."""
    held = texts.value(attributes)
    if not isinstance(held, dict):
        return UNKNOWN
    execution = held.get("execution")
    settings = execution if isinstance(execution, dict) else {}
    pool, tags = settings.get("pool"), settings.get("tags")
    assets = [
        replace(spec_of(attributes_of_yaml(one), site.path, site.line), kind="asset", pool=pool, op_tags=tags)
        for one in held.get("assets") or ()
    ]
    checks = [_check(one, site) for one in held.get("checks") or ()]
    if not assets:
        checks = [replace(check, pool=pool, op_tags=tags) for check in checks]
    return gathered([Assets(tuple(assets), tuple(checks))], site)


def _check(held: object, site: Site) -> Check:
    given = attributes_of_yaml(held)
    deps = given.get("additional_deps") or []
    known = tuple(key_of(one) for one in deps) if isinstance(deps, list) else (UNKNOWN,)
    return Check(key_of(given.get("asset")), given.get("name"), site.path, site.line, deps=known)


def _definitions(machine: "LocationCode", attributes: Located, texts: Texts, site: Site) -> object:
    """`DefinitionsComponent`: a file or folder beside the component file."""
    named = texts.value(attributes.get("path"))
    path = joined(SourcePath(posixpath.dirname(site.path)), [named])
    if not isinstance(path, SourcePath):
        return UNKNOWN
    return machine.definitions_at(path.path, site)


def _dbt(machine: "LocationCode", attributes: Located, texts: Texts, site: Site) -> object:
    return _dbt_project(machine, attributes, texts, site, None)


def _dbt_project(
    machine: "LocationCode", attributes: Located, texts: Texts, site: Site, instance: Instance | None
) -> object:
    """`DbtProjectComponent`: the assets of a dbt project, with what `translation` says of each."""
    held = texts.value(attributes.get("project"))
    project = held if isinstance(held, dict) else {"project_dir": held}
    folder = project.get("project_dir")
    if isinstance(folder, str):
        folder = joined(SourcePath(posixpath.dirname(site.path)), [folder])
    settings = texts.value(attributes.get("translation_settings"))
    own: object = instance or Given("DagsterDbtTranslator", {"settings": Given("settings", settings or {})})  # type: ignore[arg-type]
    named: dict[object, object] = {"project": Given("DbtProject", {**project, "project_dir": folder})}
    translator = dbt_assets.translator_of(machine, named, site, own)
    if translator is None:
        return UNKNOWN
    translation = attributes.get("translation")
    if translation.value is not None:
        translator.changes = lambda asset, props: translated(asset, translation, texts.having(node=props))
    wanted = Wanted.of({key: texts.value(attributes.get(key)) for key in ("select", "exclude", "selector")})
    op = texts.value(attributes.get("op"))
    given = op if isinstance(op, dict) else {}
    shared: dict[object, object] = {"pool": given.get("pool"), "op_tags": given.get("tags")}
    found = dbt_assets.assets_of(translator, wanted, shared)
    return UNKNOWN if found is None else gathered([found], site)


def translated(asset: Asset, translation: Located, texts: Texts) -> Asset:
    """`translation:` puts attributes over those of each asset; tags and metadata are added."""
    given = attributes_of_yaml(texts.value(translation))
    prefix = given.pop("key_prefix", None)
    key = key_of(given.pop("key")) if "key" in given else asset.key
    fields = {"group_name": "group", "owners": "owners", "kinds": "kinds", "tags": "tags"}
    changes = {field: given[name] for name, field in fields.items() if name in given}
    if isinstance(changes.get("tags"), dict) and isinstance(asset.tags, dict):
        changes["tags"] = {**asset.tags, **changes["tags"]}  # type: ignore[dict-item]
    for name, field in (("automation_condition", "automation"), ("partitions_def", "partitions")):
        if name in given:
            changes[field] = given[name]
    if UNKNOWN in given:
        key, changes = UNKNOWN, dict.fromkeys(("group", "owners", "tags"), UNKNOWN)
    return replace(asset, key=prefixed(prefix, key), **changes)  # type: ignore[arg-type]  # fields by name


def _sling(machine: "LocationCode", attributes: Located, texts: Texts, site: Site) -> object:
    """`SlingReplicationCollectionComponent`: the streams of replication files."""
    made: list[object] = []
    for one in attributes.get("replications").each():
        path = joined(SourcePath(posixpath.dirname(site.path)), [texts.value(one.get("path"))])
        assets = sling.assets_of(machine, path, None, {}, site)
        if assets is None or one.get("translation").value is not None:
            return UNKNOWN
        made.append(assets)
    return gathered(made, site)


_MAKERS: Mapping[str, Maker] = {
    "PythonScriptComponent": _executable,
    "UvRunComponent": _executable,
    "FunctionComponent": _executable,
    "TemplatedSqlComponent": _executable,
    "DefinitionsComponent": _definitions,
    "DbtProjectComponent": _dbt,
    "SlingReplicationCollectionComponent": _sling,
}
