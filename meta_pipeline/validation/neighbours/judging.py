"""Every gate that let a change pass, on known-bad neighbours of it: one that stays green is blind for this change."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.judgement import SEVERITY, GateResult
from meta_pipeline.delivery.neighbours import Neighbour, Neighbours, Untried
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.delivery.waiver import Waivers
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Gate, judge
from meta_pipeline.gates.validation.reported import ReportGate
from meta_pipeline.schedulers.source.store import reading_apart
from meta_pipeline.validation.neighbours.seeding import Seeded, Seeds

SECONDS = 30.0
_WANTED = 2
_MOST = 4
"""A gate that catches none of its first neighbours is given so many in all before it counts as blind."""

Read = Callable[[Tree], tuple[Topology, ...]]


@dataclass
class _Clock:
    """When there is no more time."""

    ends: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends


def judge_neighbours(
    gates: Iterable[Gate],
    case: Case,
    results: Sequence[GateResult],
    read: Read,
    *,
    seconds: float = SECONDS,
) -> Neighbours:
    """What the gates that passed the change of `case` say of its known-bad neighbours.

    `results` are what they said of the change; `read` gives the topologies of a tree, as those of the change were
    read. The gates on reports are judged by the trials that the reports hold. No neighbour is begun after `seconds`.
    """
    started = time.monotonic()
    passed = {result.id: result for result in results if result.outcome == "passed"}
    asked = [gate for gate in gates if gate.id in passed]
    tried: list[Neighbour] = []
    untried: list[Untried] = []
    if case.change is not None:
        unwaived = replace(case, waivers=Waivers())
        trials = _Trials(case.change, unwaived, asked, read, _Clock(started + seconds))
        with reading_apart():
            for gate in asked:
                found = trials.of(gate)
                tried += found
                if gate.catches and not found:
                    untried.append(Untried(gate=gate.id, reason=trials.why_not(gate)))
    for gate in asked:
        if isinstance(gate, ReportGate):
            tried += _on_report(gate, case, passed[gate.id])
    return Neighbours(
        tried=tuple(sorted(tried, key=lambda one: one.gate)),
        untried=tuple(untried),
        seconds=round(time.monotonic() - started, 2),
    )


class _Trials:
    """The neighbours of one change before the gates that look at source."""

    def __init__(self, change: Change, case: Case, gates: Sequence[Gate], read: Read, clock: _Clock) -> None:
        self._change = change
        self._case = case
        self._gates = gates
        self._read = read
        self._clock = clock
        self._seeds = Seeds(change)
        self._read_before: dict[int, Change] = {}

    def of(self, gate: Gate) -> list[Neighbour]:
        """The neighbours of one gate; more than are wanted while it has caught none."""
        found: list[Neighbour] = []
        for seeded in islice(self._candidates(gate), _MOST):
            if self._clock.is_over or (len(found) >= _WANTED and any(one.caught for one in found)):
                break
            neighbour = self._judged(gate, seeded)
            if neighbour is not None:
                found.append(neighbour)
        return found

    def why_not(self, gate: Gate) -> str:
        """Why a gate was given no neighbour."""
        if self._clock.is_over:
            return "the time for it was over"
        return "no changed file holds anything that one of its faults could be made of"

    def _candidates(self, gate: Gate) -> Iterator[Seeded]:
        """One fault of each class in turn, the nearest of each first."""
        classes = [self._seeds.of(fault) for fault in gate.catches]
        return (seeded for turn in zip_longest(*classes) for seeded in turn if seeded is not None)

    def _judged(self, gate: Gate, seeded: Seeded) -> Neighbour | None:
        """What the gate says; None where the fault undoes nothing but what the change itself brought."""
        result = judge(gate, replace(self._case, change=self._neighbour(seeded)))
        caught = _stops(result)
        if not caught and not seeded.is_of_base:
            alone = Change(
                self._change.head, seeded.tree, self._change.head_topologies, self._read_anew(seeded)
            )
            if _stops(judge(gate, replace(self._case, change=alone))):
                return None
        return Neighbour(
            gate=gate.id,
            name=gate.name,
            seed=seeded.seed,
            outcome=result.outcome,
            reason=result.reason,
            caught=caught,
            caught_by=() if caught else tuple(self._others(gate, seeded)),
        )

    def _others(self, gate: Gate, seeded: Seeded) -> Iterator[str]:
        """The first other gate that stops a neighbour which this one lets pass."""
        case = replace(self._case, change=self._neighbour(seeded))
        others = (
            other.id
            for other in self._gates
            if other is not gate and "change" in other.needs and _stops(judge(other, case))
        )
        return islice(others, 1)

    def _neighbour(self, seeded: Seeded) -> Change:
        key = id(seeded)
        if key not in self._read_before:
            head = seeded.tree
            self._read_before[key] = Change(
                self._change.base, head, self._change.base_topologies, self._read(head)
            )
        return self._read_before[key]

    def _read_anew(self, seeded: Seeded) -> tuple[Topology, ...]:
        return self._neighbour(seeded).head_topologies


def _stops(result: GateResult) -> bool:
    """Whether a gate that passed the change has something against its neighbour, which differs by the fault alone."""
    return SEVERITY[result.outcome] > SEVERITY["passed"]


def _on_report(gate: ReportGate, case: Case, before: GateResult) -> Iterator[Neighbour]:
    """What a gate says of the report that its tool would have given of a broken file."""
    report = case.reports.get(gate.kind)
    tried = report.tried if report is not None else None
    if report is None or tried is None or report.trial is None:
        return
    result = judge(gate, replace(case, reports={gate.kind: tried}, waivers=Waivers()))
    yield Neighbour(
        gate=gate.id,
        name=gate.name,
        seed=report.trial.seed,
        outcome=result.outcome,
        reason=result.reason,
        caught=SEVERITY[result.outcome] > SEVERITY[before.outcome],
        is_run=True,
    )
