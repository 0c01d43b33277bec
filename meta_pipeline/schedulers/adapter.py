"""One scheduler as the product knows it: how it is found, read from source, and asked itself."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.signs import Signs
from meta_pipeline.schedulers.source.known import Known

if TYPE_CHECKING:
    from meta_pipeline.schedulers.runtime import Runtime

Reader: TypeAlias = Callable[[Tree, str, Known], tuple[Topology, ...]]
"""The topologies of a folder of a tree, by what is known of the place that they are loaded in."""


@dataclass(frozen=True)
class Adapter:
    """`name` is how people call it; `load_runtime` is asked for its runtime once, where there is one to ask."""

    name: str
    signs: Signs
    read: Reader
    load_runtime: "Callable[[], Runtime]"

    @cached_property
    def runtime(self) -> "Runtime":
        """It parses and dry-runs in the target's environment, and its commands say what a person would type."""
        return self.load_runtime()

    @property
    def kind(self) -> SchedulerKind:
        return self.signs.kind
