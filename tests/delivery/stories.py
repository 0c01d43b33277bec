"""Ledgers as the tests tell them: events in an order, chained as the record chains them."""

from collections.abc import Iterable
from typing import Literal

from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.judgement import Finding, GateResult, Outcome, Verdict, verdict_of
from meta_pipeline.delivery.ledger import GENESIS, Concluded, Entry, Event, Judged, Judging, Opened, Signed
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.delivery.stages import StageId

AUTHOR = "author@example.com"
REVIEWER = "reviewer@example.com"
SUBJECT = digest("the change")
GATES: dict[StageId, str] = {
    "discovery": "DSC001",
    "design": "DSN001",
    "implementation": "VAL001",
    "review": "REV001",
    "rollout": "ROL001",
}


def chained(events: Iterable[Event]) -> tuple[Entry, ...]:
    """The entries that hold these events, one a second."""
    entries: list[Entry] = []
    for number, event in enumerate(events, start=1):
        previous = entries[-1].digest if entries else GENESIS
        at = f"2026-01-05T08:00:{number % 60:02}.000+00:00"
        entries.append(Entry(number=number, at=at, previous=previous, event=event))
    return tuple(entries)


def opened(revision: int = 1, issue: str = "issue") -> Opened:
    return Opened(
        revision=revision,
        issue=digest(issue),
        policy=digest("policy"),
        policy_commit="b" * 40,
        author=Author(kind="patch", identity=AUTHOR),
    )


def result(
    stage: StageId, outcome: Outcome = "passed", *, says: str | None = None, seconds: float = 0.1
) -> GateResult:
    """What the stage's gate said; `says` is the message of its one finding."""
    findings = (Finding(path="dags/a.py", line=3, message=says, fix="mend it"),) if says else ()
    gate = GATES[stage]
    return GateResult(
        id=gate,
        name="a-gate",
        stage=stage,
        outcome=outcome,
        reason="it looked",
        seconds=seconds,
        findings=findings,
    )


def verdict(stage: StageId, outcome: Outcome = "passed", *, says: str | None = None) -> Verdict:
    return verdict_of(stage, SUBJECT, [result(stage, outcome, says=says)])


def began(stage: StageId) -> Judging:
    return Judging(stage=stage, subject=SUBJECT, gates=(GATES[stage],))


def ended(stage: StageId, outcome: Outcome = "passed") -> Judged:
    return Judged(stage=stage, subject=SUBJECT, results=(result(stage, outcome),))


def judged(
    stage: StageId, outcome: Outcome = "passed", *, says: str | None = None, signatures: int = 0
) -> tuple[Event, ...]:
    """A whole judgement of a stage: begun, ended, concluded."""
    made = verdict(stage, outcome, says=says)
    return (
        began(stage),
        Judged(stage=stage, subject=SUBJECT, results=made.results),
        Concluded(verdict=made, signatures=signatures),
    )


def signed(
    stage: StageId,
    decision: Literal["approved", "rejected"] = "approved",
    *,
    signer: str = REVIEWER,
    of: Verdict | None = None,
) -> Signed:
    """A decision on the verdict `of`, the passing one unless told otherwise."""
    return Signed(
        signoff=SignOff(
            delivery="sales/inbox-0001",
            stage=stage,
            digest=(of or verdict(stage)).digest,
            decision=decision,
            signer=signer,
            signature="(verified before it came here)",
        )
    )
