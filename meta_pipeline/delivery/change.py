"""A change as the gates see it: two trees, what differs, and what the scheduler makes of each."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import RLock
from typing import TypeVar, cast

from meta_pipeline.delivery.bounded import is_cut, whole_of
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import FileChange, Tree, changes_between

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class _Shared:
    """What is found out about a change, by what it is; gates are judged in several threads."""

    lock: RLock = field(default_factory=RLock)
    found: dict[Hashable, object] = field(default_factory=dict)


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
    def unread(self) -> tuple[FileChange, ...]:
        """The changed files of which a side is too large to be read, with all of their contents."""
        return tuple(
            replace(
                file,
                old=whole_of(self.base, file.path) if file.old_mode else None,
                new=whole_of(self.head, file.path) if file.new_mode else None,
            )
            for file in self.files
            if is_cut(self.base, file.path) or is_cut(self.head, file.path)
        )

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.base_topologies, self.head_topologies)

    def shared(self, key: Hashable, find: Callable[[], _Found]) -> _Found:
        """What `find` finds out about this change, under a key that is its own: gates that ask alike ask once."""
        with self._shared.lock:
            if key not in self._shared.found:
                self._shared.found[key] = find()
            return cast(_Found, self._shared.found[key])

    @cached_property
    def _shared(self) -> _Shared:
        return _Shared()
