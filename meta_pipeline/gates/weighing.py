"""How a gate that finds things of different weight comes to one outcome: the heaviest decides."""

from collections.abc import Iterable
from dataclasses import dataclass

from meta_pipeline.delivery.judgement import SEVERITY, Finding
from meta_pipeline.gates.gate import Gate, Opinion, Strength


@dataclass(frozen=True, slots=True)
class Weighed:
    """A finding and the outcome that it alone would give its gate."""

    strength: Strength
    finding: Finding


def weighed(
    strength: Strength, message: str, fix: str, *, path: str | None = None, line: int | None = None
) -> Weighed:
    """A finding with its weight."""
    return Weighed(strength, Finding(path=path, line=line, message=message, fix=fix))


def weigh(gate: Gate, found: Iterable[Weighed], clean: str, *, evidence: Iterable[str] = ()) -> Opinion:
    """`clean` is the reason where nothing was found; else the heaviest finding comes first and decides."""
    ordered = sorted(found, key=lambda item: -SEVERITY[item.strength])
    if not ordered:
        return gate.passed(clean, evidence=evidence)
    findings = [item.finding for item in ordered]
    return gate.found(summary(findings), findings, outcome=ordered[0].strength, evidence=evidence)


def summary(findings: list[Finding]) -> str:
    """The first finding's message, and how many there are besides."""
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].message.rstrip('.')}{more}"
