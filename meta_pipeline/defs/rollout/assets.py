"""Rollout: the merge, and the last word. Deployment and observation are not part of this version."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from meta_pipeline.defs.gating import (
    at_work,
    block,
    checks,
    concluded,
    halt,
    judged,
    made,
    require_open,
    require_same,
)
from meta_pipeline.defs.implementation.assets import reports_at_hand
from meta_pipeline.defs.lineage.events import tell_of_merge
from meta_pipeline.defs.lineage.survey import keep_lineage
from meta_pipeline.defs.parts import artifact_asset
from meta_pipeline.defs.review.assets import account_of, subject_at_hand
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import Delivered, Effect, effect, signoffs_on
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.packet import Merged, RolloutNotes
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.delivery.signoff import statement
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.signing import SigningError
from meta_pipeline.gates.case import Case, Merging
from meta_pipeline.messages.packet import summary_text
from meta_pipeline.resources import DeskResource
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.publishing import CheckedOut, TipMoved, fast_forward, publish_branch


def merge(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    plan: Plan,
    patched_code: ChangeSet,
    rollback_plan: RollbackPlan,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_same(context, "requirements", plan.requirements, requirements)
    require_same(context, "plan", patched_code.plan, plan)
    require_open(context, delivery.border("discovery", digest(requirements)))
    planned = require_open(context, delivery.border("design", digest(plan)))
    subject = subject_at_hand(context, delivery, patched_code, rollback_plan)
    reviewed = require_open(context, delivery.border("review", subject))
    _require_signers_still_valid(context, delivery, planned, reviewed)
    assert patched_code.head is not None
    tip = delivery.tip
    is_there = delivery.mirror.is_ancestor(patched_code.head, tip)
    merging = Merging(
        reviewed_head=patched_code.head,
        reviewed_base=patched_code.base,
        head=patched_code.head,
        tip=patched_code.base if is_there else tip,
    )
    results = judged(
        delivery, "rollout", subject, delivery.gates("rollout"), Case(delivery.policy, merging=merging)
    )
    verdict = concluded(delivery, "rollout", subject, results)
    if verdict.decision == "blocked":
        yield from checks(delivery, results)
        raise block(context, delivery, verdict)
    moved = _merge_once(context, delivery, patched_code, is_there=is_there)
    if moved is not None:
        _tell(context, delivery, patched_code, moved, (planned, reviewed))
        yield made(delivery, "merge", moved)
    yield from checks(delivery, results)


def rollout_notes(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    plan: Plan,
    patched_code: ChangeSet,
    rollback_plan: RollbackPlan,
    merge: Merged,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_same(context, "change", merge.change_set, patched_code)
    if not delivery.mirror.is_ancestor(merge.commit, delivery.tip):
        raise halt(context, f"{merge.branch} does not hold {merge.commit[:12]}; materialize merge first.")
    reports = reports_at_hand(context, delivery, patched_code)
    account = account_of(delivery, requirements, plan, patched_code, reports, rollback_plan)
    notes = RolloutNotes(commit=merge.commit, markdown=summary_text(account, merge))
    delivery.record.folder.write("summary.md", notes.markdown.encode())
    delivery.record.post("summary", notes.markdown)
    if delivery.standing().state != "delivered":
        delivery.record.append(Delivered(commit=merge.commit))
    yield made(delivery, "rollout_notes", notes)


def _merge_once(
    context: dg.AssetExecutionContext, delivery: Delivery, change_set: ChangeSet, *, is_there: bool
) -> Merged | None:
    """Move the default branch to the reviewed commit, once; None where a person has to do it."""
    assert change_set.head is not None
    branch = delivery.policy.default_branch
    key = f"merge:{change_set.head}"
    done = effect(delivery.record.entries(), key)
    by_us = done is not None and done.what == "merged"
    if not is_there:
        publish_branch(delivery.mirror, delivery.id.branch, change_set.head)
        match fast_forward(delivery.mirror, branch, change_set.base, change_set.head, delivery.id.branch):
            case CheckedOut(command=command):
                waiting = f"'{branch}' is checked out; merge it there with: {command}"
                if effect(delivery.record.entries(), f"await:{change_set.head}") is None:
                    delivery.record.append(
                        Effect(key=f"await:{change_set.head}", what="merge_awaited", detail=waiting)
                    )
                context.log.warning(waiting)
                return None
            case TipMoved():
                raise halt(
                    context, f"'{branch}' moved in this moment; run implement_delivery to validate again."
                )
        by_us = True
    if done is None:
        who = "meta-pipeline" if by_us else "a person"
        delivery.record.append(
            Effect(key=key, what="merged", detail=f"{branch} is at {change_set.head}, moved by {who}")
        )
    return Merged(
        change_set=digest(change_set),
        branch=branch,
        base=change_set.base,
        commit=change_set.head,
        by="meta-pipeline" if by_us else "person",
    )


def _tell(
    context: dg.AssetExecutionContext,
    delivery: Delivery,
    change_set: ChangeSet,
    merged: Merged,
    approved: tuple[Verdict, ...],
) -> None:
    """Keep what the default branch holds now, and tell of the merge on the page of each thing that it changed."""
    topologies = survey(delivery.tree(merged.commit), delivery.policy)
    keep_lineage(delivery.mirror, merged.commit, topologies)
    tell_of_merge(context, delivery, change_set, merged, approved)


def _require_signers_still_valid(
    context: dg.AssetExecutionContext, delivery: Delivery, *verdicts: Verdict
) -> None:
    """Raise `dagster.Failure` unless every approval still verifies at the tip of the default branch."""
    signers = delivery.signers(delivery.tip)
    entries = delivery.record.entries()
    for verdict in verdicts:
        for signoff in signoffs_on(entries, verdict.stage, verdict.digest):
            said = statement(delivery.id, signoff.stage, signoff.digest, signoff.decision, signoff.reason)
            try:
                signers.verify(said, signoff.signature)
            except SigningError as error:
                raise halt(context, f"The sign-off of {signoff.signer} no longer holds: {error}") from error


def assets(target: str) -> list[dg.AssetsDefinition]:
    """The rollout assets of one target."""
    return [
        artifact_asset(target, merge, loads=["requirements", "plan", "patched_code", "rollback_plan"]),
        artifact_asset(
            target,
            rollout_notes,
            loads=["requirements", "plan", "patched_code", "rollback_plan", "merge"],
        ),
    ]
