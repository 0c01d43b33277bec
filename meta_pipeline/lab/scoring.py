"""Rates of a stack by gate, class and scheduler, each with the interval in which it lies with 95 % certainty."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist, median
from typing import TypeVar

from meta_pipeline.lab.answers import Answer
from meta_pipeline.lab.seeded import SeededCase

_Key = TypeVar("_Key")
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Rate:
    """`hits` of `total`; `low` and `high` are the Wilson interval at 95 %."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        share, square = self.hits / self.total, _Z**2
        middle = share + square / (2 * self.total)
        half = _Z * sqrt(share * (1 - share) / self.total + square / (4 * self.total**2))
        whole = 1 + square / self.total
        return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


@dataclass(frozen=True)
class Judged:
    """A case with the answer of a stack."""

    case: SeededCase
    answer: Answer

    @property
    def is_caught(self) -> bool:
        """A fault that was stopped; a stack that broke let it through."""
        return self.case.is_harmful and self.answer.outcome == "stopped"

    @property
    def is_false_alarm(self) -> bool:
        """A twin that did not pass; a stack that broke has stopped it, as a red check does."""
        return not self.case.is_harmful and self.answer.outcome != "passed"

    @property
    def is_wrong(self) -> bool:
        return self.is_false_alarm if not self.case.is_harmful else not self.is_caught

    @property
    def is_located(self) -> bool:
        return self.is_caught and self.answer.points_at(self.case.places)


@dataclass(frozen=True)
class Score:
    """What came out on some cases.

    `caught` counts faults, `alarms` twins, `located` the faults that were caught. `notes` is what the stack says of
    itself, with the number of cases.
    """

    caught: Rate
    alarms: Rate
    located: Rate
    broke: int
    seconds: float
    notes: Mapping[str, int]


@dataclass(frozen=True)
class Scores:
    """The scores of one stack: of all cases, by class, by scheduler, by both, and of each gate alone.

    `judged` leaves out the cases of which the stack says that it cannot judge them, which are `unable`. `by_sight` is
    of faults alone, by what shows them besides their source.
    """

    stack: str
    whole: Score
    by_sight: Mapping[str, Score]
    by_class: Mapping[str, Score]
    by_scheduler: Mapping[str, Score]
    by_both: Mapping[tuple[str, str], Score]
    by_gate: Mapping[str, "GateScore"]
    judged: tuple[Judged, ...] = field(repr=False)
    unable: tuple[Judged, ...] = field(repr=False)

    @property
    def wrong(self) -> tuple[Judged, ...]:
        """The misses and the false alarms."""
        return tuple(each for each in self.judged if each.is_wrong)

    @property
    def unlocated(self) -> tuple[Judged, ...]:
        """The faults that were stopped at another line."""
        return tuple(each for each in self.judged if each.is_caught and not each.is_located)


@dataclass(frozen=True)
class GateScore:
    """How often one gate stopped a fault, how often it was the only one, and how often it stopped a twin."""

    caught: Rate
    alone: int
    alarms: Rate
    located: Rate


def scored(stack: str, cases: Sequence[SeededCase], answers: Mapping[str, Answer]) -> Scores:
    """The scores of a stack on the cases that it answered; those that it says it cannot judge count for nothing."""
    answered = tuple(Judged(case, answers[case.id]) for case in cases if case.id in answers)
    judged = tuple(each for each in answered if each.answer.outcome != "unable")
    return Scores(
        stack=stack,
        whole=_score(judged),
        by_sight=_grouped((each for each in judged if each.case.is_harmful), lambda each: each.case.seen_by),
        by_class=_grouped(judged, lambda each: each.case.mutator),
        by_scheduler=_grouped(judged, lambda each: each.case.scheduler),
        by_both=_grouped(judged, lambda each: (each.case.mutator, each.case.scheduler)),
        by_gate={gate: _gate(gate, judged) for gate in _gates(judged)},
        judged=judged,
        unable=tuple(each for each in answered if each.answer.outcome == "unable"),
    )


def _grouped(judged: Iterable[Judged], key: Callable[[Judged], _Key]) -> dict[_Key, Score]:
    groups: dict[_Key, list[Judged]] = {}
    for each in judged:
        groups.setdefault(key(each), []).append(each)
    return {name: _score(found) for name, found in groups.items()}


def _score(judged: Sequence[Judged]) -> Score:
    faults = [each for each in judged if each.case.is_harmful]
    caught = [each for each in faults if each.is_caught]
    twins = [each for each in judged if not each.case.is_harmful]
    return Score(
        caught=Rate(len(caught), len(faults)),
        alarms=Rate(sum(each.is_false_alarm for each in twins), len(twins)),
        located=Rate(sum(each.is_located for each in caught), len(caught)),
        broke=sum(each.answer.outcome == "broke" for each in judged),
        seconds=median(each.answer.seconds for each in judged) if judged else 0.0,
        notes=Counter(note for each in judged for note in each.answer.notes),
    )


def _gate(gate: str, judged: Sequence[Judged]) -> GateScore:
    faults = [each for each in judged if each.case.is_harmful]
    hits = [each for each in faults if gate in each.answer.gates]
    twins = [each for each in judged if not each.case.is_harmful]
    located = [
        each
        for each in hits
        if any(
            finding.gate == gate and finding.names(place)
            for finding in each.answer.findings
            for place in each.case.places
        )
    ]
    return GateScore(
        caught=Rate(len(hits), len(faults)),
        alone=sum(each.answer.gates == (gate,) for each in hits),
        alarms=Rate(sum(gate in each.answer.gates for each in twins), len(twins)),
        located=Rate(len(located), len(hits)),
    )


def _gates(judged: Iterable[Judged]) -> list[str]:
    return sorted({gate for each in judged for gate in each.answer.gates})
