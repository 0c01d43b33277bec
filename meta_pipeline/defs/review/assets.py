"""Review: the way back, the packet that a reviewer reads, the verdict, and the approval."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from meta_pipeline.contracts.places import DEFAULT_CONTRACTS
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
from meta_pipeline.defs.implementation.assets import bench_for, change_of, reports_at_hand
from meta_pipeline.defs.lineage.events import tell_of_verdict
from meta_pipeline.defs.parts import artifact_asset
from meta_pipeline.defs.signoffs import signed_stage
from meta_pipeline.delivery.borders import review_subject
from meta_pipeline.delivery.carrying import why_void
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.citations import chunks_cited
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import Carried, Concluded, Effect, approved_before, effect, latest_verdict
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.packet import ReviewPacket
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.desk import Delivery
from meta_pipeline.gates.case import Case, Packet
from meta_pipeline.issues.manifests import manifests_of
from meta_pipeline.messages.packet import Account, chunks_to_cite, review_packet_text
from meta_pipeline.policy import POLICY_FILE
from meta_pipeline.resources import DeskResource
from meta_pipeline.rollout.rollback import plan_rollback, rehearse
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.workspace.environment import CannotBuild
from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.publishing import publish_branch


def rollback_plan(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    plan: Plan,
    patched_code: ChangeSet,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_same(context, "requirements", plan.requirements, requirements)
    require_same(context, "plan", patched_code.plan, plan)
    require_open(context, delivery.border("implementation", digest(patched_code)))
    planned = plan_rollback(patched_code, plan, delivery.policy)
    bench = bench_for(delivery, patched_code.base)
    if isinstance(bench, CannotBuild):
        raise halt(context, f"The rollback cannot be rehearsed: {bench.reason}")
    rehearsal = rehearse(bench, patched_code, planned)
    yield made(delivery, "rollback_plan", planned.model_copy(update={"rehearsal": rehearsal}))


def review_packet(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    plan: Plan,
    patched_code: ChangeSet,
    rollback_plan: RollbackPlan,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    verdict = require_open(context, delivery.border("implementation", digest(patched_code)))
    require_same(context, "change", rollback_plan.change_set, patched_code)
    reports = reports_at_hand(context, delivery, patched_code)
    account = account_of(delivery, requirements, plan, patched_code, reports, rollback_plan)
    packet = ReviewPacket(
        change_set=digest(patched_code),
        subject=review_subject(digest(patched_code), verdict, rollback_plan.commands),
        markdown=review_packet_text(account, verdict),
    )
    _publish(context, delivery, patched_code)
    delivery.record.folder.write("review.md", packet.markdown.encode())
    yield made(delivery, "review_packet", packet)


def _publish(context: dg.AssetExecutionContext, delivery: Delivery, change_set: ChangeSet) -> None:
    """Put the delivery's branch at the proved change, once, so that whoever signs it can look at it."""
    assert change_set.head is not None
    try:
        publish_branch(delivery.mirror, delivery.id.branch, change_set.head)
    except GitFault as error:
        raise halt(context, str(error)) from error
    key = f"branch:{change_set.head}"
    if effect(delivery.record.entries(), key) is None:
        detail = f"{delivery.id.branch} is at {change_set.head}"
        delivery.record.append(Effect(key=key, what="branch_published", detail=detail))


