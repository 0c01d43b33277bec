"""A change as the gates see it: two trees, what differs, and what the scheduler makes of each."""

from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import FileChange, Tree, changes_between


@dataclass(frozen=True)
class Change:
    """Base and head of one change, with their topologies as read from source."""

    base: Tree
    head: Tree
    base_topologies: tuple[Topology, ...]
    head_topologies: tuple[Topology, ...]

    @cached_property
    def files(self) -> tuple[FileChange, ...]:
        return changes_between(self.base, self.head)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.base_topologies, self.head_topologies)
