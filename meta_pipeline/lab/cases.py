"""Which changes are seeded: an equal number for each class and scheduler, spread over repositories and files.

What is drawn for one class depends on the seed, the class and the files alone: another class changes none of it.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from meta_pipeline.delivery.model import chunk_id, digest, digest_bytes
from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import tree_digest
from meta_pipeline.lab.bases import Based, Part
from meta_pipeline.lab.mutation import Level, Mutation, Mutator, Seen

MOST_OF_ONE_FILE = 12
"""So many changes of one class are kept of one file: more of the same tell little."""


@dataclass(frozen=True)
class Case:
    """One change that is seeded into one file.

    `key` is a digest of the change and tells nothing of its class; `id` is the class and the key. `tree` names all
    files of the base.
    """

    mutator: str
    is_harmful: bool
    level: Level
    seen_by: Seen
    scheduler: SchedulerKind
    repository: str
    path: str
    part: Part
    tree: str
    mutation: Mutation

    @property
    def id(self) -> str:
        return f"{self.mutator}-{self.key}"

    @cached_property
    def key(self) -> str:
        told = {
            "class": self.mutator,
            "repository": self.repository,
            "tree": self.tree,
            "path": self.path,
            "files": {
                path: None if data is None else digest_bytes(data)
                for path, data in self.mutation.files.items()
            },
        }
        return chunk_id(digest(told))


@dataclass(frozen=True)
class Draw:
    """What is drawn: `count` changes for each class and scheduler, of the files of `part`."""

    seed: int = 0
    count: int = 10
    part: Part | None = None
    schedulers: frozenset[SchedulerKind] = frozenset()


def drawn(bases: Sequence[Based], mutators: Iterable[Mutator], draw: Draw) -> tuple[Case, ...]:
    """The cases of these mutators, in the order of mutators and schedulers."""
    found: list[Case] = []
    for mutator in mutators:
        for scheduler in sorted(mutator.schedulers):
            if draw.schedulers and scheduler not in draw.schedulers:
                continue
            fitting = [
                based
                for based in bases
                if based.base.scheduler == scheduler
                and draw.part in (None, based.part)
                and not (mutator.changes_layout and based.is_linted)
            ]
            found += _of_class(fitting, mutator, draw)
    return tuple(found)


def cases_digest(ids: Iterable[str]) -> str:
    """Names the cases of a run by their ids: equal where every change is."""
    return chunk_id(digest(sorted(ids)))


def _of_class(bases: Sequence[Based], mutator: Mutator, draw: Draw) -> list[Case]:
    """One change of each file in turn, then a second one of each, until there are enough."""
    found: list[Case] = []
    seen: set[str] = set()
    more: list[Iterator[Case]] = [
        _of_base(based, mutator, draw.seed) for based in _interleaved(bases, mutator, draw.seed)
    ]
    while more:
        again = []
        for cases in more:
            if len(found) == draw.count:
                return found
            case = next((each for each in cases if each.id not in seen), None)
            if case is not None:
                seen.add(case.id)
                found.append(case)
                again.append(cases)
        more = again
    return found


def _of_base(based: Based, mutator: Mutator, seed: int) -> Iterator[Case]:
    base = based.base
    dice = _dice(seed, mutator.id, base.repository, base.path)
    mutations = list(mutator.mutations(base, dice))
    dice.shuffle(mutations)
    for mutation in mutations[:MOST_OF_ONE_FILE]:
        yield Case(
            mutator=mutator.id,
            is_harmful=mutator.is_harmful,
            level=mutator.level,
            seen_by=mutator.seen_by,
            scheduler=base.scheduler,
            repository=base.repository,
            path=base.path,
            part=based.part,
            tree=tree_digest(base.tree),
            mutation=mutation,
        )


def _interleaved(bases: Sequence[Based], mutator: Mutator, seed: int) -> Iterator[Based]:
    """The files in an order of chance, one of each repository in turn: none outweighs the others by its size."""
    by_repository: dict[str, list[Based]] = {}
    for based in sorted(bases, key=lambda each: (each.base.repository, each.base.path)):
        by_repository.setdefault(based.base.repository, []).append(based)
    queues: Mapping[str, list[Based]] = by_repository
    for name, queue in queues.items():
        _dice(seed, mutator.id, name).shuffle(queue)
    names = sorted(queues)
    _dice(seed, mutator.id).shuffle(names)
    for turn in zip_longest(*(queues[name] for name in names)):
        yield from (based for based in turn if based is not None)


def _dice(seed: int, *names: str) -> random.Random:
    text = "\0".join((str(seed), *names))
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))  # noqa: S311  no secret
