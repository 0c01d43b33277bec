"""What dbt's own manifest says of a project, as the probe writes it, and the topology that it amounts to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import Dataset, DatasetColumn, Node, Pipeline, Topology, TopologyError
from meta_pipeline.schedulers.dbt.columns import datasets_of
from meta_pipeline.schedulers.dbt.freshness import freshness_s, strictest
from meta_pipeline.schedulers.dbt.static.names import Ids

_KINDS = (
    "model",
    "seed",
    "snapshot",
    "test",
    "unit_test",
    "exposure",
    "semantic_model",
    "metric",
    "saved_query",
)


class Test(Frozen):
    """The generic test that a test node calls; `package` is None for dbt's own and the project's."""

    name: str
    package: str | None = None
    arguments: Mapping[str, Any] = Field(default_factory=dict)


class Resource(Frozen):
    """One node or exposure of a manifest. `path` is relative to the project.

    `attached` is the unique id of what a generic test is declared on.
    """

    unique_id: str
    kind: str
    name: str
    package: str
    path: str
    depends_on: tuple[str, ...] = ()
    materialized: str | None = None
    database: str | None = None
    schema_name: str | None = None
    alias: str | None = None
    column: str | None = None
    attached: str | None = None
    severity: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    owner: Any = None
    columns: tuple[DatasetColumn, ...] = ()
    test: Test | None = None

    @property
    def own_name(self) -> str:
        """The name that a node is known by: with `.v2` for a version of a model."""
        return self.unique_id.split(".", 2)[2] if self.kind == "model" else self.name


class SourceTable(Frozen):
    """One table of a source, with what it is called in the warehouse."""

    unique_id: str
    relation: str
    freshness: Any = None
    columns: tuple[DatasetColumn, ...] = ()


class Manifest(Frozen):
    """A manifest as far as it is needed here; `project` is the name of the root project.

    `owners` are those of groups, by unique id.
    """

    project: str
    version: str
    resources: tuple[Resource, ...]
    sources: tuple[SourceTable, ...] = ()
    owners: Mapping[str, str] = Field(default_factory=dict)

    def ids(self) -> dict[str, str]:
        """The node ids of the root project's resources, by unique id, as the static reader gives them."""
        ids = Ids()
        return {resource.unique_id: ids.of(resource.own_name) for resource in self.own()}

    def own(self) -> list[Resource]:
        """What the root project itself holds; packages that it installs are left out."""
        found = [r for r in self.resources if r.package == self.project and r.kind in _KINDS]
        return sorted(found, key=lambda resource: _KINDS.index(resource.kind))


def topology_of(
    manifest: Manifest | None,
    folder: str,
    declared: Topology | None,
    errors: tuple[TopologyError, ...] = (),
    version: str = "unresolved",
) -> Topology:
    """The runtime topology of the project in `folder`.

    dbt's manifest holds no lines: they are those that the static reader found for nodes of the same id, in `declared`.
    """
    pipelines: tuple[Pipeline, ...] = ()
    if manifest is not None:
        known = declared.pipelines[0] if declared and declared.pipelines else None
        ids = manifest.ids()
        node = _Nodes(manifest, ids, folder, known)
        nodes = tuple(node.of(resource) for resource in manifest.own())
        pipelines = (
            Pipeline(
                id=manifest.project,
                path=known.path if known else _joined(folder, "dbt_project.yml"),
                line=known.line if known else None,
                nodes=tuple(sorted(nodes, key=lambda node: node.id)),
            ),
        )
    method: Literal["runtime"] = "runtime"
    return Topology(
        scheduler="dbt",
        version=manifest.version if manifest else version,
        method=method,
        root=folder,
        pipelines=pipelines,
        datasets=_datasets(manifest, pipelines),
        errors=errors,
    )


def _datasets(manifest: Manifest | None, pipelines: tuple[Pipeline, ...]) -> tuple[Dataset, ...]:
    """The columns that property files declare of what nodes read or write."""
    if manifest is None:
        return ()
    used = {name for pipeline in pipelines for node in pipeline.nodes for name in (*node.reads, *node.writes)}
    held = [(name, one.columns) for one in manifest.own() for name in _writes(one)]
    held += [(source.relation, source.columns) for source in manifest.sources]
    return datasets_of((name, columns) for name, columns in held if name in used)


@dataclass(frozen=True)
class _Nodes:
    """Makes the nodes of one manifest; `known` is the project as read from source."""

    manifest: Manifest
    ids: Mapping[str, str]
    folder: str
    known: Pipeline | None

    def of(self, resource: Resource) -> Node:
        node_id = self.ids[resource.unique_id]
        there = self.known.node(node_id) if self.known else None
        outside = [one for one in resource.depends_on if one not in self.ids and not one.startswith("macro.")]
        return Node(
            id=node_id,
            kind=resource.kind,
            operator=_operator(resource),
            tags=tuple(sorted(set(resource.tags))),
            owner=self._owner(resource),
            group=resource.group,
            sla_s=strictest(
                [freshness_s(self._sources[one].freshness) for one in outside if one in self._sources]
            ),
            upstream=tuple(sorted({self.ids[one] for one in resource.depends_on if one in self.ids})),
            reads=tuple(sorted({self._read(one) for one in outside})),
            writes=_writes(resource),
            path=_joined(self.folder, resource.path),
            line=there.line if there else None,
        )

    def _owner(self, resource: Resource) -> str | None:
        if isinstance(resource.owner, str | int) and resource.owner:
            return str(resource.owner)
        return self.manifest.owners.get(f"group.{resource.package}.{resource.group}")

    def _read(self, unique_id: str) -> str:
        """A source's table by its name in the warehouse; a node of a package is `package.name`."""
        if unique_id in self._sources:
            return self._sources[unique_id].relation
        _, package, name = unique_id.split(".", 2)
        return f"{package}.{name}"

    @cached_property
    def _sources(self) -> Mapping[str, SourceTable]:
        return {source.unique_id: source for source in self.manifest.sources}


def _operator(resource: Resource) -> str | None:
    if resource.kind == "test":
        return (
            ".".join(filter(None, (resource.test.package, resource.test.name)))
            if resource.test
            else "singular"
        )
    return resource.materialized if resource.kind == "model" else None


def _writes(resource: Resource) -> tuple[str, ...]:
    if resource.kind not in ("model", "seed", "snapshot") or resource.materialized == "ephemeral":
        return ()
    return (".".join(filter(None, (resource.database, resource.schema_name, resource.alias))),)


def _joined(folder: str, path: str) -> str:
    return path if folder == "." else f"{folder}/{path}"
