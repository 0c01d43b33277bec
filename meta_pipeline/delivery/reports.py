"""What the target's own tools said about base and head, in the terms of the gates."""

from typing import Literal

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.neighbours import Seed
from meta_pipeline.delivery.outputs import OutputDifference
from meta_pipeline.delivery.topology import Topology

ReportKind = Literal[
    "lint", "tests", "integration_tests", "parse", "dry_run", "data_quality", "data_diff", "rerun"
]


class Measure(Frozen):
    """One number that a command yielded: `name` of `subject` is `value` `unit`; `chunk_id` is its evidence."""

    name: str
    subject: str
    value: float | int | str
    unit: str
    side: Literal["base", "head"]
    chunk_id: str


class Problem(Frozen):
    """One thing that a target's tool complained about. `key` is equal at base and head for the same complaint.

    `severity` is `warning` where the tool itself lets it pass.
    """

    path: str | None
    line: int | None
    message: str
    key: str
    severity: Literal["error", "warning"] = "error"


class SideReport(Frozen):
    """The records of one side, and the problems read from them.

    `could_not_run` says in one sentence why the tool gave no answer, where it gave none.
    """

    records: tuple[CommandRecord, ...] = ()
    problems: tuple[Problem, ...] = ()
    could_not_run: str | None = None


class Trial(Frozen):
    """What a tool says of head with a fault seeded into it, of which it must say something."""

    seed: Seed
    side: SideReport
    measures: tuple[Measure, ...] = ()


class ValidationReport(Frozen):
    """One validation at base and at head. `not_applicable` says why there is nothing to run, where there is not.

    `former_tests` is what the tests of base say of the code of head, where the change touches tests that were there;
    `trial` is what the tool says where a changed file is broken, if that was tried.
    `outputs` are what differs in the data that runs wrote: from base to head for `data_diff`, from a first to a second
    run of head for `rerun`. `outputs_at_base` are those of a first and a second run of base, where head's differ.
    """

    kind: ReportKind
    change_set: str
    base: SideReport = SideReport()
    head: SideReport = SideReport()
    former_tests: SideReport | None = None
    trial: Trial | None = None
    measures: tuple[Measure, ...] = ()
    topologies: tuple[Topology, ...] = ()
    outputs: tuple[OutputDifference, ...] = ()
    outputs_at_base: tuple[OutputDifference, ...] = ()
    not_applicable: str | None = None

    @property
    def new_problems(self) -> tuple[Problem, ...]:
        """The problems of head that base does not have."""
        known = {problem.key for problem in self.base.problems}
        return tuple(problem for problem in self.head.problems if problem.key not in known)

    @property
    def tried(self) -> "ValidationReport | None":
        """The report as it would be if the broken file were the change; None where nothing was tried."""
        if self.trial is None:
            return None
        at_base = tuple(measure for measure in self.measures if measure.side == "base")
        told = {
            "head": self.trial.side,
            "measures": (*at_base, *self.trial.measures),
            "former_tests": None,
            "trial": None,
        }
        return self.model_copy(update=told)

    def measure(self, name: str, subject: str = "", side: str = "head") -> Measure | None:
        """The measure of this name and subject on one side; None where nothing measured it."""
        for measure in self.measures:
            if (measure.name, measure.subject, measure.side) == (name, subject, side):
                return measure
        return None
