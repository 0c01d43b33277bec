"""`status`: where deliveries stand, and what to do next."""

import textwrap

from rich.table import Table

from meta_pipeline.cli.documents import (
    DeliveryDocument,
    DeliveryLine,
    QuestionDocument,
    StageDocument,
    StatusDocument,
    TouchedDocument,
)
from meta_pipeline.cli.following import newest_guidance, next_action
from meta_pipeline.cli.judged_documents import GateDocument
from meta_pipeline.cli.output import STDOUT, exit_of_standing, leave, print_document, shown
from meta_pipeline.cli.targets import existing
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.judgement import Verdict
from meta_pipeline.delivery.ledger import Concluded, Delivered, Entry, Recorded
from meta_pipeline.delivery.lineage.touched import TOUCHED, TouchedThings
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.stages import ABSENT_IN_ROLLOUT, STAGES, StageId, artifact
from meta_pipeline.delivery.states import State
from meta_pipeline.desk import Delivery, Desk
from meta_pipeline.evidence.record import DeliveryRecord
from meta_pipeline.settings import Home

_FINDINGS = 3
"""How many findings of a gate a person sees at once; `--json` has them all."""

_TOUCHES = 5
"""How many things that a change touches a person sees at once."""

_COLOURS: dict[State, str] = {
    "delivered": "green",
    "blocked": "red",
    "failed": "red",
    "rejected": "red",
    "awaiting_plan_signoff": "yellow",
    "awaiting_review_signoff": "yellow",
}


def status(home: Home, delivery_text: str | None, *, as_json: bool) -> None:
    """Print one delivery, or a line for each."""
    desk = Desk(home)
    if delivery_text is None:
        _show_all(home, desk, as_json=as_json)
        return
    delivery = existing(home, delivery_text)
    if as_json:
        print_document(delivery_document(delivery))
    else:
        show_delivery(delivery)
    leave(exit_of_standing(delivery.standing()))


def delivery_document(delivery: Delivery) -> DeliveryDocument:
    """Everything that a script wants to know of one delivery."""
    record = delivery.record
    entries = record.entries()
    standing = record.standing()
    requirements = record.find("requirements", Requirements)
    commit = next((e.event.commit for e in reversed(entries) if isinstance(e.event, Delivered)), None)
    return DeliveryDocument(
        delivery=str(delivery.id),
        title=_title(record),
        state=standing.state,
        stage=standing.stage,
        revision=standing.revision,
        why=standing.why,
        next_action=next_action(delivery),
        questions=tuple(
            QuestionDocument(id=q.id, text=q.text, why=q.why)
            for q in (requirements.open_questions if requirements else ())
        ),
        branch=delivery.id.branch,
        commit=commit,
        touches=_touches(record),
        folder=record.folder.root,
        summary=record.folder.path("summary.md") if commit else None,
        guidance=newest_guidance(record),
        stages=tuple(_stage(stage, entries) for stage in STAGES),
    )


