"""What an operator sees of an artifact and of a gate in the Dagster UI."""

from collections.abc import Mapping
from functools import singledispatch

import dagster as dg
from pydantic import BaseModel

from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.context import DependencyAudit, RepoContext
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.judgement import GateResult, Verdict
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.packet import Merged, ReviewPacket, RolloutNotes, SignedStage
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.reports import ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.delivery.states import STATES
from meta_pipeline.desk import Delivery
from meta_pipeline.messages.render import code, escaped, render

_ROWS = 200


def check_metadata(result: GateResult) -> Mapping[str, dg.MetadataValue]:
    """The findings of a gate as a table, with where, what and how to mend it."""
    shown = {
        "outcome": dg.MetadataValue.text(result.outcome),
        "reason": dg.MetadataValue.text(result.reason),
        "findings": dg.MetadataValue.md(findings_table([result])),
    }
    if result.evidence:
        shown["evidence"] = dg.MetadataValue.md(", ".join(code(chunk) for chunk in result.evidence))
    return shown


def findings_table(results: list[GateResult]) -> str:
    """A Markdown table of findings; a sentence where there are none."""
    rows = [
        f"| {result.id} | {_where(finding.path, finding.line)} | {escaped(finding.message)} | {escaped(finding.fix)} |"
        for result in results
        for finding in result.findings
    ]
    if not rows:
        return "No findings."
    more = f"\n\n{len(rows) - _ROWS} more are in the ledger." if len(rows) > _ROWS else ""
    return "\n".join(["| gate | where | what | how to mend it |", "|---|---|---|---|", *rows[:_ROWS]]) + more


def artifact_metadata(delivery: Delivery, name: str, value: BaseModel) -> Mapping[str, dg.MetadataValue]:
    """The Markdown summary of an artifact, its digest, its file, and the next action on the delivery."""
    standing = delivery.standing()
    return {
        "summary": dg.MetadataValue.md(summary(value)),
        "digest": dg.MetadataValue.text(digest(value)),
        "file": dg.MetadataValue.path(delivery.record.folder.path(f"artifacts/{name}.json")),
        "state": dg.MetadataValue.text(f"{standing.state} ({standing.stage})"),
        "next action": dg.MetadataValue.text(STATES[standing.state].next_action.format(delivery=delivery.id)),
        **details(value, delivery),
    }


@singledispatch
def details(value: BaseModel, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    """What one kind of artifact shows beyond its summary."""
    return {}


@details.register
def _(value: ChangeSet, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {"diff": dg.MetadataValue.md(f"````diff\n{value.patch[:100_000]}\n````")}


@details.register
def _(value: ValidationReport, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    records = (*value.head.records, *value.base.records)
    rows = [
        f"| {record.side} | {code(record.command.shown_as)} | {_ended(record.exit, record.ended_by)} | "
        f"{record.seconds} | {code(record.chunk_id)} | {delivery.record.evidence.path(record.stdout)} |"
        for record in records
    ]
    header = ["| side | command | ended with | seconds | chunk_id | output |", "|---|---|---|---|---|---|"]
    return {"evidence": dg.MetadataValue.md("\n".join([*header, *rows]))} if rows else {}


@details.register
def _(value: Verdict, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {"findings": dg.MetadataValue.md(findings_table(list(value.results)))}


@details.register
def _(value: Merged, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {"commit": dg.MetadataValue.text(value.commit), "branch": dg.MetadataValue.text(value.branch)}


@singledispatch
def summary(value: BaseModel) -> str:
    """The Markdown summary of an artifact."""
    raise TypeError(f"no summary for {type(value).__name__}")


@summary.register
def _(value: Issue) -> str:
    return render("issue", issue=value)


@summary.register
def _(value: RepoContext) -> str:
    return render("repo_context", context=value)


@summary.register
def _(value: Requirements) -> str:
    return render("requirements", requirements=value)


@summary.register
def _(value: DependencyAudit) -> str:
    return value.summary


@summary.register
def _(value: Plan) -> str:
    return render("plan", plan=value)


@summary.register
def _(value: SignedStage) -> str:
    return render("signed_stage", signed=value)


@summary.register
def _(value: ChangeSet) -> str:
    return render("change_set", change=value)


@summary.register
def _(value: ValidationReport) -> str:
    return render("report", report=value)


@summary.register
def _(value: Verdict) -> str:
    return render("verdict", verdict=value)


@summary.register
def _(value: RollbackPlan) -> str:
    return render("rollback", rollback=value)


@summary.register(ReviewPacket)
@summary.register(RolloutNotes)
def _(value: ReviewPacket | RolloutNotes) -> str:
    return value.markdown


@summary.register
def _(value: Merged) -> str:
    return f"Branch {code(value.branch)} holds {code(value.commit)}, moved by {value.by}."


def _where(path: str | None, line: int | None) -> str:
    if path is None:
        return ""
    return code(f"{path}:{line}" if line else path)


def _ended(status: int | None, ended_by: str | None) -> str:
    return (
        f"{status}"
        if ended_by is None
        else f"its limit of {ended_by}"
        if ended_by != "missing"
        else "missing"
    )
