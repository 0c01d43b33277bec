"""A tree with some files written over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meta_pipeline.delivery.model import digest_bytes
from meta_pipeline.delivery.tree import REGULAR, Entry, Tree


@dataclass(frozen=True)
class OverlayTree:
    """`base` with `written` contents in place of its own, and without what is `removed`; a file keeps its mode."""

    base: Tree
    written: Mapping[str, bytes] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        entries = dict(self.base.entries())
        for path, data in self.written.items():
            mode = entries[path].mode if path in entries else REGULAR
            entries[path] = Entry(mode, digest_bytes(data))
        for path in self.removed:
            entries.pop(path, None)
        return entries

    def read(self, path: str) -> bytes | None:
        if path in self.removed:
            return None
        return self.written[path] if path in self.written else self.base.read(path)

    def over(self, written: Mapping[str, bytes]) -> "OverlayTree":
        """This tree with more files written over it."""
        return OverlayTree(self.base, {**self.written, **written}, self.removed - written.keys())
