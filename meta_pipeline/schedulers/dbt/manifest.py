"""What dbt's own manifest says of a project, as the probe writes it, and the topology that it amounts to."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import Node, Pipeline, Topology, TopologyError
from meta_pipeline.schedulers.dbt.static.names import Ids

_KINDS = ("model", "seed", "snapshot", "test", "exposure")


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
    test: Test | None = None

    @property
    def own_name(self) -> str:
        """The name that a node is known by: with `.v2` for a version of a model."""
        return self.unique_id.split(".", 2)[2] if self.kind == "model" else self.name


class Manifest(Frozen):
    """A manifest as far as it is needed here; `project` is the name of the root project."""

    project: str
    version: str
    resources: tuple[Resource, ...]

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
        nodes = tuple(_node(resource, ids, folder, known) for resource in manifest.own())
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
        errors=errors,
    )


def _node(resource: Resource, ids: Mapping[str, str], folder: str, known: Pipeline | None) -> Node:
    node_id = ids[resource.unique_id]
    there = known.node(node_id) if known else None
    upstream = sorted({ids[one] for one in resource.depends_on if one in ids})
    reads = sorted(
        {_read(one) for one in resource.depends_on if one not in ids and not one.startswith("macro.")}
    )
    return Node(
        id=node_id,
        kind=resource.kind,
        operator=_operator(resource),
        upstream=tuple(upstream),
        reads=tuple(reads),
        writes=_writes(resource),
        path=_joined(folder, resource.path),
        line=there.line if there else None,
    )


def _operator(resource: Resource) -> str | None:
    if resource.kind == "test":
        return (
            ".".join(filter(None, (resource.test.package, resource.test.name)))
            if resource.test
            else "singular"
        )
    return resource.materialized if resource.kind == "model" else None


def _read(unique_id: str) -> str:
    """`source.shop.raw.orders` is `raw.orders`; a node of a package is `package.name`."""
    kind, package, name = unique_id.split(".", 2)
    return name if kind == "source" else f"{package}.{name}"


def _writes(resource: Resource) -> tuple[str, ...]:
    if resource.kind not in ("model", "seed", "snapshot") or resource.materialized == "ephemeral":
        return ()
    return (".".join(filter(None, (resource.database, resource.schema_name, resource.alias))),)


def _joined(folder: str, path: str) -> str:
    return path if folder == "." else f"{folder}/{path}"
