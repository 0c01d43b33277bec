"""How dagster-dbt makes assets of the resources of a dbt project: its own rules, and those that code puts over them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from meta_pipeline.schedulers.dagster.static.conditions import CUSTOM
from meta_pipeline.schedulers.dagster.static.keys import key_of
from meta_pipeline.schedulers.dagster.static.values import Asset, AssetKey, Check, Columns, Key
from meta_pipeline.schedulers.dbt.static.manifest import Props, SourceManifest
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.objects import find_method
from meta_pipeline.schedulers.source.values import UNKNOWN, Instance, Method, OpenList, Unknown

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dagster.static.code import LocationCode

COLUMNS = "dagster/column_schema"
_ASSETS = ("model", "seed", "snapshot")
_VALID_TAG = re.compile(r"(?:[A-Za-z0-9_.-]{1,63}/|dagster/kind/)?[A-Za-z0-9_.-]{1,63}")
_OF_MODEL = {
    "get_asset_key": "key",
    "get_group_name": "group",
    "get_owners": "owners",
    "get_tags": "tags",
    "get_metadata": "metadata",
    "get_automation_condition": "automation",
    "get_auto_materialize_policy": "automation",
    "get_partitions_def": "partitions",
}
INHERITED = frozenset(
    (*_OF_MODEL, "get_asset_spec", "get_resource_props", "get_description", "get_code_version")
)
"""The methods of `DagsterDbtTranslator` that code may call or put its own over."""


@dataclass
class Translator:
    """The assets of one dbt project under one translator; `instance` is of a class of the repository, or None.

    `adapters` are the kinds of database that the project may be built in.
    """

    machine: "LocationCode"
    manifest: SourceManifest
    props: Mapping[str, Props]
    site: Site
    instance: Instance | None = None
    adapters: frozenset[str] = frozenset()
    settings: object = None
    known: dict[str, Asset] = field(default_factory=dict)
    changes: Callable[[Asset, Props], Asset] | None = None

    def asset(self, unique_id: str) -> Asset:
        """The specification of a resource, under what the code changes of it."""
        if unique_id not in self.known:
            made: object = None
            if self.instance is not None and find_method(self.instance.kind, "get_asset_spec"):
                given = [self.as_dict(), unique_id, UNKNOWN]
                made = self._call("get_asset_spec", given)
            asset = made if isinstance(made, Asset) else self.plain(unique_id)
            if made is not None and not isinstance(made, Asset):
                asset = _unknown(asset)
            if self.changes is not None:
                asset = self.changes(asset, self.props[unique_id])
            self.known[unique_id] = replace(asset, kind="dbt_model", path=self.site.path, line=self.site.line)
        return self.known[unique_id]

    def plain(self, unique_id: str) -> Asset:
        """The specification that `DagsterDbtTranslator.get_asset_spec` makes."""
        props = self.props[unique_id]
        kinds: list[object] = ["dbt", *self.adapters] if len(self.adapters) == 1 else OpenList(["dbt"])
        key = self.of_model("get_asset_key", props)
        return Asset(
            key=key_of(key),
            kind="dbt_model",
            path=self.site.path,
            line=self.site.line,
            deps=tuple(dict.fromkeys(self.asset(parent).key for parent in self.upstream(unique_id))),
            kinds=kinds,
            table=props["name"] if props["resource_type"] in _ASSETS else None,
            is_spec=True,
            **{
                name: self.of_model(f"get_{method}", props)
                for name, method in (
                    ("group", "group_name"),
                    ("owners", "owners"),
                    ("tags", "tags"),
                    ("metadata", "metadata"),
                    ("automation", "automation_condition"),
                    ("partitions", "partitions_def"),
                )
            },
        )

    def upstream(self, unique_id: str) -> Iterator[str]:
        """What a resource reads: through models that are no tables, those that they read."""
        seen: set[str] = set()
        waiting = list(self.manifest.parents(unique_id))
        while waiting:
            parent = waiting.pop(0)
            props = self.props.get(parent)
            if props is None or parent in seen:
                continue
            seen.add(parent)
            if is_table(props) or props["resource_type"] == "source":
                yield parent
            elif props["resource_type"] == "model":
                waiting += self.manifest.parents(parent)

    def check(self, unique_id: str, asset_id: str) -> Check | None:
        """The asset check of a test; None where it is a check of another asset, or of none."""
        test = self.props[unique_id]
        if self._attached(test) != asset_id:
            return None
        key = self.asset(asset_id).key
        deps = {self.asset(parent).key for parent in test["depends_on"]["nodes"] if parent in self.props}
        return Check(
            asset=key,
            name=test["name"],
            path=self.site.path,
            line=self.site.line,
            deps=tuple(sorted(deps - {key}, key=str)),
        )

    def _attached(self, test: Props) -> object:
        parents = test["depends_on"]["nodes"]
        meta = test["config"].get("meta")
        named = meta.get("dagster", {}).get("ref") if isinstance(meta, dict) else None
        if isinstance(named, dict) and "name" in named:
            return next(
                (
                    unique_id
                    for unique_id, props in self.props.items()
                    if props["name"] == named["name"] and props.get("version") == named.get("version")
                ),
                None,
            )
        return parents[0] if len(set(parents)) == 1 else test["attached_node"]

    def of_model(self, method: str, props: Props) -> Any:
        """The value of a method of the translator for one resource."""
        named = props
        if method == "get_owners" and isinstance(props.get("group"), str):
            emails = list(self.manifest.addresses.get(props["group"], ()))
            named = {**props, "group": {"name": props["group"], "owner": {"email": _one(emails)}}}
        if self.instance is not None:
            for name in (method, *_OLDER.get(method, ())):
                if find_method(self.instance.kind, name):
                    return self._call(name, [named])
        return default(method, named)

    def as_dict(self) -> dict[object, object]:
        """The manifest as code reads it."""
        nodes = {key: props for key, props in self.props.items() if props["resource_type"] != "source"}
        sources = {key: props for key, props in self.props.items() if props["resource_type"] == "source"}
        return {"nodes": nodes, "sources": sources, UNKNOWN: UNKNOWN}

    def _call(self, name: str, values: list[object]) -> object:
        held, self.machine.translator = self.machine.translator, self
        try:
            return self.machine.call(Method(self.instance, name), Arguments(values), self.site)
        finally:
            self.machine.translator = held


_OLDER = {"get_automation_condition": ("get_auto_materialize_policy",)}


def is_table(props: Props) -> bool:
    """Whether a resource is built as something that can be read from outside."""
    kind, config = props["resource_type"], props["config"]
    return kind in _ASSETS and not (kind == "model" and config.get("materialized") == "ephemeral")


def inherited(machine: "LocationCode", name: str, arguments: Arguments) -> object:
    """What a method of `DagsterDbtTranslator` itself gives when code calls it."""
    values = [*arguments.positional, *arguments.named.values()]
    translator = machine.translator
    if name == "get_asset_spec" and translator is not None:
        wanted = str(values[1]) if len(values) > 1 else ""
        return translator.plain(wanted) if wanted in translator.props else UNKNOWN
    if name == "get_resource_props" and translator is not None:
        return translator.props.get(str(values[1]), UNKNOWN) if len(values) > 1 else UNKNOWN
    props = values[0] if values else None
    if not isinstance(props, dict) or "resource_type" not in props:
        return UNKNOWN
    made = default(name, props)
    return AssetKey(made.parts) if isinstance(made, AssetKey) else made


def default(method: str, props: Props) -> Any:
    """dagster-dbt's own rule for one attribute of an asset."""
    meta = props["config"].get("meta") or props.get("meta") or {}
    if isinstance(meta, Unknown):
        return UNKNOWN
    own = meta.get("dagster") or {}
    match method:
        case "get_asset_key":
            return AssetKey(_key(props, own))
        case "get_group_name":
            return own.get("group") or props["config"].get("group")
        case "get_owners":
            group = props.get("group")
            email = group.get("owner", {}).get("email") if isinstance(group, dict) else None
            return own.get("owners") or ([email] if isinstance(email, str) else email or ())
        case "get_tags":
            tags = props["tags"]
            known = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
            return {tag: "" for tag in tags if _VALID_TAG.fullmatch(tag)} if known else UNKNOWN
        case "get_metadata":
            columns = tuple((name, column["data_type"]) for name, column in props["columns"].items())
            return {COLUMNS: Columns(columns)} if columns else None
        case "get_automation_condition" | "get_auto_materialize_policy":
            return CUSTOM if own.get("auto_materialize_policy", {}).get("type") in ("eager", "lazy") else None
        case "get_partitions_def":
            return None
    return UNKNOWN


def _key(props: Props, own: Mapping[str, Any]) -> Key | Unknown:
    if own.get("asset_key"):
        return key_of(own["asset_key"])
    if props["resource_type"] == "source":
        return (props["source_name"], props["name"])
    if props.get("version"):
        return key_of(props["alias"])
    schema = props["config"].get("schema")
    return key_of([schema, props["name"]] if schema is not None else props["name"])


def _unknown(asset: Asset) -> Asset:
    """An asset whose specification only a run can tell."""
    fields = ("key", "group", "owners", "tags", "automation", "partitions")
    return replace(asset, **dict.fromkeys(fields, UNKNOWN), deps=(UNKNOWN,))  # type: ignore[arg-type]


def _one(values: list[str]) -> str | list[str] | None:
    return values if len(values) > 1 else values[0] if values else None
