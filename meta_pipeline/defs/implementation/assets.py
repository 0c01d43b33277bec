"""Implementation: the patch, the target's own tools on it, and the verdict."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg

from meta_pipeline.authors.change import write_change
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.defs.gating import at_work, block, checks, concluded, halt, judged, made, require_open
from meta_pipeline.defs.lineage.events import keep_touched, tell_of_verdict
from meta_pipeline.defs.metadata import neighbours_tried
from meta_pipeline.defs.parts import ARTIFACTS_IO, artifact_asset, check_specs, group_name, partitions
from meta_pipeline.defs.pictures import draw
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.impact.meaning import Meaning
from meta_pipeline.delivery.ledger import Ran, latest_results
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.neighbours import Neighbours
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.stages import REPORTS, artifact
from meta_pipeline.desk import Delivery
from meta_pipeline.evidence.store import Folder
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.resources import DeskResource
from meta_pipeline.schedulers.survey import read_change, survey
from meta_pipeline.validation.bench import Bench, set_up, set_up_both
from meta_pipeline.workspace.environment import CannotBuild

KINDS: dict[str, ReportKind] = {
    "lint_report": "lint",
    "test_report": "tests",
    "integration_test_report": "integration_tests",
    "parse_report": "parse",
    "dry_run_report": "dry_run",
    "data_quality_report": "data_quality",
    "data_diff_report": "data_diff",
    "rerun_report": "rerun",
}


def patched_code(
    context: dg.AssetExecutionContext, desk: DeskResource, requirements: Requirements, plan: Plan
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    require_open(context, delivery.border("design", digest(plan)))
    request = delivery.request
    try:
        change_set = write_change(
            delivery.mirror,
            delivery.id,
            requirements.title,
            plan,
            delivery.tip,
            patch=request.patch if request else None,
            author=delivery.opened.author,
            when=delivery.opened_at,
        )
    except RecipeError as error:
        raise halt(context, str(error)) from error
    change = change_of(delivery, change_set)
    keep_touched(delivery, change_set, change)
    if change is not None:
        draw(
            delivery,
            digest(change_set),
            Meaning(change, delivery.opened_at, delivery.policy.data_quality.looks_at),
        )
    case = Case(
        delivery.policy,
        change=change,
        change_set=change_set,
        requirements=requirements,
        plan=plan,
    )
    results = judged(
        delivery, "implementation", digest(change_set), catalogue().of_subject("patched_code"), case
    )
    yield made(delivery, "patched_code", change_set)
    yield from checks(delivery, results)


def validation_reports(
    context: dg.AssetExecutionContext, desk: DeskResource, patched_code: ChangeSet
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    wanted = [
        name for name in REPORTS if dg.AssetKey([delivery.target.name, name]) in context.selected_asset_keys
    ]
    change = change_of(delivery, patched_code)
    reports = _validated(delivery, patched_code, change, [KINDS[name] for name in wanted])
    case = Case(
        delivery.policy,
        change=change,
        change_set=patched_code,
        requirements=delivery.record.find("requirements", Requirements),
        plan=delivery.record.find("plan", Plan),
        reports=reports,
    )
    results = judged(delivery, "implementation", digest(patched_code), catalogue().of_subject(*wanted), case)
    for name in wanted:
        yield made(delivery, name, reports[KINDS[name]], output=name)
    yield from checks(delivery, results)


def implementation_verdict(
    context: dg.AssetExecutionContext,
    desk: DeskResource,
    patched_code: ChangeSet,
) -> Iterator[Any]:
    delivery = at_work(context, desk)
    subject = digest(patched_code)
    reports = reports_at_hand(context, delivery, patched_code)
    neighbours = _neighbours(delivery, patched_code, reports)
    case = Case(delivery.policy, change_set=patched_code, reports=reports, neighbours=neighbours)
    results = judged(
        delivery, "implementation", subject, catalogue().of_subject("implementation_verdict"), case
    )
    more = {
        gate.id: neighbours_tried(neighbours) for gate in delivery.gates("implementation") if gate.is_on_gates
    }
    known = latest_results(delivery.record.entries(), "implementation", subject)
    unjudged = [gate.id for gate in delivery.gates("implementation") if known.get(gate.id) is None]
    if unjudged:
        raise halt(
            context,
            f"{', '.join(unjudged)} gave no result on this change; run patched_code and the reports again.",
        )
    verdict = concluded(delivery, "implementation", subject, [result for result in known.values() if result])
    tell_of_verdict(context, delivery, patched_code, verdict)
    if verdict.decision == "blocked":
        yield from checks(delivery, results, more)
        raise block(context, delivery, verdict)
    yield made(delivery, "implementation_verdict", verdict)
    yield from checks(delivery, results, more)


def _neighbours(
    delivery: Delivery, change_set: ChangeSet, reports: dict[ReportKind, ValidationReport]
) -> Neighbours:
    """What the gates that passed the change, by the ledger, say of known-bad neighbours of it."""
    from meta_pipeline.validation.neighbours.judging import judge_neighbours  # with the laboratory

    known = latest_results(delivery.record.entries(), "implementation", digest(change_set))
    case = Case(
        delivery.policy,
        change=change_of(delivery, change_set),
        change_set=change_set,
        requirements=delivery.record.find("requirements", Requirements),
        plan=delivery.record.find("plan", Plan),
        reports=reports,
        authors=(delivery.opened.author.identity,),
    )
    return judge_neighbours(
        [gate for gate in delivery.gates("implementation") if not gate.is_on_gates],
        case,
        [result for result in known.values() if result],
        lambda tree: survey(tree, delivery.policy),
    )


def reports_at_hand(
    context: dg.AssetExecutionContext, delivery: Delivery, change_set: ChangeSet
) -> dict[ReportKind, ValidationReport]:
    """The reports on exactly this change; raises `dagster.Failure` where one is missing or about another."""
    reports: dict[ReportKind, ValidationReport] = {}
    for name, kind in KINDS.items():
        report = delivery.record.find(name, ValidationReport)
        if report is None or report.change_set != digest(change_set):
            raise halt(context, f"{name} of {delivery.id} is not about this change; materialize it again.")
        reports[kind] = report
    return reports


def change_of(delivery: Delivery, change_set: ChangeSet) -> Change | None:
    """Both trees of a change set with their topologies; None where the patch does not apply."""
    if change_set.head is None:
        return None
    return read_change(delivery.tree(change_set.base), delivery.tree(change_set.head), delivery.policy)


def bench_for(delivery: Delivery, commit: str) -> Bench | CannotBuild:
    """What target commands need at `commit`; each command that ends is noted in the ledger."""
    return set_up(
        delivery.home.path,
        delivery.mirror,
        delivery.record.evidence,
        delivery.policy,
        commit,
        lambda record: _note(delivery, record),
    )


def _note(delivery: Delivery, record: CommandRecord) -> None:
    """Write into the ledger that a command ended."""
    delivery.record.append(
        Ran(
            command=record.command.shown_as,
            side=record.side,
            exit=record.exit,
            ended_by=record.ended_by,
            seconds=record.seconds,
            chunk_id=record.chunk_id,
            reused=record.reused,
        )
    )


def _validated(
    delivery: Delivery, change_set: ChangeSet, change: Change | None, wanted: list[ReportKind]
) -> dict[ReportKind, ValidationReport]:
    from meta_pipeline.validation.validate import unable, validate  # with all lanes

    if change is None:
        return unable(change_set, f"the patch does not apply: {change_set.rejection}", wanted)
    assert change_set.head is not None
    benches = set_up_both(
        delivery.home.path,
        delivery.mirror,
        delivery.record.evidence,
        delivery.policy,
        (change_set.base, change_set.head),
        lambda record: _note(delivery, record),
    )
    if isinstance(benches, CannotBuild):
        return unable(change_set, benches.reason, wanted)
    remembered = Folder.at(os.fspath(delivery.home.path / "base_evidence"))
    return validate(benches, change_set, change, remembered, wanted)


def _reports(target: str) -> dg.AssetsDefinition:
    return dg.multi_asset(
        name=f"{target}__validation_reports",
        ins={"patched_code": dg.AssetIn(key=[target, "patched_code"])},
        outs={
            name: dg.AssetOut(
                key=[target, name],
                description=artifact(name).description,
                io_manager_key=ARTIFACTS_IO,
                is_required=False,
                kinds={"python"},
                tags={"stage": "implementation", "target": target},
            )
            for name in REPORTS
        },
        check_specs=check_specs(target, *REPORTS),
        partitions_def=partitions(target),
        group_name=group_name(target, "implementation"),
        can_subset=True,
    )(validation_reports)


def assets(target: str) -> list[dg.AssetsDefinition]:
    """The implementation assets of one target."""
    return [
        artifact_asset(target, patched_code, loads=["requirements", "plan"]),
        _reports(target),
        artifact_asset(target, implementation_verdict, loads=["patched_code"]),
    ]
