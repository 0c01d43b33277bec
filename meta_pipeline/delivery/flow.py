"""What follows what, across pipelines and schedulers: the graph of every node and of what it passes on to.

A node passes on to

- the nodes that name it as upstream;
- the nodes that read a dataset which it writes, in any pipeline (see `dataset_names` for when two names are one);
- the first nodes of a pipeline that runs when such a dataset is updated;
- the pipelines and nodes that it triggers, and those that wait for it or for its pipeline, with their offset;
- where it is a dbt model: the Dagster assets that run its project, and those that depend on it by its name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from meta_pipeline.delivery.dataset_names import normal_form, same_dataset
from meta_pipeline.delivery.difference import called
from meta_pipeline.delivery.phrases import link_name, which_run
from meta_pipeline.delivery.running import shares_work
from meta_pipeline.delivery.topology import (
    IMPLICIT_JOB,
    UNRESOLVED,
    Link,
    Node,
    Pipeline,
    SchedulerKind,
    Topology,
)

_ASSETS = "assets: "
_MADE_BY_OTHERS = frozenset({"external_asset", "observable_asset"})
_RUNS_DBT = frozenset({"dbt_assets"})
_BUILT_BY_DBT = frozenset({"model", "seed", "snapshot"})
_LOOKING = {"test": "tests", "asset_check": "checks", "exposure": "shows"}


class Spot(NamedTuple):
    """Where a node is. `pipeline` is empty for an asset of Dagster, which is the same in every job that runs it."""

    scheduler: SchedulerKind
    root: str
    pipeline: str
    node: str


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


def spot_name(kind: str, spot: Spot) -> str:
    return called(kind, spot.pipeline or IMPLICIT_JOB, spot.node)


def spot_of(topology: Topology, pipeline: Pipeline, node: Node) -> Spot:
    """Where a node of a pipeline is."""
    is_shared = shares_work(topology) and node.kind != "op"
    return Spot(topology.scheduler, topology.root, "" if is_shared else pipeline.id, node.id)


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
        *_models(nodes),
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
    triggers = list(_dataset_triggers(topologies))
    used = [(spot.scheduler, name) for spot, node in nodes.items() for name in (*node.writes, *node.reads)]
    used += [(spot.scheduler, spot.node) for spot, node in nodes.items() if _names_dataset(spot, node)]
    used += [(spot.scheduler, name) for spot, name in triggers]
    keys = same_dataset(used)
    writers: dict[object, list[tuple[Spot, str]]] = {}
    for spot, node in nodes.items():
        is_made = _names_dataset(spot, node) and node.kind not in _MADE_BY_OTHERS
        for name in (*node.writes, *((spot.node,) if is_made else ())):
            if (spot.scheduler, name) in keys:
                writers.setdefault(keys[spot.scheduler, name], []).append((spot, name))
    for spot, node in nodes.items():
        # A dbt project reads its own models by `ref`, which are edges; one name may be a source and a model.
        is_seen = _names_dataset(spot, node) and node.kind in _MADE_BY_OTHERS
        for name in (*node.reads, *((spot.node,) if is_seen else ())):
            for writer, written in writers.get(keys.get((spot.scheduler, name)), ()):
                if written and not (spot.scheduler == "dbt" == writer.scheduler and spot.root == writer.root):
                    yield writer, spot, f"reads {name}, which {spot_name(nodes[writer].kind, writer)} writes"
    for spot, name in triggers:
        for writer, _ in writers.get(keys.get((spot.scheduler, name)), ()):
            yield (
                writer,
                spot,
                f"runs when {name} is updated, which {spot_name(nodes[writer].kind, writer)} writes",
            )


def _names_dataset(spot: Spot, node: Node) -> bool:
    """Whether the node's id is the name of the dataset that it stands for."""
    return spot.scheduler == "dagster" and not spot.pipeline and node.kind not in ("asset_check", *_RUNS_DBT)


def _dataset_triggers(topologies: tuple[Topology, ...]) -> Iterator[tuple[Spot, str]]:
    """The first nodes of each pipeline that runs by datasets, and the name of each of these."""
    for topology in topologies:
        for pipeline in topology.pipelines:
            for name in datasets_in(pipeline.schedule):
                for spot in _first(topology, pipeline):
                    yield spot, name


def datasets_in(schedule: str | None) -> tuple[str, ...]:
    """The datasets that a schedule such as `assets: orders and (users or s3://b/k)` waits for."""
    if schedule is None or not schedule.startswith(_ASSETS):
        return ()
    names = re.split(r",\s+|\s+and\s+|\s+or\s+", schedule.removeprefix(_ASSETS))
    return tuple(name for each in names if (name := each.strip().strip("()")))


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
        for first in started or _first(topology, other):
            yield spot, first, f"{does} {spot_name(node.kind, spot)}"
        return
    waited = [one for one in other.nodes if one.id == link.node] if link.node else _last(other)
    which = which_run(None if link.offset_s == UNRESOLVED else link.offset_s)
    for one in waited:
        yield spot_of(topology, other, one), spot, f"waits for {link_name(link)}, {which}"


def _first(topology: Topology, pipeline: Pipeline) -> Iterable[Spot]:
    ids = {node.id for node in pipeline.nodes}
    return [spot_of(topology, pipeline, node) for node in pipeline.nodes if ids.isdisjoint(node.upstream)]


def _last(pipeline: Pipeline) -> list[Node]:
    before = {name for node in pipeline.nodes for name in node.upstream}
    return [node for node in pipeline.nodes if node.id not in before]


def _models(nodes: Mapping[Spot, Node]) -> Iterator[_Edge]:
    """From dbt's models to Dagster: to the asset that runs the project, and to those that depend on a model.

    A code location that runs dbt has assets which no code of it names, one for each model. So an asset's upstream that
    no asset is called is the model of that name, where the repository has only one of it.
    """
    runners = [spot for spot, node in nodes.items() if spot.scheduler == "dagster" and node.kind in _RUNS_DBT]
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
        if spot.scheduler != "dagster" or spot.root not in roots:
            continue
        for name in node.upstream:
            if Spot("dagster", spot.root, "", name) in nodes:
                continue
            found = models.get(next(reversed(normal_form(name)), ""), [])
            if len(found) == 1:
                yield found[0], spot, f"depends on {spot_name(nodes[found[0]].kind, found[0])}"
