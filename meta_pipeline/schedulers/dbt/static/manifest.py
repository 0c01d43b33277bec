"""What the manifest of a dbt project will hold, as far as its files tell without a run of dbt."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from meta_pipeline.delivery.topology import UNRESOLVED, Node
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.schedulers.dbt.project import Project, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.resources import Check, Column, Properties
from meta_pipeline.schedulers.dbt.static.edges import Edges
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.macros import macros_of
from meta_pipeline.schedulers.dbt.static.names import Ids, check_name
from meta_pipeline.schedulers.dbt.static.nodes import Nodes
from meta_pipeline.schedulers.dbt.static.packages import packages_of
from meta_pipeline.schedulers.dbt.static.sources import sources_of

Props = dict[str, Any]
"""The properties of one resource under the names that dbt's manifest gives them; `UNKNOWN` for what a run decides."""

_PROFILE_FILES = ("profiles.yml", "profiles.yaml")


@dataclass(frozen=True)
class SourceManifest:
    """The resources of a project by unique id: `nodes` are models, seeds, snapshots and tests.

    `addresses` are the mail addresses of the owner of each group. `absent` are the packages that are not at hand,
    from which more may come.
    """

    project: Project
    nodes: Mapping[str, Props]
    sources: Mapping[str, Props]
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()

    def parents(self, unique_id: str) -> tuple[str, ...]:
        """What a resource waits for, by unique id; nothing for what is not at hand."""
        held = self.nodes.get(unique_id)
        return tuple(held["depends_on"]["nodes"]) if held else ()

    def props(self, unique_id: str) -> Props | None:
        return self.nodes.get(unique_id) or self.sources.get(unique_id)


def source_manifest(tree: Tree, folder: str) -> SourceManifest | None:
    """The manifest of the project in `folder`; None where there is no project that can be read."""
    project = read_project(tree, folder)
    if project is None or isinstance(project, Unreadable) or not project.name:
        return None
    properties = read_properties(tree, project)
    packages = packages_of(tree, project)
    macros, _ = macros_of(tree, project, packages.macros)
    finder = Finder(tree, project, properties, macros)
    relations = finder.relations()
    declared = sources_of(finder)
    edges = Edges.of(project, properties, relations, declared, packages)
    maker = _Maker(tree, project, properties, edges, {one.id: one for one in relations})
    nodes = dict(map(maker.relation, relations))
    attached, singular = maker.attached(), {name: config for name, _, _, config in finder.singular_tests()}
    for node in Nodes(finder, relations, declared, edges, Ids()).all():
        if node.kind == "test":
            nodes |= (maker.test(node, attached, singular),)
    return SourceManifest(project, nodes, dict(maker.sources()), properties.addresses, packages.absent)


