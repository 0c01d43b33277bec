"""What an operator sees of an artifact and of a gate in the Dagster UI."""

from collections.abc import Mapping, Sequence
from functools import singledispatch

import dagster as dg
from pydantic import BaseModel

from meta_pipeline.defs.lineage.specs import CALLED
from meta_pipeline.defs.pictures import picture_shown
from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.delivery.context import DependencyAudit, RepoContext
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.judgement import GateResult, Verdict
from meta_pipeline.delivery.lineage.touched import TOUCHED, TouchedThings
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.neighbours import Neighbours
from meta_pipeline.delivery.packet import Merged, ReviewPacket, RolloutNotes, SignedStage
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.reports import ValidationReport
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.rollback import RollbackPlan
from meta_pipeline.delivery.states import STATES, State
from meta_pipeline.desk import Delivery
from meta_pipeline.messages.render import code, render

_ROWS = 200
_LINKS = 8
_LONGEST_NAME = 60


def check_metadata(delivery: Delivery, result: GateResult) -> dict[str, dg.MetadataValue]:
    """The findings of a gate with where, what and how to mend it; what to do next unless it passed."""
    shown: dict[str, dg.MetadataValue] = {"outcome": dg.MetadataValue.text(result.outcome.replace("_", " "))}
    if result.findings:
        shown["findings"] = findings_table(delivery, [result])
    if result.outcome in ("failed", "could_not_run"):
        shown |= _what_to_do(delivery, "blocked")  # it will be, as soon as its stage is concluded
    elif result.outcome not in ("passed", "not_applicable"):
        shown |= next_action(delivery)
    if result.evidence:
        shown["evidence"] = dg.MetadataValue.text(", ".join(result.evidence))
    return shown


def findings_table(delivery: Delivery, results: Sequence[GateResult]) -> dg.MetadataValue:
    """A table of findings: unlike Markdown, the UI shows it without a click. Columns without a word are left out."""
    rows = [
        {
            "gate": result.id,
            "where": _where(finding.path, finding.line),
            "what": finding.message,
            "pipeline": ", ".join(finding.pipelines),
            "how to mend it": finding.fix.replace("<delivery>", str(delivery.id)),
            "waived": finding.waived.sentence.removeprefix("waived ") if finding.waived else "",
        }
        for result in results
        for finding in result.findings
    ]
    columns = [
        column
        for column in ("where", "pipeline", "what", "how to mend it", "waived")
        if column in ("what", "how to mend it") or any(row[column] for row in rows)
    ]
    return _table(columns if len(results) == 1 else ["gate", *columns], rows)


def neighbours_tried(told: Neighbours) -> dict[str, dg.MetadataValue]:
    """Which gate was shown which fault where, and whether it would have stopped it; how long that took."""
    rows = [
        {
            "gate": f"{one.gate} {one.name}",
            "seeded": f"{one.seed.fault}: {one.seed.says}",
            "where": _where(one.seed.path, one.seed.line),
            "came to": one.outcome.replace("_", " "),
            "is": "caught" if one.caught else "missed",
            "what it says": one.reason,
        }
        for one in told.tried
    ]
    rows += [
        {
            "gate": one.gate,
            "seeded": "",
            "where": "",
            "came to": "",
            "is": "not tried",
            "what it says": one.reason,
        }
        for one in told.untried
    ]
    if not rows:
        return {}
    return {
        "known-bad neighbours": _table(("gate", "seeded", "where", "came to", "is", "what it says"), rows),
        "seconds for the neighbours": dg.MetadataValue.float(told.seconds),
    }


def artifact_metadata(delivery: Delivery, name: str, value: BaseModel) -> Mapping[str, dg.MetadataValue]:
    """In the order in which an operator reads: where the delivery stands, what this is, where it is kept."""
    return {
        **next_action(delivery),
        "summary": dg.MetadataValue.md(summary(value)),
        **details(value, delivery),
        "file": dg.MetadataValue.path(delivery.record.folder.path(f"artifacts/{name}.json")),
        "digest": dg.MetadataValue.text(digest(value)),
    }


def next_action(delivery: Delivery) -> dict[str, dg.MetadataValue]:
    """Where the delivery stands and what a person does; nothing while it is at work, as that is soon untrue."""
    state = delivery.standing().state
    return {} if STATES[state].job is not None else _what_to_do(delivery, state)


