"""A lane: commands that share one checkout, one after another, and the reading of what they said."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.outputs import OutputDifference, Outputs
from meta_pipeline.delivery.reports import Measure, Problem, ReportKind, SideReport
from meta_pipeline.delivery.topology import Topology

# What an import says, and `python -m` of what is not installed.
_NO_MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)'?$")


_NUMBER = re.compile(r"\d+")


class Part(Frozen):
    """What one lane says about one side of a change, for one report.

    `idle` says why the lane found nothing to do, where it found nothing. `wrote` is what the pipelines `ran` wrote, for
    the one who holds both sides against each other; `again` is what a second run made of it.
    """

    kind: ReportKind
    side: SideReport
    measures: tuple[Measure, ...] = ()
    topologies: tuple[Topology, ...] = ()
    wrote: Outputs | None = None
    ran: tuple[str, ...] = ()
    again: tuple[OutputDifference, ...] = ()
    idle: str | None = None


class Lane(ABC):
    """Commands for one side of a change. Lanes run beside each other."""

    kinds: tuple[ReportKind, ...]
    preloaded = False
    """Whether the first command is the scheduler's probe, which a process that imported the scheduler can run."""

    @abstractmethod
    def commands(self, scratch: Path) -> tuple[Command, ...]:
        """What is run, in this order; outputs that are read back go to `scratch`."""

    @abstractmethod
    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        """The parts of the reports, from the records (one a command, same order) and their output as text."""


def unable_parts(kinds: Sequence[ReportKind], reason: str) -> tuple[Part, ...]:
    """The parts of one side for which no command could be run."""
    return tuple(Part(kind=kind, side=SideReport(could_not_run=reason)) for kind in kinds)


def joined(kind: ReportKind, parts: Sequence[Part]) -> Part:
    """What several lanes say of one side, for one report; one that could not run leaves the side without an answer."""
    reasons = [part.side.could_not_run for part in parts if part.side.could_not_run is not None]
    side = SideReport(
        records=tuple(record for part in parts for record in part.side.records),
        problems=tuple(problem for part in parts for problem in part.side.problems),
        could_not_run="; ".join(reasons) or None,
    )
    idle = [part.idle for part in parts if part.idle is not None]
    return Part(
        kind=kind,
        side=side,
        measures=tuple(measure for part in parts for measure in part.measures),
        topologies=tuple(topology for part in parts for topology in part.topologies),
        wrote=_all_wrote([part.wrote for part in parts if part.wrote is not None]),
        ran=tuple(pipeline for part in parts for pipeline in part.ran),
        again=tuple(difference for part in parts for difference in part.again),
        idle="; ".join(idle) if idle and len(idle) == len(parts) else None,
    )


def _all_wrote(wrote: Sequence[Outputs]) -> Outputs | None:
    outputs = tuple(output for one in wrote for output in one.outputs)
    return Outputs(outputs=outputs, left_out=sum(one.left_out for one in wrote)) if wrote else None


def occurrences(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems with a count in the keys of equal ones, so that a second occurrence is seen as new."""
    seen: dict[str, int] = {}
    numbered = []
    for problem in problems:
        seen[problem.key] = seen.get(problem.key, 0) + 1
        numbered.append(problem.model_copy(update={"key": f"{problem.key}#{seen[problem.key]}"}))
    return tuple(numbered)


def parsed_part(record: CommandRecord, topologies: tuple[Topology, ...], subject: str = "") -> Part:
    """What a scheduler made of the pipelines, with each of its errors; `subject` is what the count of them is of."""
    problems = occurrences(
        [
            Problem(
                path=error.path,
                line=error.line,
                message=error.message,
                # An error that another change moves to another line is the same.
                key=f"{error.path}|{_NUMBER.sub('N', error.message)}",
            )
            for topology in topologies
            for error in topology.errors
            # Nothing is wrong where only a run can tell.
            if not error.opaque
        ]
    )
    errors = Measure(
        name="import_errors",
        subject=subject,
        value=len(problems),
        unit="errors",
        side="base" if record.side == "base" else "head",
        chunk_id=record.chunk_id,
    )
    side = SideReport(records=(record,), problems=problems)
    return Part(kind="parse", side=side, measures=(errors,), topologies=topologies)


def unfinished(record: CommandRecord) -> str | None:
    """Why a command gave no answer, in one sentence; None where it did."""
    shown = f"'{record.command.shown_as}'"
    match record.ended_by:
        case "missing":
            return f"{shown} cannot be started: '{record.command.argv[0]}' is not in the target's environment"
        case "time":
            return f"{shown} was ended after its limit of {record.command.seconds:g} seconds"
        case "memory":
            return f"{shown} was ended at its limit of {record.command.memory_mb} MB of memory"
        case "output":
            return f"{shown} was ended at its limit of {record.command.output_mb} MB of output"
    return None


def tail(output: str, lines: int = 3) -> str:
    """The last lines of an output that say something, joined; for a module that is not there, the mend."""
    said = [line.strip() for line in output.splitlines() if line.strip()]
    missing = _NO_MODULE.search(said[-1]) if said else None
    if missing:
        return (
            f"there is no module '{missing['name']}' in the target's environment; bring it with "
            "environment.requirements, or, where it is the repository's own, with PYTHONPATH in environment.variables"
        )
    return " / ".join(said[-lines:])[:600]
