"""What a delivery does to the target's pipelines, told on the page of each of them, once for each moment."""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from meta_pipeline.defs.lineage.telling import Telling, shown
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import Traced, is_traced, latest_verdict, signoffs_on
from meta_pipeline.delivery.lineage.touched import TOUCHED, Touched, TouchedThings, touched, touched_by_plan
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.packet import Merged
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.lineage import DeliveryRow, LineageStore
from meta_pipeline.evidence.record import utc_now
from meta_pipeline.workspace.web import web_address

MOST_BEFORE_MERGE = 200
"""A larger change tells of its plan and its verdicts on so many pages, pipelines first, and of its merge on all.

Dagster writes some twenty events a second where its instance is kept in SQLite.
"""


def keep_touched(delivery: Delivery, change_set: ChangeSet, change: Change | None) -> tuple[Touched, ...]:
    """What a change touches, kept in the delivery's record for the moments that follow."""
    things = () if change is None else touched(delivery.target.name, change)
    delivery.record.save(TOUCHED, TouchedThings(change_set=digest(change_set), things=things))
    return things


def things_of(delivery: Delivery, change_set: str) -> tuple[Touched, ...]:
    """What the change with this digest touches; nothing where it was written by a version that kept none."""
    kept = delivery.record.find(TOUCHED, TouchedThings)
    return kept.things if kept is not None and kept.change_set == change_set else ()


def planned_things(delivery: Delivery, plan: Plan, context: RepoContext) -> tuple[Touched, ...]:
    """What a plan intends to touch of what its repository holds."""
    return touched_by_plan(delivery.target.name, context.topologies, plan.edits)


def tell_of_plan(
    context: dg.AssetExecutionContext,
    delivery: Delivery,
    plan: Plan,
    repo_context: RepoContext,
    verdict: Verdict,
) -> None:
    """That a change is planned, or that its plan is blocked."""
    is_blocked = verdict.decision == "blocked"
    telling = Telling(
        moment="blocked" if is_blocked else "planned",
        subject=verdict.digest,
        outcome=_blocked(verdict) if is_blocked else "planned, not written yet",
        page="plan",
        paper="plan.md",
        verdict=verdict,
    )
    _tell(context, delivery, planned_things(delivery, plan, repo_context), telling)


def tell_of_verdict(
    context: dg.AssetExecutionContext, delivery: Delivery, change_set: ChangeSet, verdict: Verdict
) -> None:
    """That a change was validated, or that a gate stopped it."""
    is_blocked = verdict.decision == "blocked"
    telling = Telling(
        moment="blocked" if is_blocked else "validated",
        subject=verdict.digest,
        outcome=_blocked(verdict) if is_blocked else _validated(verdict),
        page=f"{verdict.stage}_verdict",
        paper="thread" if is_blocked else "review.md",
        commit=change_set.head,
        change_set=digest(change_set),
        verdict=verdict,
    )
    _tell(context, delivery, things_of(delivery, digest(change_set)), telling)


def tell_of_merge(
    context: dg.AssetExecutionContext,
    delivery: Delivery,
    change_set: ChangeSet,
    merged: Merged,
    approved: Iterable[Verdict],
) -> None:
    """That a change is on the default branch, and who signed it."""
    entries = delivery.record.entries()
    signoffs = [sign for each in approved for sign in signoffs_on(entries, each.stage, each.digest)]
    telling = Telling(
        moment="merged",
        subject=merged.change_set,
        outcome=f"merged into {merged.branch}",
        page="rollout_notes",
        paper="summary.md",
        commit=merged.commit,
        change_set=merged.change_set,
        verdict=latest_verdict(entries, "implementation", merged.change_set),
        people=tuple(f"{sign.signer} ({sign.stage})" for sign in signoffs),
    )
    _tell(context, delivery, things_of(delivery, merged.change_set), telling)


def told_without_run(delivery: Delivery) -> list[dg.AssetObservation]:
    """What is to be told of a person's no, or of a delivery that was given up: no run takes these up."""
    standing = delivery.standing()
    if standing.state not in ("rejected", "withdrawn"):
        return []
    plan = delivery.record.find("plan", Plan)
    repo_context = delivery.record.find("repo_context", RepoContext)
    change_set = delivery.record.find("patched_code", ChangeSet)
    things: tuple[Touched, ...] = ()
    if change_set is not None:
        things = things_of(delivery, digest(change_set))
    if not things and plan is not None and repo_context is not None:
        things = planned_things(delivery, plan, repo_context)
    last = delivery.record.entries()[-1]
    telling = Telling(
        moment="rejected" if standing.state == "rejected" else "withdrawn",
        subject=standing.verdict.digest if standing.verdict else last.digest,
        outcome=f"{standing.state}: {standing.why}" if standing.why else standing.state,
        page="plan_signoff" if standing.stage in ("discovery", "design") else "review_signoff",
        paper="plan.md" if standing.stage in ("discovery", "design") else "review.md",
        commit=change_set.head if change_set else None,
        change_set=digest(change_set) if change_set else None,
    )
    return [event for event in _events(delivery, things, telling) if isinstance(event, dg.AssetObservation)]


def _tell(
    context: dg.AssetExecutionContext, delivery: Delivery, things: Sequence[Touched], telling: Telling
) -> None:
    """Leave an event on the page of each thing. They belong to the run at hand, so that the page leads to it."""
    for event in _events(delivery, things, telling):
        context.log_event(event)


def _events(
    delivery: Delivery, things: Sequence[Touched], telling: Telling
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """An event for each thing; none where this moment was told of already. The ledger knows once all were taken."""
    if not things or is_traced(delivery.record.entries(), telling.moment, telling.subject):
        return
    store = LineageStore(delivery.home.path, delivery.target.name)
    issue = delivery.record.find("issue", Issue)
    title = issue.title if issue else str(delivery.id)
    row = DeliveryRow(
        delivery=str(delivery.id),
        issue=title,
        outcome=telling.outcome,
        commit=telling.commit,
        paper=f"deliveries/{delivery.id}/{telling.paper}",
        at=utc_now().isoformat(timespec="seconds"),
    )
    web = web_address(delivery.mirror) if telling.moment == "merged" else None
    said = f"{telling.outcome[0].upper()}{telling.outcome[1:]}: {title} ({delivery.id})"
    ranked = sorted(things, key=lambda thing: not thing.is_pipeline)
    told = ranked if telling.moment == "merged" else ranked[:MOST_BEFORE_MERGE]
    for thing in ranked[len(told) :]:
        store.note(thing.key, row)
    for thing in told:
        rows = store.note(thing.key, row)
        is_made = telling.moment == "merged" and thing.change != "removed"
        event = dg.AssetMaterialization if is_made else dg.AssetObservation
        yield event(
            dg.AssetKey(thing.key), description=said, metadata=shown(delivery, thing, telling, rows, web)
        )
    keys = tuple(thing.key for thing in told)
    delivery.record.append(Traced(moment=telling.moment, subject=telling.subject, keys=keys))


def _blocked(verdict: Verdict) -> str:
    failed = [result.id for result in verdict.results if result.outcome in ("failed", "could_not_run")]
    return f"blocked at the {verdict.stage} stage by {', '.join(failed)}"


def _validated(verdict: Verdict) -> str:
    asked = [result.id for result in verdict.results if result.outcome == "needs_approval"]
    return f"validated; a person must approve {', '.join(asked)}" if asked else "validated, every gate passes"