def show_delivery(delivery: Delivery) -> None:
    """Print one delivery for a person."""
    document = delivery_document(delivery)
    colour = _COLOURS.get(document.state, "cyan")
    STDOUT.print(f"[bold]{document.delivery}[/bold]  {shown(document.title or '')}")
    STDOUT.print(
        f"state: [{colour}]{document.state.replace('_', ' ')}[/{colour}] at {document.stage}, "
        f"revision {document.revision}"
    )
    if document.why:
        STDOUT.print(f"why: {shown(textwrap.shorten(document.why, 300))}", highlight=False)
    for stage in document.stages:
        if stage.decision is None and not stage.artifacts:
            continue
        passed = sum(gate.outcome == "passed" for gate in stage.gates)
        made = ", ".join(stage.artifacts) or "nothing yet"
        absent = f"; not part of this version: {', '.join(stage.absent)}" if stage.absent else ""
        gates = "1 gate" if passed == 1 else f"{passed} gates"
        decision = f"{stage.decision.replace('_', ' ')}, {gates} passed; " if stage.decision else ""
        STDOUT.print(f"  {stage.stage:<15} {decision}made: {made}{absent}", highlight=False)
        for gate in stage.gates:
            if gate.outcome not in ("passed", "not_applicable"):
                outcome = gate.outcome.replace("_", " ")
                STDOUT.print(f"      {gate.id} {gate.name}: {outcome}: {shown(gate.reason)}", highlight=False)
                for finding in gate.findings[:_FINDINGS]:
                    where = (
                        f"{finding.path}:{finding.line}: "
                        if finding.path and finding.line
                        else finding.path or ""
                    )
                    message = textwrap.shorten(finding.message, 300, placeholder=" ...")
                    STDOUT.print(
                        f"        {shown(where)}{shown(message)} Mend: {shown(finding.fix)}", highlight=False
                    )
                if len(gate.findings) > _FINDINGS:
                    STDOUT.print(
                        f"        and {len(gate.findings) - _FINDINGS} more like it", highlight=False
                    )
    for question in document.questions:
        STDOUT.print(f"question {question.id}: {shown(question.text)}", highlight=False)
    for thing in document.touches[:_TOUCHES]:
        STDOUT.print(
            f"touches: {thing.kind} {shown(thing.name)} ({thing.change}), in the UI at /assets/{shown(thing.page)}",
            highlight=False,
        )
    if len(document.touches) > _TOUCHES:
        STDOUT.print(f"touches: {len(document.touches) - _TOUCHES} more; --json has all", highlight=False)
    if document.commit:
        STDOUT.print(f"commit: {document.commit}", highlight=False)
    if document.summary:
        STDOUT.print(f"summary: {document.summary}", highlight=False)
    STDOUT.print(f"record: {document.folder}", highlight=False)
    STDOUT.print(f"next: {shown(document.next_action)}", highlight=False)


def _show_all(home: Home, desk: Desk, *, as_json: bool) -> None:
    lines = [
        _delivery_line(desk.record(delivery))
        for target in home.settings().targets
        for delivery in desk.known(target.name)
        if desk.record(delivery).entries()
    ]
    if as_json:
        print_document(StatusDocument(held=home.held, deliveries=tuple(lines)))
        return
    if home.held:
        STDOUT.print(
            f"[yellow]held:[/yellow] {shown(home.held)}; let all go on with: meta-pipeline hold --release"
        )
    if not lines:
        STDOUT.print(
            "No deliveries yet. Begin one with: meta-pipeline deliver --repo PATH --issue FILE\n"
            "A repository that has no .meta-pipeline.yaml yet gets one with: meta-pipeline init --repo PATH",
            highlight=False,
        )
        return
    table = Table("delivery", "state", "stage", "title", "why")
    for line in lines:
        colour = _COLOURS.get(line.state, "cyan")
        table.add_row(
            line.delivery,
            f"[{colour}]{line.state.replace('_', ' ')}[/{colour}]",
            line.stage,
            shown(line.title or ""),
            shown(line.why or ""),
        )
    STDOUT.print(table)
    STDOUT.print(
        "next: what to do for one of them is told by: meta-pipeline status DELIVERY", highlight=False
    )


def _delivery_line(record: DeliveryRecord) -> DeliveryLine:
    standing = record.standing()
    return DeliveryLine(
        delivery=str(record.delivery),
        title=_title(record),
        state=standing.state,
        stage=standing.stage,
        why=standing.why,
    )


def _title(record: DeliveryRecord) -> str | None:
    issue = record.find("issue", Issue)
    return issue.title if issue else None


def _touches(record: DeliveryRecord) -> tuple[TouchedDocument, ...]:
    kept = record.find(TOUCHED, TouchedThings)
    return tuple(
        TouchedDocument(
            kind=thing.kind,
            name=thing.name,
            page="/".join(thing.key),
            change=thing.change,
            differences=thing.sentences,
        )
        for thing in sorted(kept.things if kept else (), key=lambda thing: not thing.is_pipeline)
    )


def _stage(stage: StageId, entries: tuple[Entry, ...]) -> StageDocument:
    verdict: Verdict | None = None
    made: list[str] = []
    for entry in entries:
        if isinstance(entry.event, Concluded) and entry.event.verdict.stage == stage:
            verdict = entry.event.verdict
        elif isinstance(entry.event, Recorded) and artifact(entry.event.artifact).stage == stage:
            made = [*(name for name in made if name != entry.event.artifact), entry.event.artifact]
    return StageDocument(
        stage=stage,
        decision=verdict.decision if verdict else None,
        artifacts=tuple(made),
        absent=ABSENT_IN_ROLLOUT if stage == "rollout" else (),
        gates=tuple(GateDocument.of(result) for result in verdict.results) if verdict else (),
    )
