"""What a mutator is: it takes one file of a real repository and gives changes of which it knows what they do."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree

Level = Literal["static", "full"]
Seen = Literal["source", "load", "run"]


@dataclass(frozen=True, slots=True)
class Base:
    """One file of one repository, as `path` in `tree`: the place where a change is seeded.

    `scheduler` is the one whose pipelines the repository holds there; `repository` its name in the scores.
    """

    repository: str
    scheduler: SchedulerKind
    tree: Tree
    path: str


@dataclass(frozen=True, slots=True)
class Place:
    """Lines `first` to `last` of a file, counted from 1. `side` is `base` only where the lines are gone at head."""

    path: str
    first: int
    last: int
    side: Literal["base", "head"] = "head"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change: new contents by path (None deletes the file), and where a finding should point.

    A finding points right when it names a line of any of `places`. A twin has none.
    `says` is one sentence of what was done, for whoever reads the scores.
    """

    files: Mapping[str, bytes | None]
    places: tuple[Place, ...]
    says: str


class Mutator(ABC):
    """One class of change. The docstring of the class is its public description.

    `level` is the lowest at which the fault can be seen at all: `static` where source alone shows it.
    `seen_by` says what shows the fault besides its source, whatever the gates: `load`, where the scheduler refuses the
    code or makes other pipelines of it; `run`, where a run of the changed node fails or gives other data; `source`,
    where neither does, as of a credential, a weakened test, or what acts only on a bad day.
    `breaks_syntax` says that a changed file may be none that Python or YAML can read, `keeps_meaning` that changed
    Python has an equal syntax tree and changed YAML equal values, `keeps_pipelines` that the scheduler makes the very
    same pipelines of it: the audit of the laboratory holds a class to all three. `changes_layout` says that a linter or
    formatter may object: the class is seeded only where the repository has none, as elsewhere its own CI stops it.
    """

    id: ClassVar[str]
    schedulers: ClassVar[frozenset[SchedulerKind]]
    is_harmful: ClassVar[bool]
    level: ClassVar[Level] = "static"
    seen_by: ClassVar[Seen] = "source"
    breaks_syntax: ClassVar[bool] = False
    keeps_meaning: ClassVar[bool] = False
    keeps_pipelines: ClassVar[bool] = False
    changes_layout: ClassVar[bool] = False

    @abstractmethod
    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        """Every way in which the file can be changed so; none where it holds nothing of the kind.

        Equal base and equal dice give equal mutations.
        """
