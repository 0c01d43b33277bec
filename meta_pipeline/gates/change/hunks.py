"""The places of a file at which a change took lines away or added some."""

from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.tree import FileChange, Line


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that one place of a file lost and got; `at` is the first line at head that follows what was lost."""

    file: FileChange
    removed: tuple[Line, ...]
    added: tuple[Line, ...]
    at: int

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in (*self.removed, *self.added))


def hunks_of(file: FileChange) -> Iterator[Hunk]:
    """Each place of a file, in their order."""
    removed = {line.number: line for line in file.removed}
    added = {line.number: line for line in file.added}
    old = new = 1
    last = max((*removed, *added), default=0) + len(removed) + len(added)
    while old <= last or new <= last:
        lost, got = [], []
        while old in removed or new in added:
            if old in removed:
                lost.append(removed[old])
                old += 1
            if new in added:
                got.append(added[new])
                new += 1
        if lost or got:
            yield Hunk(file, tuple(lost), tuple(got), got[0].number if got else new)
        old, new = old + 1, new + 1
