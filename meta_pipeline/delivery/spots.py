"""Where a node is, in all topologies of a repository."""

from typing import NamedTuple

from meta_pipeline.delivery.differences.difference import called
from meta_pipeline.delivery.running import shares_work
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, SchedulerKind, Topology


class Spot(NamedTuple):
    """Where a node is. `pipeline` is empty for an asset of Dagster, which is the same in every job that runs it."""

    scheduler: SchedulerKind
    root: str
    pipeline: str
    node: str


def spot_name(kind: str, spot: Spot) -> str:
    return called(kind, spot.pipeline or IMPLICIT_JOB, spot.node)


def spot_of(topology: Topology, pipeline: Pipeline, node: Node) -> Spot:
    """Where a node of a pipeline is."""
    is_shared = shares_work(topology) and node.kind != "op"
    return Spot(topology.scheduler, topology.root, "" if is_shared else pipeline.id, node.id)
