"""What must hold before a stage may be left behind: the rule that no asset can step around."""

from collections.abc import Sequence
from dataclasses import dataclass

from meta_pipeline.delivery.judgement import Verdict, verdict_of
from meta_pipeline.delivery.ledger import Entry, latest_results, latest_verdict, signoffs_on
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.signoff import SignOff, is_same_person
from meta_pipeline.delivery.stages import StageId


@dataclass(frozen=True, slots=True)
class Open:
    """The border may be crossed; `verdict` is what was decided there."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Shut:
    """The border may not be crossed. `waits_for_human` tells a missing sign-off from a failed gate."""

    reason: str
    waits_for_human: bool = False


def border(
    entries: Sequence[Entry],
    stage: StageId,
    subject: str,
    *,
    gates: Sequence[str],
    signatures: int,
    author: str,
) -> Open | Shut:
    """Whether `stage` holds for exactly this subject, going by the ledger alone.

    `gates` are the ids that must have been judged. The newest result of each counts, also one that came
    after the verdict; a judgement that began and never ended shuts the border. `signatures` is how many
    people other than `author` must have approved the verdict (0: none).
    """
    verdict = latest_verdict(entries, stage, subject)
    if verdict is None:
        return Shut(f"the {stage} stage has no verdict on this very content ({subject[:19]}); run it first")
    results = latest_results(entries, stage, subject)
    unjudged = sorted(gate for gate in gates if results.get(gate) is None)
    if unjudged:
        return Shut(
            f"the judgement of {', '.join(unjudged)} began and has not ended; run the {stage} stage again"
        )
    now = verdict_of(stage, subject, [result for result in results.values() if result is not None])
    if now.decision == "blocked":
        worst = [r.id for r in now.results if r.outcome in ("failed", "could_not_run")]
        return Shut(f"the {stage} stage is blocked by {', '.join(worst)}")
    if now.digest != verdict.digest:
        return Shut(f"gates of the {stage} stage were judged again after its verdict; run its verdict again")
    if not signatures:
        return Open(verdict)
    return signed(verdict, signoffs_on(entries, stage, verdict.digest), signatures, author)


def signed(verdict: Verdict, signoffs: Sequence[SignOff], needed: int, author: str) -> Open | Shut:
    """Whether enough people other than the author of the change approved this verdict, and nobody rejected it."""
    rejected = [s.signer for s in signoffs if s.decision == "rejected"]
    if rejected:
        return Shut(f"the {verdict.stage} stage was rejected by {', '.join(rejected)}")
    approved = {
        s.signer.casefold()
        for s in signoffs
        if s.decision == "approved" and not is_same_person(s.signer, author)
    }
    if len(approved) < needed:
        return Shut(
            f"the {verdict.stage} stage has {len(approved)} of {needed} sign-offs on {verdict.digest[:19]}",
            waits_for_human=True,
        )
    return Open(verdict)


def review_subject(change_set: str, implementation: Verdict, commands: Sequence[str]) -> str:
    """What the review judges and its sign-off binds: the change, how it was judged, and the way back."""
    return digest(
        {"change_set": change_set, "implementation": implementation.digest, "rollback": list(commands)}
    )
