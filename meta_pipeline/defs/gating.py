"""How gates show in Dagster: judged into the ledger, yielded as checks, and a blocked border raised as red."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
from pydantic import BaseModel

from meta_pipeline.defs.jobs import DELIVERY_TAG
from meta_pipeline.defs.metadata import artifact_metadata, check_metadata, findings_table, next_action
from meta_pipeline.defs.parts import check_name
from meta_pipeline.delivery.borders import Open, Shut
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.judgement import GateResult, Verdict, verdict_of
from meta_pipeline.delivery.ledger import Concluded, Judged, Judging, Recorded, closed_by_issue
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.states import standing
from meta_pipeline.desk import Delivery
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import Gate
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.messages.notes import guidance_note
from meta_pipeline.resources import BLOCKED_TAG, DeskResource

_HOLDS = ("passed", "not_applicable")


def judged(
    delivery: Delivery, stage: StageId, subject: str, gates: Sequence[Gate], case: Case
) -> tuple[GateResult, ...]:
    """Judge gates on one subject; the ledger knows that it began, so that a crash leaves no old pass behind."""
    delivery.record.append(Judging(stage=stage, subject=subject, gates=tuple(gate.id for gate in gates)))
    base = case.change_set.base if case.change_set else delivery.tip
    results = judge_all(
        gates,
        replace(
            case,
            waivers=delivery.waivers(base, datetime.now(UTC).date()),
            authors=(delivery.opened.author.identity,),
        ),
    )
    delivery.record.append(Judged(stage=stage, subject=subject, results=results))
    return results


def checks(
    delivery: Delivery,
    results: Iterable[GateResult],
    more: Mapping[str, Mapping[str, dg.MetadataValue]] | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """One check result for each gate result, on the asset that the gate is shown on; `more` is shown too, by gate.

    Yield them after the asset's output: one that comes before it counts for the former materialization,
    and the UI shows it as missing.
    """
    for result in results:
        gate = catalogue().gates[result.id]
        blocks = result.outcome in ("failed", "could_not_run")
        yield dg.AssetCheckResult(
            passed=result.outcome in _HOLDS,
            asset_key=dg.AssetKey([delivery.target.name, gate.subject]),
            check_name=check_name(gate),
            severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
            description=result.reason,
            metadata={**check_metadata(delivery, result), **(more or {}).get(result.id, {})},
        )


def concluded(
    delivery: Delivery,
    stage: StageId,
    subject: str,
    results: Iterable[GateResult],
    change_set: ChangeSet | None = None,
) -> Verdict:
    """Write the verdict of a stage border into the ledger."""
    verdict = verdict_of(stage, subject, results)
    delivery.record.append(
        Concluded(
            verdict=verdict,
            signatures=delivery.signatures(stage),
            change_set=digest(change_set) if change_set else None,
        )
    )
    return verdict


def made(delivery: Delivery, name: str, value: BaseModel, *, output: str = "result") -> dg.Output[BaseModel]:
    """Note an artifact in the ledger and hand it to Dagster with what an operator needs to see of it."""
    kept = delivery.record.evidence.put_model(value, name)
    delivery.record.append(Recorded(artifact=name, digest=kept.digest))
    return dg.Output(value, output_name=output, metadata=artifact_metadata(delivery, name, value))


def at_work(context: dg.AssetExecutionContext, desk: DeskResource, *, opens: bool = False) -> Delivery:
    """The delivery that a step works on; raises `dagster.Failure` while all is held, or once it is withdrawn.

    A step that `opens` deliveries may also take up one whose issue was closed and is open again.
    Its tag is put on a run that has none, so that the limits and sensors on runs of a delivery know it.
    """
    delivery = desk.delivery(context)
    if DELIVERY_TAG not in context.run.tags:  # a person materializes an asset by hand
        context.instance.add_run_tags(context.run.run_id, {DELIVERY_TAG: str(delivery.id)})
    held = delivery.home.held
    if held is not None:
        raise halt(
            context, f"All deliveries are held: {held}. Release them with: meta-pipeline hold --release"
        )
    entries = delivery.record.entries()
    if entries and standing(entries).state == "withdrawn" and not (opens and closed_by_issue(entries)):
        raise halt(context, f"{delivery.id} was withdrawn; re-open its issue to begin a new delivery.")
    return delivery


def block(context: dg.AssetExecutionContext, delivery: Delivery, verdict: Verdict) -> dg.Failure:
    """The failure that ends a step whose border is blocked; asks for guidance in the delivery's thread."""
    failed = [result for result in verdict.results if result.outcome in ("failed", "could_not_run")]
    path = delivery.record.post("guidance", _guidance(delivery, verdict))
    reasons = "; ".join(f"{result.id} {result.name}: {result.reason}" for result in failed)
    return halt(
        context,
        f"{delivery.id} is blocked at the {verdict.stage} stage. {reasons}",
        {
            "findings": findings_table(delivery, failed),
            "guidance request": dg.MetadataValue.path(path),
            **next_action(delivery),
        },
    )


def _guidance(delivery: Delivery, verdict: Verdict) -> str:
    requirements = delivery.record.find("requirements", Requirements)
    plan = delivery.record.find("plan", Plan) if verdict.stage == "design" else None
    return guidance_note(delivery.id, delivery.policy, verdict, requirements, plan)


def halt(
    context: dg.AssetExecutionContext, reason: str, metadata: dict[str, dg.MetadataValue] | None = None
) -> dg.Failure:
    """A failure that is no crash: the run is marked, and Dagster does not try again."""
    context.instance.add_run_tags(
        context.run.run_id, {BLOCKED_TAG: context.op_execution_context.op.name.rpartition("__")[2]}
    )
    return dg.Failure(reason, metadata=metadata or {}, allow_retries=False)


def require_open(context: dg.AssetExecutionContext, found: Open | Shut) -> Verdict:
    """The verdict of an open border; raises `dagster.Failure` at a shut one."""
    if isinstance(found, Shut):
        raise halt(context, f"{found.reason[0].upper()}{found.reason[1:]}.")
    return found.verdict


def require_same(context: dg.AssetExecutionContext, what: str, named: str, value: BaseModel) -> None:
    """Raise `dagster.Failure` unless `named` is the digest of `value`: one of the two was made anew since."""
    if named != digest(value):
        raise halt(
            context,
            f"The {what} changed after what was made from it; run the delivery's jobs again in order.",
        )
