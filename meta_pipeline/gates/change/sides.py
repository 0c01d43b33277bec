"""The pipelines and nodes of both sides that a difference is between."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.topology import Node, Pipeline, Topology

_Place = tuple[str | None, str | None, str]


@dataclass(frozen=True)
class Sides:
    """Finds both sides of a difference, also where they have other names."""

    change: Change

    def pipelines(self, difference: Difference) -> tuple[Pipeline | None, Pipeline | None]:
        """The pipeline at base and at head; None where it is not there."""
        place = (difference.scheduler, difference.root)
        return (
            self.base.get((*place, difference.pipeline_before or difference.pipeline)),
            self.head.get((*place, difference.pipeline)),
        )

    def nodes(self, difference: Difference) -> tuple[Node | None, Node | None]:
        """The node at base and at head; None where it is not there, or the difference is not of a node."""
        before, after = self.pipelines(difference)
        if difference.node is None:
            return None, None
        return (
            before.node(difference.node_before or difference.node) if before else None,
            after.node(difference.node) if after else None,
        )

    @cached_property
    def base(self) -> Mapping[_Place, Pipeline]:
        return _placed(self.change.base_topologies)

    @cached_property
    def head(self) -> Mapping[_Place, Pipeline]:
        return _placed(self.change.head_topologies)


def _placed(topologies: tuple[Topology, ...]) -> Mapping[_Place, Pipeline]:
    """Pipelines by scheduler, root and id; the first of two wins, as everywhere."""
    return {
        (topology.scheduler, topology.root, pipeline.id): pipeline
        for topology in reversed(topologies)
        for pipeline in reversed(topology.pipelines)
    }
