"""The messages of a delivery's thread: alignment, mid-task update, guidance request."""

from collections.abc import Sequence

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.impact.impact import Impact
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.signoff import SignOff
from meta_pipeline.messages.outlook import downstream, to_test_again
from meta_pipeline.messages.render import render
from meta_pipeline.policy import Policy


def alignment_note(
    delivery: DeliveryId, policy: Policy, issue: Issue, requirements: Requirements, verdict: Verdict
) -> str:
    """What was understood of the issue, and what is still asked."""
    return render(
        "alignment",
        delivery=delivery,
        policy=policy,
        issue=issue,
        requirements=requirements,
        verdict=verdict,
    )


def plan_text(delivery: DeliveryId, requirements: Requirements, plan: Plan, impact: Impact) -> str:
    """The plan as its signer reads it, with what lies downstream of what it changes."""
    return render(
        "plan_page",
        delivery=delivery,
        requirements=requirements,
        plan=plan,
        outlook=downstream(impact),
        again=to_test_again(impact.again),
    )


def update_note(delivery: DeliveryId, policy: Policy, plan: Plan, signoffs: Sequence[SignOff]) -> str:
    """That the plan was approved, and what is being done."""
    return render("update", delivery=delivery, policy=policy, plan=plan, signoffs=signoffs)


def guidance_note(
    delivery: DeliveryId,
    policy: Policy,
    verdict: Verdict,
    requirements: Requirements | None,
    plan: Plan | None,
) -> str:
    """Why the delivery stopped, what was tried, what is asked of a person, and what to do next."""
    from meta_pipeline.authors.recipes.book import RECIPES  # loads LibCST, as every recipe does

    failed = [result for result in verdict.results if result.outcome in ("failed", "could_not_run")]
    return render(
        "guidance",
        delivery=delivery,
        policy=policy,
        verdict=verdict,
        failed=failed,
        requirements=requirements,
        plan=plan,
        recipes=RECIPES if plan is not None and plan.gaps else (),
    )


def fault_note(delivery: DeliveryId, run: str, error: str) -> str:
    """That the machinery broke, where to look, and how to go on."""
    return render("fault", delivery=delivery, run=run, error=error)