@dataclass
class _Maker:
    tree: Tree
    project: Project
    properties: Properties
    edges: Edges
    found: Mapping[str, Found]

    def unique_id(self, one: Found) -> str:
        return f"{one.kind}.{self.project.name}.{one.id}"

    def unique_ids(self, asked: Mapping[str, tuple[str, ...]]) -> list[str]:
        """The nodes and declared sources behind `upstream` and `reads`."""
        nodes = [self.unique_id(self.found[name]) for name in asked["upstream"] if name in self.found]
        declared = (self.by_relation.get(name, name) for name in asked["reads"])
        there = [name for name in declared if name in self.edges.sources and self.edges.sources[name].enabled]
        return [*nodes, *(f"source.{self.project.name}.{name}" for name in there)]

    @cached_property
    def by_relation(self) -> Mapping[str, str]:
        """The sources by what they are called in the warehouse, as edges name them."""
        return {source.relation: name for name, source in self.edges.sources.items()}

    def relation(self, one: Found) -> tuple[str, Props]:
        resource = self.properties.by_name.get((one.kind, one.name))
        inner = self._inside(one.kind, one.path)
        folders = tuple(inner.split("/")[:-1])
        version = (f"v{one.version}",) if one.version else ()
        more = (posixpath.splitext(posixpath.basename(one.path))[0],) if one.kind == "snapshot" else ()
        config = {
            "enabled": True,
            "materialized": one.materialized or one.kind,
            "schema": None,
            "alias": None,
            "group": None,
            "tags": [],
            "meta": {},
            **one.config,
        }
        config["tags"] = tags = _listed(config["tags"])
        versions = resource.versions if resource else ()
        columns = next((v.columns for v in versions if v.v == one.version), None)
        return self.unique_id(one), {
            **self._place(one.path, inner),
            "name": one.name,
            "resource_type": one.kind,
            "unique_id": self.unique_id(one),
            "fqn": [self.project.name, *folders, *more, one.name, *version],
            "alias": config.get("alias") or one.title,
            "schema": UNKNOWN,
            "database": UNKNOWN,
            "relation_name": UNKNOWN,
            "config": config,
            "tags": tags,
            "meta": config["meta"],
            "group": config["group"],
            "description": resource.description if resource else "",
            "columns": _columns(resource.columns if resource and columns is None else columns or ()),
            "version": int(one.version) if one.version and one.version.isdigit() else one.version,
            "raw_code": text_of(self.tree, one.path) or "",
            "depends_on": {"nodes": self.unique_ids(self.edges.of_asks(one.asks, one.path)), "macros": []},
        }

    def sources(self) -> Iterator[tuple[str, Props]]:
        for one in self.properties.resources:
            if one.kind != "source" or one.config.enabled is False:
                continue
            source, _, table = one.name.partition(".")
            path = self._place(one.path, self._inside("model", one.path))
            folders = path["path"].split("/")[:-1]
            unique_id = f"source.{self.project.name}.{one.name}"
            yield (
                unique_id,
                {
                    **path,
                    # A source lies where the file of the project that declares it does.
                    "path": path["original_file_path"],
                    "name": table,
                    "source_name": source,
                    "resource_type": "source",
                    "unique_id": unique_id,
                    "fqn": [self.project.name, *folders, source, table],
                    "schema": UNKNOWN,
                    "database": UNKNOWN,
                    "identifier": table,
                    "config": {"enabled": True, **one.config.values},
                    "tags": list(one.config.tags),
                    "meta": dict(one.config.meta),
                    "description": one.description,
                    "columns": _columns(one.columns),
                    "depends_on": {"nodes": [], "macros": []},
                },
            )

    def attached(self) -> Mapping[str, list[tuple[Check, str]]]:
        """What each generic test is on, by its name: of several with one name in the order that dbt reads them."""
        found: dict[str, list[tuple[Check, str]]] = {}
        for one in self.found.values():
            for check, column in one.checks:
                name = check_name(check, one.title, column.name if column else None)
                found.setdefault(name, []).append((check, self.unique_id(one)))
        for resource in self.properties.resources:
            if resource.kind != "source":
                continue
            unique_id = f"source.{self.project.name}.{resource.name}"
            of_columns = [(check, one.name) for one in resource.columns for check in one.tests]
            for check, called in (*((check, None) for check in resource.tests), *of_columns):
                name = check_name(check, resource.name.replace(".", "_"), called, source=True)
                found.setdefault(name, []).append((check, unique_id))
        return found

    def test(
        self,
        node: Node,
        attached: Mapping[str, list[tuple[Check, str]]],
        singular: Mapping[str, Mapping[str, Any]],
    ) -> tuple[str, Props]:
        name, _, count = node.id.partition("#")
        several = attached.get(name, []) if node.operator != "singular" else []
        check, on = several[min(int(count or 1), len(several)) - 1] if several else (None, None)
        path = str(node.path)
        inner = self._inside("test" if on is None else "model", path)
        given = check.config if check is not None else singular.get(name, {})
        meta = given.get("meta") if isinstance(given.get("meta"), Mapping) else {}
        tags = sorted(node.tags) if UNRESOLVED not in node.tags else UNKNOWN
        unique_id = f"test.{self.project.name}.{node.id}"
        waits = self.unique_ids({"upstream": node.upstream, "reads": node.reads})
        return unique_id, {
            **self._place(path, inner),
            "name": name,
            "resource_type": "test",
            "unique_id": unique_id,
            "fqn": [self.project.name, *inner.split("/")[:-1], name],
            "config": {"enabled": True, "severity": "ERROR", **given, "meta": meta, "tags": tags},
            "tags": tags,
            "meta": meta,
            "attached_node": on,
            "depends_on": {"nodes": waits, "macros": []},
        }

    def _place(self, path: str, inner: str) -> Props:
        outer = "" if self.project.folder == "." else f"{self.project.folder}/"
        return {
            "original_file_path": path.removeprefix(outer),
            "path": inner,
            "package_name": self.project.name,
        }

    def _inside(self, kind: str, path: str) -> str:
        """The path within the folder of its kind."""
        for folder in self.project.paths[kind]:
            if folder == "." or path.startswith(f"{folder}/"):
                return path if folder == "." else path.removeprefix(f"{folder}/")
        return posixpath.basename(path)


def _columns(columns: tuple[Column, ...]) -> Props:
    return {
        column.name: {
            "name": column.name,
            "description": column.description,
            "data_type": column.data_type,
            "tags": list(column.tags),
            "meta": dict(column.meta or {}),
        }
        for column in columns
    }


def _listed(value: Any) -> Any:
    """Tags as the list that dbt makes of them, each once."""
    if value is UNKNOWN:
        return UNKNOWN
    values = list(value) if isinstance(value, list | tuple) else [value]
    return sorted(set(values)) if all(isinstance(one, str) for one in values) else values


def adapter_types(tree: Tree, project: Project, target: str | None) -> frozenset[str]:
    """The databases that the project's profile knows for a target, or for all of them where it is not known."""
    profiles = _profiles(tree, project)
    profile = profiles.get(project.settings.get("profile").text) if profiles else None
    if profile is None:
        return frozenset()
    outputs = profile.get("outputs")
    wanted = target or profile.get("target").text
    if wanted in outputs:
        return frozenset({outputs.get(wanted).get("type").text})
    return frozenset(output.get("type").text for _, output in outputs.pairs())


def _profiles(tree: Tree, project: Project) -> Located | None:
    for name in _PROFILE_FILES:
        path = posixpath.normpath(posixpath.join(project.folder, name))
        text = text_of(tree, path)
        if text is not None:
            read = read_yaml(text, path)
            return None if isinstance(read, Unreadable) else read
    return None
