"""How a gate that finds things of different weight comes to one outcome: the heaviest decides."""

from collections.abc import Iterable
from dataclasses import dataclass

from meta_pipeline.delivery.judgement import SEVERITY, Finding
from meta_pipeline.gates.gate import Gate, Opinion, Strength
from meta_pipeline.gates.ruling import summary

__all__ = ["Weighed", "summary", "weigh", "weighed"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A finding and the outcome that it alone would give its gate."""

    strength: Strength
    finding: Finding


def weighed(
    strength: Strength,
    message: str,
    fix: str,
    *,
    path: str | None = None,
    line: int | None = None,
    pipeline: str | None = None,
) -> Weighed:
    """A finding with its weight; `pipeline` is the id of the one that it is about."""
    return Weighed(strength, Finding(path=path, line=line, message=message, fix=fix, pipeline=pipeline))


def the_one(pipelines: Iterable[str]) -> str | None:
    """The pipeline that a finding is about; None where it tells of several, which no rule on one of them may settle."""
    known = set(pipelines)
    return known.pop() if len(known) == 1 else None


def weigh(gate: Gate, found: Iterable[Weighed], clean: str, *, evidence: Iterable[str] = ()) -> Opinion:
    """`clean` is the reason where nothing was found; else the heaviest finding comes first and decides."""
    ordered = sorted(found, key=lambda item: -SEVERITY[item.strength])
    if not ordered:
        return gate.passed(clean, evidence=evidence)
    findings = tuple(item.finding.model_copy(update={"outcome": item.strength}) for item in ordered)
    return Opinion(ordered[0].strength, summary(findings), findings, tuple(evidence))