def _what_to_do(delivery: Delivery, state: State) -> dict[str, dg.MetadataValue]:
    row = STATES[state]
    return {
        "next action": dg.MetadataValue.text(delivery.record.next_action(state)),
        "state": dg.MetadataValue.text(f"{state.replace('_', ' ')}: {row.meaning}"),
    }


@singledispatch
def details(value: BaseModel, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    """What one kind of artifact shows beyond its summary."""
    return {}


@details.register
def _(value: Requirements, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    rows = [
        {
            "id": c.id,
            "demand": c.sentence,
            "proved by": c.verification.replace("_", " "),
            "quote": f"line {c.span.line}: {c.span.quote}",
        }
        for c in value.criteria
    ]
    return {"criteria": _table(("id", "demand", "proved by", "quote"), rows)}


@details.register
def _(value: Plan, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    rows: list[Mapping[str, str | float]] = [
        {"step": step.number, "what": step.title, "files": ", ".join(step.files)} for step in value.steps
    ]
    return {"steps": _table(("step", "what", "files"), rows)}


@details.register
def _(value: ChangeSet, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {
        "diff": dg.MetadataValue.md(f"````diff\n{value.patch[:100_000]}\n````"),
        **picture_shown(delivery, digest(value)),
        **touches(delivery, digest(value)),
    }


@details.register
def _(value: ReviewPacket, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {**picture_shown(delivery, value.change_set), **touches(delivery, value.change_set)}


@details.register
def _(value: RolloutNotes, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return touches(delivery, None)


@details.register
def _(value: ValidationReport, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    rows: list[Mapping[str, str | float]] = [
        {
            "side": record.side.replace("_", " "),
            "command": record.command.shown_as,
            "ended with": _ended(record.exit, record.ended_by),
            "seconds": record.seconds,
            "chunk_id": record.chunk_id,
        }
        for side in (value.head, value.base, value.former_tests, value.trial.side if value.trial else None)
        if side is not None
        for record in side.records
    ]
    if not rows:
        return {}
    outputs = {
        f"output of {record.command.name}": dg.MetadataValue.path(
            delivery.record.evidence.path(record.stdout)
        )
        for record in value.head.records
    }
    return {"evidence": _table(("side", "command", "ended with", "seconds", "chunk_id"), rows), **outputs}


@details.register
def _(value: Verdict, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return (
        {"findings": findings_table(delivery, value.results)}
        if any(r.findings for r in value.results)
        else {}
    )


@details.register
def _(value: Merged, delivery: Delivery) -> Mapping[str, dg.MetadataValue]:
    return {"commit": dg.MetadataValue.text(value.commit), "branch": dg.MetadataValue.text(value.branch)}


def touches(delivery: Delivery, change_set: str | None) -> Mapping[str, dg.MetadataValue]:
    """Links to the pages of what a change touches, pipelines first; None for the delivery's newest change."""
    kept = delivery.record.find(TOUCHED, TouchedThings)
    if kept is None or not kept.things or change_set not in (None, kept.change_set):
        return {}
    things = sorted(kept.things, key=lambda thing: not thing.is_pipeline)
    links: dict[str, dg.MetadataValue] = {
        f"touches {CALLED[thing.kind]} {thing.name[:_LONGEST_NAME]}": dg.MetadataValue.asset(
            dg.AssetKey(thing.key)
        )
        for thing in things[:_LINKS]
    }
    if len(things) > _LINKS:
        rest = ", ".join("/".join(thing.key[1:]) for thing in things[_LINKS:_ROWS])
        links["touches also"] = dg.MetadataValue.text(rest)
    return links


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
    return f"{path}:{line}" if line else path


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, str | float]]) -> dg.MetadataValue:
    """Rows of a record table, cut where the page would become slow; the ledger holds all of them."""
    records = [dg.TableRecord({column: row[column] for column in columns}) for row in rows[:_ROWS]]
    if len(rows) > _ROWS:
        more = f"{len(rows) - _ROWS} more are in the ledger"
        records.append(dg.TableRecord(dict.fromkeys(columns, "...") | {columns[-1]: more}))
    schema = dg.TableSchema(columns=[dg.TableColumn(name=column) for column in columns])
    return dg.MetadataValue.table(records=records, schema=schema)


def _ended(status: int | None, ended_by: str | None) -> str:
    return (
        f"{status}"
        if ended_by is None
        else f"its limit of {ended_by}"
        if ended_by != "missing"
        else "missing"
    )
