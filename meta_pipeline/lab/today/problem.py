"""One complaint of a tool, and those of two commits compared."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What a tool complains of. `key` is what makes it the same complaint at another line."""

    tool: str
    rule: str
    path: str | None
    line: int | None
    message: str
    key: str

    @property
    def identity(self) -> tuple[str, str, str | None, str]:
        return self.tool, self.rule, self.path, self.key


def new_problems(base: Iterable[Problem], head: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those of head that base has not; of five alike where base has four, the last one is new."""
    before = Counter(problem.identity for problem in base)
    found = []
    for problem in head:
        if before[problem.identity]:
            before[problem.identity] -= 1
        else:
            found.append(problem)
    return tuple(found)
