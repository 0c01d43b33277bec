"""Which pipelines a dry run must run, so that every node that a change touches has run at least once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, SchedulerKind, Topology

_NEVER_RUN = frozenset({"external_asset", "observable_asset"})


@dataclass(frozen=True, slots=True)
class Work:
    """One node that is to run. `pipeline` is None for an asset, which every job that selects it runs."""

    root: str
    pipeline: str | None
    node: str


def scheduled(topologies: Iterable[Topology], schedulers: Collection[SchedulerKind]) -> tuple[Topology, ...]:
    """The topologies of these schedulers, of any where none is given; dbt has a run of its own."""
    return tuple(
        one
        for one in topologies
        if one.scheduler != "dbt" and (not schedulers or one.scheduler in schedulers)
    )


def shares_work(topology: Topology) -> bool:
    """Whether several pipelines of it may run one and the same node."""
    return topology.scheduler == "dagster"


def whole_pipelines(topologies: Iterable[Topology], differences: Collection[Difference]) -> frozenset[str]:
    """The pipelines that are to run whatever their nodes are: what differs in them is theirs alone."""
    return frozenset(
        pipeline.id
        for topology in topologies
        for pipeline in topology.pipelines
        if pipeline.id != IMPLICIT_JOB
        and any(
            pipeline.id in (difference.pipeline, difference.pipeline_before)
            and (difference.node is None or not shares_work(topology))
            for difference in differences
        )
    )


def work_of(topology: Topology, pipeline: Pipeline, node: Node) -> Work:
    """The work that a node is: one asset is the same work in each job of its code location."""
    is_shared = shares_work(topology) and node.kind != "op"
    return Work(topology.root, None if is_shared else pipeline.id, node.id)


def is_run(node: Node) -> bool:
    """Whether a run of the pipeline runs the node; what others make is only looked at."""
    return node.kind not in _NEVER_RUN


def touched_work(topologies: Iterable[Topology], differences: Iterable[Difference]) -> frozenset[Work]:
    """The nodes that the differences are about, as far as they are in these topologies and are run."""
    named = {place for difference in differences for place in difference.places}
    return frozenset(
        work_of(topology, pipeline, node)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        if (pipeline.id, node.id) in named and is_run(node)
    )


def pipelines_to_run(
    topologies: Iterable[Topology], work: Collection[Work], whole: Collection[str]
) -> tuple[str, ...]:
    """The fewest pipelines, found step by step, that run all this work, besides those that run `whole`.

    The next one is that which runs most of what is left; of equal ones the smaller, then the first by id.
    The job of all assets is taken only for what no other job runs.
    """
    offered = {
        (topology.root, pipeline.id): frozenset(
            work_of(topology, pipeline, node) for node in pipeline.nodes if is_run(node)
        )
        for topology in topologies
        for pipeline in topology.pipelines
    }
    chosen = {place for place in offered if place[1] in whole}
    left = set(work) - {item for place in chosen for item in offered[place]}
    for group in (False, True):
        places = sorted(place for place in offered if (place[1] == IMPLICIT_JOB) is group)
        while left:
            best = min(
                places, key=lambda place: (-len(offered[place] & left), len(offered[place])), default=None
            )
            if best is None or not offered[best] & left:
                break
            chosen.add(best)
            left -= offered[best]
    return tuple(sorted({pipeline for _, pipeline in chosen}))


def left_out(topologies: Iterable[Topology], work: Collection[Work], ran: Collection[str]) -> tuple[str, ...]:
    """What the pipelines that `ran` did not run, by the names of pipelines and assets."""
    done = {
        work_of(topology, pipeline, node)
        for topology in topologies
        for pipeline in topology.pipelines
        if pipeline.id in ran
        for node in pipeline.nodes
    }
    return tuple(sorted({item.pipeline or item.node for item in set(work) - done}))
