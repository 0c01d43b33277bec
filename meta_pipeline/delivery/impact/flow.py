"""What follows what, across pipelines and schedulers: the graph of every node and of what it passes on to.

A node passes on to

- the nodes that name it as upstream;
- the nodes that read a dataset which it writes, in any pipeline (see `joined_datasets`);
- the first nodes of a pipeline that runs when such a dataset is updated;
- the pipelines and nodes that it triggers, and those that wait for it or for its pipeline, with their offset;
- where it is a dbt model: the Dagster assets that run its project, and those that depend on it by its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from meta_pipeline.delivery.differences.phrases import link_name, which_run
from meta_pipeline.delivery.impact.dataset_names import normal_form
from meta_pipeline.delivery.joined_datasets import RUNS_DBT, first_nodes, joined_datasets
from meta_pipeline.delivery.spots import Spot, spot_name, spot_of
from meta_pipeline.delivery.topology import (
    UNRESOLVED,
    Link,
    Node,
    Pipeline,
    Topology,
)

_BUILT_BY_DBT = frozenset({"model", "seed", "snapshot"})
_LOOKING = {"test": "tests", "asset_check": "checks", "exposure": "shows"}


class Passing(NamedTuple):
    """One step of the flow: `reason` is why what is at `to` follows, as said of it: `waits for task sales.load`."""

    to: Spot
    reason: str


@dataclass(frozen=True)
class Flow:
    """All nodes of some topologies, and what each passes on to."""

    nodes: Mapping[Spot, Node]
    homes: Mapping[Spot, frozenset[str]]
    """The pipelines that each node is in."""
    next: Mapping[Spot, tuple[Passing, ...]] = field(repr=False)

    def name(self, spot: Spot) -> str:
        """What a person calls the node."""
        return spot_name(self.nodes[spot].kind, spot)


def flow_of(topologies: tuple[Topology, ...]) -> Flow:
    """The graph of these topologies."""
    nodes: dict[Spot, Node] = {}
    homes: dict[Spot, set[str]] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            for node in pipeline.nodes:
                spot = spot_of(topology, pipeline, node)
                nodes.setdefault(spot, node)
                homes.setdefault(spot, set()).add(pipeline.id)
    passed: dict[Spot, dict[Spot, str]] = {}
    for here, there, reason in (
        *_edges(topologies, nodes),
        *_datasets(topologies, nodes),
        *_links(topologies, nodes),
        *through_dbt(nodes),
    ):
        if here != there:
            passed.setdefault(here, {}).setdefault(there, reason)
    return Flow(
        nodes,
        {spot: frozenset(found) for spot, found in homes.items()},
        {here: tuple(Passing(*item) for item in sorted(found.items())) for here, found in passed.items()},
    )


_Edge = tuple[Spot, Spot, str]


def _edges(topologies: tuple[Topology, ...], nodes: Mapping[Spot, Node]) -> Iterator[_Edge]:
    for topology in topologies:
        for pipeline in topology.pipelines:
            spots = {node.id: spot_of(topology, pipeline, node) for node in pipeline.nodes}
            for node in pipeline.nodes:
                for name in node.upstream:
                    # An asset may depend on one that no job of this pipeline runs.
                    before = spots.get(name, Spot(topology.scheduler, topology.root, "", name))
                    if before in nodes:
                        verb = _LOOKING.get(node.kind) or _depends(topology)
                        yield before, spots[node.id], f"{verb} {spot_name(nodes[before].kind, before)}"


def _depends(topology: Topology) -> str:
    return "waits for" if topology.scheduler in ("airflow", "prefect") else "depends on"


def _datasets(topologies: tuple[Topology, ...], nodes: Mapping[Spot, Node]) -> Iterator[_Edge]:
    for dataset in joined_datasets(topologies, nodes):
        for reader in dataset.readers:
            for writer in dataset.writers_for(reader):
                by = spot_name(nodes[writer.spot].kind, writer.spot)
                yield writer.spot, reader.spot, f"reads {reader.name}, which {by} writes"
        for started in dataset.starts:
            for writer in dataset.writers:
                by = spot_name(nodes[writer.spot].kind, writer.spot)
                yield writer.spot, started.spot, f"runs when {started.name} is updated, which {by} writes"


def _links(topologies: tuple[Topology, ...], nodes: Mapping[Spot, Node]) -> Iterator[_Edge]:
    others: dict[tuple[str, str], list[tuple[Topology, Pipeline]]] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            others.setdefault((topology.scheduler, pipeline.id), []).append((topology, pipeline))
    for topology in topologies:
        for pipeline in topology.pipelines:
            for node in pipeline.nodes:
                spot = spot_of(topology, pipeline, node)
                for link in node.links:
                    for other in others.get((topology.scheduler, link.pipeline), ()):
                        yield from _link(spot, node, link, *other)


def _link(spot: Spot, node: Node, link: Link, topology: Topology, other: Pipeline) -> Iterator[_Edge]:
    if link.kind == "triggers":
        does = "is cleared along with" if link.node else "is started by"
        started = [spot_of(topology, other, one) for one in other.nodes if one.id == link.node]
        for first in started or first_nodes(topology, other):
            yield spot, first, f"{does} {spot_name(node.kind, spot)}"
        return
    waited = [one for one in other.nodes if one.id == link.node] if link.node else _last(other)
    which = which_run(None if link.offset_s == UNRESOLVED else link.offset_s)
    for one in waited:
        yield spot_of(topology, other, one), spot, f"waits for {link_name(link)}, {which}"


def _last(pipeline: Pipeline) -> list[Node]:
    before = {name for node in pipeline.nodes for name in node.upstream}
    return [node for node in pipeline.nodes if node.id not in before]


def through_dbt(nodes: Mapping[Spot, Node]) -> Iterator[_Edge]:
    """From dbt's models to Dagster: to the asset that runs the project, and to those that depend on a model.

    A code location that runs dbt has assets which no code of it names, one for each model. Where they are known, each
    is the model that it writes. Else an asset's upstream that no asset is called is the model of that name. Either way
    the repository has only one model of the name.
    """
    runners = [spot for spot, node in nodes.items() if spot.scheduler == "dagster" and node.kind in RUNS_DBT]
    roots = {spot.root for spot in runners}
    models: dict[str, list[Spot]] = {}
    for spot, node in nodes.items():
        if spot.scheduler == "dbt" and node.kind in _BUILT_BY_DBT:
            models.setdefault(spot.node, []).append(spot)
    one_project = len({spot.root for spots in models.values() for spot in spots}) == 1
    for spots in models.values():
        for model in spots:
            for runner in runners:
                if one_project or len(runners) == 1:
                    yield model, runner, f"runs {spot_name(nodes[model].kind, model)}"
    for spot, node in nodes.items():
        if is_model_of_dbt(spot, node):
            for name in node.writes:
                found = models.get(name, [])
                if len(found) == 1:
                    yield found[0], spot, f"is {spot_name(nodes[found[0]].kind, found[0])} in Dagster"
        if spot.scheduler != "dagster" or spot.root not in roots:
            continue
        for name in node.upstream:
            if Spot("dagster", spot.root, "", name) in nodes:
                continue
            found = models.get(next(reversed(normal_form(name)), ""), [])
            if len(found) == 1:
                yield found[0], spot, f"depends on {spot_name(nodes[found[0]].kind, found[0])}"


def is_model_of_dbt(spot: Spot, node: Node) -> bool:
    """Whether an asset of Dagster is what one model of dbt builds."""
    return spot.scheduler == "dagster" and node.kind == "dbt_model"
