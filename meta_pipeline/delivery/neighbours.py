"""Known-bad neighbours of a change: the change with a fault seeded into it, and what each gate says of that."""

from meta_pipeline.delivery.judgement import Outcome
from meta_pipeline.delivery.model import Frozen


class Seed(Frozen):
    """A fault in one file that a change touches. `line` is where it lies at head, `says` what was done to it.

    `fault` is the class of fault, as the gates name what they catch.
    """

    fault: str
    path: str
    line: int | None
    says: str


class Neighbour(Frozen):
    """What one gate that passed the change says of the change with a fault in it.

    `is_run` says that the target's own tools ran on it; else the gate judged its source. `caught_by` are other gates
    that stop what this one did not catch, as far as they were asked.
    """

    gate: str
    name: str
    seed: Seed
    outcome: Outcome
    reason: str
    caught: bool
    caught_by: tuple[str, ...] = ()
    is_run: bool = False


class Untried(Frozen):
    """A gate that passed the change and was given no neighbour of it, and why."""

    gate: str
    reason: str


class Neighbours(Frozen):
    """All neighbours of one change that were tried, in the order of the gates' ids, and the time it took.

    A gate may have several: each shows that it can fail, or that it did not see this one.
    """

    tried: tuple[Neighbour, ...] = ()
    untried: tuple[Untried, ...] = ()
    seconds: float = 0.0
