"""What the manifest of a dbt project will hold, as far as its files tell without a run of dbt."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.schedulers.dbt.project import Project, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties
from meta_pipeline.schedulers.dbt.resources import Column, Properties
from meta_pipeline.schedulers.dbt.static.edges import Edges
from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN, Asked
from meta_pipeline.schedulers.dbt.static.found import Finder, Found
from meta_pipeline.schedulers.dbt.static.names import Ids
from meta_pipeline.schedulers.dbt.static.nodes import GenericTest, generic_tests
from meta_pipeline.schedulers.dbt.static.reader import has_packages, macros_of

Props = dict[str, Any]
"""The properties of one resource under the names that dbt's manifest gives them; `UNKNOWN` for what a run decides."""

_PROFILE_FILES = ("profiles.yml", "profiles.yaml")


@dataclass(frozen=True)
class SourceManifest:
    """The resources of a project by unique id: `nodes` are models, seeds, snapshots and tests.

    `addresses` are the mail addresses of the owner of each group. `packages` says that more may come from packages,
    which are not at hand.
    """

    project: Project
    nodes: Mapping[str, Props]
    sources: Mapping[str, Props]
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: bool = False

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
    macros, _ = macros_of(tree, project)
    finder = Finder(tree, project, properties, macros)
    relations = finder.relations()
    packages = has_packages(tree, project)
    edges = Edges.of(project, properties, relations, packages=packages)
    maker = _Maker(tree, project, properties, edges, {one.id: one for one in relations})
    nodes = dict(map(maker.relation, relations))
    ids = Ids()
    for name, path, asks, config in finder.singular_tests():
        waits = maker.unique_ids(edges.of_asks(asks, path))
        nodes |= (maker.test(ids.of(name), path, config, waits, None),)
    nodes |= dict(map(maker.generic_test, generic_tests(finder, relations, edges, ids)))
    return SourceManifest(project, nodes, dict(maker.sources()), properties.addresses, packages)


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
        declared = [name for name in asked["reads"] if name in self.edges.sources]
        return [*nodes, *(f"source.{self.project.name}.{name}" for name in declared)]

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

    def generic_test(self, test: GenericTest) -> tuple[str, Props]:
        asked = {"upstream": test.node.upstream, "reads": test.node.reads}
        attached = self._meant(test.on)
        return self.test(test.node.id, str(test.node.path), test.config, self.unique_ids(asked), attached)

    def test(
        self, node_id: str, path: str, config: Mapping[str, Any], waits: list[str], attached: str | None
    ) -> tuple[str, Props]:
        name = node_id.partition("#")[0]
        inner = self._inside("test" if attached is None else "model", path)
        folders = inner.split("/")[:-1]
        tags = _listed(config.get("tags", []))
        unique_id = f"test.{self.project.name}.{node_id}"
        return unique_id, {
            **self._place(path, inner),
            "name": name,
            "resource_type": "test",
            "unique_id": unique_id,
            "fqn": [self.project.name, *folders, name],
            "config": {"enabled": True, "severity": "ERROR", "meta": {}, **config, "tags": tags},
            "tags": tags,
            "meta": config.get("meta") or {},
            "attached_node": attached,
            "depends_on": {"nodes": waits, "macros": []},
        }

    def _meant(self, on: Asked) -> str | None:
        if on.function == "source":
            return f"source.{self.project.name}.{'.'.join(map(str, on.arguments))}"
        version = on.named.get("v")
        wanted = str(on.arguments[0]) if version is None else f"{on.arguments[0]}.v{version}"
        one = self.found.get(wanted)
        return self.unique_id(one) if one else None

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
