"""What gates say: findings, outcomes, and the verdict over a stage border."""

from collections.abc import Iterable
from typing import Literal

from meta_pipeline.delivery.model import Frozen, digest
from meta_pipeline.delivery.stages import StageId

Outcome = Literal["passed", "failed", "needs_approval", "warned", "not_applicable", "could_not_run"]
Strength = Literal["failed", "needs_approval", "warned"]
"""What one finding comes to, by itself."""
Decision = Literal["pass", "needs_approval", "blocked"]

SEVERITY: dict[Outcome, int] = {
    "not_applicable": 0,
    "passed": 0,
    "warned": 1,
    "needs_approval": 2,
    "could_not_run": 3,
    "failed": 4,
}


class Waived(Frozen):
    """Who took a finding upon themselves, why and until which day (YYYY-MM-DD); `file` is the waiver they signed."""

    by: str
    why: str
    until: str
    file: str

    @property
    def sentence(self) -> str:
        """Who, why, until when and by which file, as a person reads it."""
        return f"waived by {self.by} until {self.until}: {self.why} ({self.file})"


class Finding(Frozen):
    """One thing that a gate found: where it is, what is wrong and why it matters, and how to mend it.

    `pipeline` is the id of the one that it is about, where it is about one. `outcome` is what the finding alone makes
    of its gate; None for one that only explains why a gate could not run. A `waived` one makes nothing of it.
    """

    path: str | None
    line: int | None
    message: str
    fix: str
    pipeline: str | None = None
    outcome: Strength | None = None
    waived: Waived | None = None

    @property
    def fingerprint(self) -> str:
        """Identity of the finding across runs of the same gate on the same content."""
        return digest([self.path, self.line, self.message])

    @property
    def mark(self) -> str:
        """What a verdict's digest covers of it: the finding, what it comes to, and who waived it."""
        if self.outcome is None and self.waived is None:
            return self.fingerprint
        return digest([self.fingerprint, self.outcome, self.waived])


class GateResult(Frozen):
    """What one gate said. `evidence` are the chunk ids it looked at; `seconds` is the time it took."""

    id: str
    name: str
    stage: StageId
    outcome: Outcome
    reason: str
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()
    evidence: tuple[str, ...] = ()


def decide(results: Iterable[GateResult]) -> Decision:
    """Any failed or could_not_run blocks; else any needs_approval waits for a human; else it is a pass."""
    worst = max((SEVERITY[result.outcome] for result in results), default=0)
    if worst >= SEVERITY["could_not_run"]:
        return "blocked"
    return "needs_approval" if worst == SEVERITY["needs_approval"] else "pass"


class Verdict(Frozen):
    """The decision over one stage border, for exactly one `subject` digest."""

    stage: StageId
    subject: str
    decision: Decision
    results: tuple[GateResult, ...]

    @property
    def digest(self) -> str:
        """Covers gates, outcomes, and each finding with its own; not durations, so an equal re-run voids nothing."""
        return digest(
            {
                "stage": self.stage,
                "subject": self.subject,
                "gates": [
                    [result.id, result.outcome, sorted(f.mark for f in result.findings)]
                    for result in sorted(self.results, key=lambda result: result.id)
                ],
            }
        )

    @property
    def to_approve(self) -> tuple[tuple[str, Finding], ...]:
        """The (gate id, finding) pairs that a sign-off of this verdict approves."""
        return tuple(
            (result.id, finding)
            for result in self.results
            if result.outcome == "needs_approval"
            for finding in result.findings
            if finding.waived is None and finding.outcome in (None, "needs_approval")
        )

    @property
    def waived(self) -> tuple[tuple[str, Finding], ...]:
        """The (gate id, finding) pairs that somebody took upon themselves."""
        return tuple(
            (result.id, finding)
            for result in self.results
            for finding in result.findings
            if finding.waived is not None
        )


def verdict_of(stage: StageId, subject: str, results: Iterable[GateResult]) -> Verdict:
    """The verdict over `results`, in the order of the gates' ids."""
    ordered = tuple(sorted(results, key=lambda result: result.id))
    return Verdict(stage=stage, subject=subject, decision=decide(ordered), results=ordered)
