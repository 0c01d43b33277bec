"""Design: the dependency audit, the numbered plan, and its approval."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from meta_pipeline.authors.change import meaning_of_patch
from meta_pipeline.defs.gating import (
    at_work,
    block,
    checks,
    concluded,
    judged,
    made,
    require_open,
    require_same,
)
from meta_pipeline.defs.lineage.events import tell_of_plan
from meta_pipeline.defs.parts import artifact_asset
from meta_pipeline.defs.signoffs import signed_stage
from meta_pipeline.delivery.context import DependencyAudit, RepoContext
from meta_pipeline.delivery.impact.impact import impact_of_edits
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.desk import Delivery
from meta_pipeline.gates.case import Case
from meta_pipeline.issues.repo_context import audit_dependencies
from meta_pipeline.messages.notes import plan_text, update_note
from meta_pipeline.resources import DeskResource

if TYPE_CHECKING:
    from meta_pipeline.authors.recipes.book import NoFit


def dependency_audit(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    repo_context: RepoContext,
    requirements: Requirements,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    yield made(
        delivery, "dependency_audit", audit_dependencies(digest(requirements), requirements, repo_context)
    )


def plan(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    requirements: Requirements,
    repo_context: RepoContext,
    dependency_audit: DependencyAudit,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_open(context, delivery.border("discovery", digest(requirements)))
    require_same(context, "requirements", dependency_audit.requirements, requirements)
    planned = _planned(delivery, requirements, repo_context)
    subject = digest(planned)
    case = Case(
        delivery.policy, requirements=requirements, context=repo_context, audit=dependency_audit, plan=planned
    )
    results = judged(delivery, "design", subject, delivery.gates("design"), case)
    verdict = concluded(delivery, "design", subject, results)
    impact = impact_of_edits(repo_context.topologies, planned.edits, delivery.policy.data_quality.looks_at)
    delivery.record.folder.write("plan.md", plan_text(delivery.id, requirements, planned, impact).encode())
    tell_of_plan(context, delivery, planned, repo_context, verdict)
    if verdict.decision == "blocked":
        delivery.record.save("plan", planned)
        yield from checks(delivery, results)
        raise block(context, delivery, verdict)
    yield made(delivery, "plan", planned)
    yield from checks(delivery, results)


def plan_signoff(
    context: dg.AssetExecutionContext, desk: DeskResource, requirements: Requirements, plan: Plan
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_same(context, "requirements", plan.requirements, requirements)
    verdict = require_open(context, delivery.border("design", digest(plan), signed=False))
    for shown in signed_stage(context, delivery, verdict):
        if isinstance(shown, dg.Output):
            delivery.record.post(
                "update", update_note(delivery.id, delivery.policy, plan, shown.value.signoffs)
            )
        yield shown


def _planned(delivery: Delivery, requirements: Requirements, repo_context: RepoContext) -> Plan:
    from meta_pipeline.authors.planning import plan_from_patch, plan_with_recipes

    request = delivery.request
    if request is not None and request.patch is not None:
        meant = meaning_of_patch(delivery.mirror, repo_context.base, request.patch, delivery.policy)
        return plan_from_patch(
            requirements, request.patch, repo_context, request.author.identity, delivery.policy, meant
        )
    by_recipes = plan_with_recipes(
        requirements, repo_context, delivery.policy, delivery.tree(repo_context.base)
    )
    return by_recipes if isinstance(by_recipes, Plan) else _without_steps(requirements, by_recipes)


def _without_steps(requirements: Requirements, no_fit: "NoFit") -> Plan:
    """A plan that says only why there is none: DSN001 blocks it, and the guidance request shows its gaps."""
    return Plan(
        requirements=digest(requirements),
        author="recipes",
        summary=no_fit.why,
        steps=(),
        gaps=tuple(f"{m.recipe} wants {m.missing}" for m in no_fit.missing if m.criteria) or (no_fit.why,),
    )


def assets(target: str) -> list[dg.AssetsDefinition]:
    """The design assets of one target."""
    return [
        artifact_asset(target, dependency_audit, loads=["repo_context", "requirements"]),
        artifact_asset(target, plan, loads=["requirements", "repo_context", "dependency_audit"]),
        artifact_asset(target, plan_signoff, loads=["requirements", "plan"]),
    ]
