"""Which DAGs, tasks and edges are made in some runs only, as the branch around them cannot be decided."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from meta_pipeline.schedulers.airflow.static.values import Dag, Task

Made: TypeAlias = "Dag | Task | tuple[Task, Task]"
"""What code makes; an edge is the pair of its tasks."""


class Uncertain(Protocol):
    """Knows in how many undecided branches the reader is."""

    uncertain: int


class Doubts:
    """The number of undecided branches around what was made; none for what is made in every run."""

    def __init__(self, machine: Uncertain) -> None:
        self._machine = machine
        self._depth: dict[Made, int] = {}
        self._log: list[Made] = []

    def note(self, made: Made) -> None:
        """Something was made, or made again, here."""
        depth = self._machine.uncertain
        self._depth[made] = min(depth, self._depth.get(made, depth))
        if depth:
            self._log.append(made)

    def checkpoint(self) -> int:
        """A place in the order of what was made."""
        return len(self._log)

    def agree(self, marks: Sequence[tuple[int, int]]) -> None:
        """What was made between each two `marks`, in every branch of one decision, is made whatever is decided."""
        branches = [set(self._log[start:end]) for start, end in marks]
        for made in set.intersection(*branches) if branches else ():
            self._depth[made] = min(self._machine.uncertain, self._depth[made])

    def about(self, made: Made) -> bool:
        """Whether it is there in some runs only; a task is asked about within its DAG."""
        around = self._depth.get(made.dag, 0) if isinstance(made, Task) and made.dag else 0
        if isinstance(made, tuple):
            around = max(self._depth.get(task, 0) for task in made)
        return self._depth.get(made, 0) > around
