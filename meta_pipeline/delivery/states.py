"""The states of a delivery, what leads to each, and what an operator does next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from meta_pipeline.delivery.borders import Shut, signed
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import (
    Answered,
    Concluded,
    Delivered,
    Effect,
    Entry,
    Event,
    Faulted,
    Judging,
    Opened,
    Withdrawn,
    signoffs_on,
)
from meta_pipeline.delivery.stages import STAGES, JobName, StageId

State = Literal[
    "planning",
    "awaiting_plan_signoff",
    "implementing",
    "awaiting_review_signoff",
    "rolling_out",
    "observing",
    "delivered",
    "blocked",
    "rejected",
    "withdrawn",
    "superseded",
    "rolled_back",
    "failed",
]


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row of the state table. `job` carries a delivery on from this state; None where a human must act first."""

    meaning: str
    next_action: str
    job: JobName | None = None
    final: bool = False


STATES: Mapping[State, StateRow] = {
    "planning": StateRow("requirements and plan are being made", "wait for the plan", "plan_delivery"),
    "awaiting_plan_signoff": StateRow(
        "the plan waits for a human",
        "read {folder}/plan.md, then: meta-pipeline approve {delivery} design --key FILE",
    ),
    "implementing": StateRow(
        "the change is being written and validated", "wait for the verdict", "implement_delivery"
    ),
    "awaiting_review_signoff": StateRow(
        "the proved change waits for a human",
        "read {folder}/review.md, then: meta-pipeline approve {delivery} review --key FILE",
    ),
    "rolling_out": StateRow("the approved change is being merged", "wait for the merge", "roll_out_delivery"),
    "observing": StateRow("the merged change is being watched", "wait for the observation window"),
    "delivered": StateRow("the change is on the default branch", "nothing", final=True),
    "blocked": StateRow(
        "a gate stopped the delivery",
        "see what stopped it and how to mend it with: meta-pipeline status {delivery}",
    ),
    "rejected": StateRow("a sign-off said no", "edit the issue or hand in another patch, as the reason asks"),
    "withdrawn": StateRow(
        "the issue was closed, or the delivery was given up",
        "nothing; an edit of the issue begins it anew",
        final=True,
    ),
    "superseded": StateRow("a newer delivery took over", "nothing", final=True),
    "rolled_back": StateRow("the change was undone", "nothing", final=True),
    "failed": StateRow(
        "the machinery failed, not the change",
        "run it again; meta-pipeline doctor tells what is missing on this machine",
    ),
}
"""`next_action` is a format string with the fields `delivery` (its id) and `folder` (its record's)."""

WORKING: Mapping[StageId, State] = {
    "discovery": "planning",
    "design": "planning",
    "implementation": "implementing",
    "review": "implementing",
    "rollout": "rolling_out",
}
"""The state of a delivery while a stage is at work."""

AWAITING: Mapping[StageId, State] = {"design": "awaiting_plan_signoff", "review": "awaiting_review_signoff"}
"""The state of a delivery whose stage has passed and waits for its sign-off."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delivery stands. `why` names what blocks, fails or rejects it; `verdict` is the one that decides."""

    state: State
    stage: StageId
    revision: int
    why: str | None = None
    verdict: Verdict | None = None


@dataclass
class _Fold:
    """What the ledger has established so far. A verdict that differs from its forerunner voids the later stages."""

    verdicts: dict[StageId, Concluded] = field(default_factory=dict)
    judging: set[StageId] = field(default_factory=set)
    ended: Standing | None = None
    trouble: str | None = None
    merge_awaited: str | None = None
    revision: int = 1
    author: str = ""

    def take(self, event: Event) -> None:
        match event:
            case Opened():
                self.revision, self.ended, self.trouble = event.revision, None, None
                self.author = event.author.identity
            case Judging():
                self.judging.add(event.stage)
                self.trouble = None
            case Concluded():
                self._conclude(event)
            case Answered():
                self.verdicts.clear()
            case Effect(what="merge_awaited"):
                self.merge_awaited = event.detail
            case Faulted():
                self.trouble = event.message
            case Withdrawn():
                self.ended = Standing("withdrawn", "discovery", self.revision, event.reason)
            case Delivered():
                self.ended = Standing("delivered", "rollout", self.revision)

    def _conclude(self, concluded: Concluded) -> None:
        stage = concluded.verdict.stage
        self.judging.discard(stage)
        former = self.verdicts.get(stage)
        self.verdicts[stage] = concluded
        if former is None or former.verdict.digest != concluded.verdict.digest:
            for later in STAGES[STAGES.index(stage) + 1 :]:
                self.verdicts.pop(later, None)


def standing(entries: Sequence[Entry]) -> Standing:
    """Fold the ledger into where the delivery stands now; raises `ValueError` for an empty ledger."""
    if not entries:
        raise ValueError("the ledger is empty: the delivery was never opened")
    fold = _Fold()
    for entry in entries:
        fold.take(entry.event)
    if fold.ended:
        return fold.ended
    for stage in STAGES:
        found = _at_stage(stage, fold, entries)
        if found:
            return found
    if fold.trouble:
        return Standing("failed", "rollout", fold.revision, fold.trouble)
    return Standing("rolling_out", "rollout", fold.revision, fold.merge_awaited)


def _at_stage(stage: StageId, fold: _Fold, entries: Sequence[Entry]) -> Standing | None:
    """The standing if the delivery is at this stage; None if it has left it behind."""
    concluded = fold.verdicts.get(stage)
    if concluded is None or stage in fold.judging:
        if fold.trouble:
            return Standing("failed", stage, fold.revision, fold.trouble)
        return Standing(
            WORKING[stage], stage, fold.revision, fold.merge_awaited if stage == "rollout" else None
        )
    verdict = concluded.verdict
    if verdict.decision == "blocked":
        worst = [r for r in verdict.results if r.outcome in ("failed", "could_not_run")]
        why = "; ".join(f"{result.id} {result.name}: {result.reason}" for result in worst)
        return Standing("blocked", stage, fold.revision, why, verdict)
    if stage not in AWAITING:
        return None
    signoffs = signoffs_on(entries, stage, verdict.digest)
    rejected = next((s for s in signoffs if s.decision == "rejected"), None)
    if rejected:
        why = f"{rejected.signer}: {rejected.reason or 'no reason given'}"
        return Standing("rejected", stage, fold.revision, why, verdict)
    if isinstance(signed(verdict, signoffs, concluded.signatures, fold.author), Shut):
        return Standing(AWAITING[stage], stage, fold.revision, None, verdict)
    return None
