"""Faults of the laboratory in the files that a change touches, as near to what it changes as there are any."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.neighbours import Seed
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.tree import FileChange, tree_digest
from meta_pipeline.lab.bases import bases_in
from meta_pipeline.lab.classes import mutators
from meta_pipeline.lab.mutation import Base, Mutation, Mutator

_FAR = 1_000_000
"""Farther than any line: the distance of a fault in a file in which the change adds no line."""


@dataclass(frozen=True, eq=False)
class Seeded:
    """The head of a change with one fault in it. `distance` is in lines, from the nearest that the change adds."""

    seed: Seed
    mutation: Mutation
    distance: int
    change: Change

    @cached_property
    def tree(self) -> OverlayTree:
        """The files of head with the fault."""
        written = {path: data for path, data in self.mutation.files.items() if data is not None}
        return OverlayTree(self.change.head, written, frozenset(self.mutation.files.keys() - written.keys()))

    @cached_property
    def is_of_base(self) -> bool:
        """Whether it only adds to head, or takes away something that base has: no matter what the change is."""
        olds = [file.old for file in self.change.files if file.old is not None and not file.is_binary]
        known = _texts(line for old in olds for line in old.decode("utf-8", errors="replace").splitlines())
        # What the change adds is not of base, though it may repeat a line of it, as one more test does.
        added = {file.path: {line.number for line in file.added} for file in self.change.files}
        removed = [(edit.path, line) for edit in self._edits for line in edit.removed if line.text.strip()]
        kept = _texts(line.text for path, line in removed if line.number not in added.get(path, ()))
        return not removed or not kept.isdisjoint(known)

    @cached_property
    def only_undoes(self) -> bool:
        """Whether it brings nothing but what the change takes out: base had that fault."""
        added = _texts(line.text for edit in self._edits for line in edit.added)
        taken_out = _texts(
            line.text
            for file in self.change.files
            if file.path in self.mutation.files
            for line in file.removed
        )
        return bool(added) and added <= taken_out

    @property
    def _edits(self) -> Iterator[FileChange]:
        """What the fault does to each file of head."""
        for path, data in self.mutation.files.items():
            yield FileChange(path, self.change.head.read(path), data, None, None)


class Seeds:
    """The faults of each class in the files of one change; equal changes give equal faults."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self._key = f"{tree_digest(change.base)}\0{tree_digest(change.head)}"
        self._added = {file.path: [line.number for line in file.added] for file in change.files}
        self._known: dict[str, tuple[Seeded, ...]] = {}

    @cached_property
    def bases(self) -> tuple[Base, ...]:
        """The changed files of head into which a fault can be seeded."""
        return tuple(bases_in("the change", self.change.head, self._added))

    def of(self, fault: str) -> tuple[Seeded, ...]:
        """The faults of one class, the nearest first. Raises `KeyError` where the laboratory has no such class."""
        if fault not in self._known:
            mutator = _faults()[fault]
            seeded = (one for base in self.bases for one in self._in(base, mutator))
            found = [one for one in seeded if not one.only_undoes]
            self._known[fault] = tuple(sorted(found, key=lambda one: (not one.is_of_base, one.distance)))
        return self._known[fault]

    def _in(self, base: Base, mutator: Mutator) -> Iterator[Seeded]:
        if base.scheduler not in mutator.schedulers:
            return
        name = hashlib.sha256(f"{self._key}\0{mutator.id}\0{base.path}".encode()).digest()
        dice = random.Random(int.from_bytes(name[:8]))  # noqa: S311  no secret
        for mutation in mutator.mutations(base, dice):
            place = next((place for place in mutation.places if place.side == "head"), None)
            line = place.first if place and place.path == base.path else None
            near = self._added[base.path]
            first = line or next((place.first for place in mutation.places if place.path == base.path), 1)
            distance = min((abs(number - first) for number in near), default=_FAR)
            seed = Seed(
                fault=mutator.id, path=place.path if place else base.path, line=line, says=mutation.says
            )
            yield Seeded(seed, mutation, distance, self.change)


def _texts(lines: Iterable[str]) -> frozenset[str]:
    """The texts of lines, without those that are blank."""
    return frozenset(filter(None, map(str.strip, lines)))


def _faults() -> Mapping[str, Mutator]:
    return {mutator.id: mutator for mutator in mutators() if mutator.is_harmful}
