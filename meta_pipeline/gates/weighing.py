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
    pipelines: Iterable[str] = (),
) -> Weighed:
    """A finding with its weight; `pipelines` are the ids of those that it is about."""
    about = tuple(dict.fromkeys(filter(None, pipelines)))
    return Weighed(strength, Finding(path=path, line=line, message=message, fix=fix, pipelines=about))


def weigh(gate: Gate, found: Iterable[Weighed], clean: str, *, evidence: Iterable[str] = ()) -> Opinion:
    """`clean` is the reason where nothing was found; else the heaviest finding comes first and decides."""
    ordered = sorted(found, key=lambda item: -SEVERITY[item.strength])
    if not ordered:
        return gate.passed(clean, evidence=evidence)
    findings = tuple(item.finding.model_copy(update={"outcome": item.strength}) for item in ordered)
    return Opinion(ordered[0].strength, summary(findings), findings, tuple(evidence))