def review_verdict(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    plan: Plan,
    patched_code: ChangeSet,
    rollback_plan: RollbackPlan,
    review_packet: ReviewPacket,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    subject = subject_at_hand(context, delivery, patched_code, rollback_plan)
    if review_packet.subject != subject:
        raise halt(
            context, "The review packet is about another change or verdict; materialize review_packet again."
        )
    reports = reports_at_hand(context, delivery, patched_code)
    case = Case(
        delivery.policy,
        change=change_of(delivery, patched_code),
        change_set=patched_code,
        requirements=requirements,
        plan=plan,
        reports=reports,
        rollback=rollback_plan,
        packet=_packet(delivery, review_packet, reports, rollback_plan),
    )
    results = judged(delivery, "review", subject, delivery.gates("review"), case)
    former = approved_before(delivery.record.entries(), "review")
    verdict = concluded(delivery, "review", subject, results, patched_code)
    if former is not None:
        _carry_over(context, delivery, former, verdict, patched_code)
    if verdict.decision == "blocked":
        tell_of_verdict(context, delivery, patched_code, verdict)
        yield from checks(delivery, results)
        raise block(context, delivery, verdict)
    yield made(delivery, "review_verdict", verdict)
    yield from checks(delivery, results)


def review_signoff(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    patched_code: ChangeSet,
    rollback_plan: RollbackPlan,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    subject = subject_at_hand(context, delivery, patched_code, rollback_plan)
    verdict = require_open(context, delivery.border("review", subject, signed=False))
    yield from signed_stage(context, delivery, verdict)


def subject_at_hand(
    context: dg.AssetExecutionContext, delivery: Delivery, change_set: ChangeSet, rollback: RollbackPlan
) -> str:
    """The digest that the review of this change binds; raises `dagster.Failure` unless it passed implementation."""
    require_same(context, "change", rollback.change_set, change_set)
    implementation: Verdict = require_open(context, delivery.border("implementation", digest(change_set)))
    return review_subject(digest(change_set), implementation, rollback.commands)


def account_of(
    delivery: Delivery,
    requirements: Requirements,
    plan: Plan,
    change_set: ChangeSet,
    reports: Mapping[ReportKind, ValidationReport],
    rollback: RollbackPlan,
) -> Account:
    """All that the packet and the final summary tell of."""
    change = change_of(delivery, change_set)
    assert change is not None
    return Account(
        delivery.id,
        delivery.policy,
        requirements,
        plan,
        change_set,
        change,
        reports,
        rollback,
        delivery.record.entries(),
    )


def _carry_over(
    context: dg.AssetExecutionContext,
    delivery: Delivery,
    former: Concluded,
    verdict: Verdict,
    rebased: ChangeSet,
) -> None:
    """Let the approval of the former verdict hold for this one where nothing but the base moved."""
    if former.verdict.digest == verdict.digest or former.change_set is None:
        return
    approved = ChangeSet.model_validate_json(delivery.record.evidence.get(former.change_set))
    moved = read_change(delivery.tree(approved.base), delivery.tree(rebased.base), delivery.policy)
    manifests = [manifest.path for manifest in manifests_of(moved.head)]
    guarded = (*(delivery.policy.contracts or DEFAULT_CONTRACTS), *manifests, POLICY_FILE)
    entries = delivery.record.entries()
    judged_before = latest_verdict(entries, "implementation", former.change_set)
    judged_now = latest_verdict(entries, "implementation", digest(rebased))
    if judged_before is None or judged_now is None:
        return
    verdicts = ((judged_before, former.verdict), (judged_now, verdict))
    why = why_void(approved, rebased, verdicts, moved, guarded)
    if why is None:
        delivery.record.append(Carried(stage="review", former=former.verdict.digest, digest=verdict.digest))
    else:
        context.log.info("The former sign-off does not hold for the rebased change: %s", why)


def _packet(
    delivery: Delivery,
    packet: ReviewPacket,
    reports: Mapping[ReportKind, ValidationReport],
    rollback: RollbackPlan,
) -> Packet:
    """The packet with the chunk ids that the store really holds."""
    must_cite = chunks_to_cite(reports, rollback)
    cited = must_cite | frozenset(chunks_cited(packet.markdown))
    known = frozenset(chunk for chunk in cited if delivery.record.evidence.find(chunk))
    return Packet(markdown=packet.markdown, known_chunks=known, must_cite_chunks=must_cite)


def assets(target: str) -> list[dg.AssetsDefinition]:
    """The review assets of one target."""
    return [
        artifact_asset(target, rollback_plan, loads=["requirements", "plan", "patched_code"]),
        artifact_asset(
            target, review_packet, loads=["requirements", "plan", "patched_code", "rollback_plan"]
        ),
        artifact_asset(
            target,
            review_verdict,
            loads=["requirements", "plan", "patched_code", "rollback_plan", "review_packet"],
        ),
        artifact_asset(target, review_signoff, loads=["patched_code", "rollback_plan"]),
    ]
