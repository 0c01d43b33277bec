"""Great Expectations checkpoints: how they are run in the target's environment, and what their results say."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.policy import CheckpointPolicy
from meta_pipeline.validation.lane import Part, occurrences, tail, unfinished
from meta_pipeline.workspace.written import read_written

PROBE = Path(__file__).with_name("gx_probe.py")


class ExpectationResult(Frozen):
    """One expectation's outcome. `unexpected` counts rows; `raised` is an exception in place of an outcome."""

    type: str
    asset: str | None
    suite: str | None
    column: str | None
    success: bool
    unexpected: int | None
    elements: int | None
    raised: str | None
    summary: str

    @property
    def subject(self) -> str:
        """`dataset.column`, or the dataset alone."""
        return ".".join(filter(None, (self.asset, self.column)))


class CheckpointResult(Frozen):
    """One checkpoint's outcome; `error` is an exception that kept it from running."""

    name: str
    error: str | None
    success: bool
    results: tuple[ExpectationResult, ...]


class CheckpointResults(Frozen):
    """What the probe wrote."""

    checkpoints: tuple[CheckpointResult, ...]


def checkpoint_command(project: CheckpointPolicy, scratch: Path, number: int) -> Command:
    """Runs the checkpoints of one project; `number` tells its result file from those of other projects."""
    chosen = [part for name in project.checkpoints for part in ("--checkpoint", name)]
    names = json.dumps(list(project.checkpoints))
    return Command(
        name=f"checkpoints-{number}",
        argv=(
            "python",
            str(PROBE),
            "--project",
            project.project,
            *chosen,
            "--output",
            str(_written(scratch, number)),
        ),
        shown_as=(
            "python -c 'import great_expectations as gx; "
            f'context = gx.get_context(mode="file", context_root_dir="{project.project}"); '
            f"[print(context.checkpoints.get(name).run()) for name in {names}]'"
        ),
        seconds=900,
    )


def read_checkpoints(records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> Part:
    """The data-quality part of one side. An exception in place of a result is `could_not_run`, never a data failure."""
    problems: list[Problem] = []
    measures: list[Measure] = []
    for number, (record, output) in enumerate(zip(records, outputs, strict=True)):
        try:
            document = CheckpointResults.model_validate_json(read_written(_written(scratch, number)))
        except (OSError, ValueError):
            reason = unfinished(record) or f"the checkpoints gave no result: {tail(output)}"
            return _could_not_run(records, reason)
        raised = next(_raised(document), None)
        if raised:
            return _could_not_run(records, raised)
        for checkpoint in document.checkpoints:
            problems += _problems(checkpoint)
            measures += _measures(checkpoint, record)
    side = SideReport(records=tuple(records), problems=occurrences(problems))
    return Part(kind="data_quality", side=side, measures=tuple(measures))


def _could_not_run(records: Sequence[CommandRecord], reason: str) -> Part:
    return Part(kind="data_quality", side=SideReport(records=tuple(records), could_not_run=reason))


def _written(scratch: Path, number: int) -> Path:
    return scratch / f"checkpoints-{number}.json"


def _raised(document: CheckpointResults) -> Iterator[str]:
    for checkpoint in document.checkpoints:
        if checkpoint.error:
            yield f"checkpoint {checkpoint.name} could not run: {checkpoint.error}"
        for result in checkpoint.results:
            if result.raised:
                yield f"{result.type} of {result.subject} in checkpoint {checkpoint.name} raised: {result.raised}"


def _problems(checkpoint: CheckpointResult) -> list[Problem]:
    return [
        Problem(
            path=None,
            line=None,
            message=f"checkpoint {checkpoint.name}: {result.type} of {result.subject} fails: {result.summary}",
            key=f"{checkpoint.name}|{result.type}|{result.subject}",
        )
        for result in checkpoint.results
        if not result.success
    ]


def _measures(checkpoint: CheckpointResult, record: CommandRecord) -> Iterator[Measure]:
    side = "head" if record.side == "head" else "base"
    for result in checkpoint.results:
        if result.unexpected is not None:
            yield Measure(
                name="unexpected_values",
                subject=f"{result.subject}:{result.type}",
                value=result.unexpected,
                unit="rows",
                side=side,
                chunk_id=record.chunk_id,
            )
    yield Measure(
        name="failed_expectations",
        subject=checkpoint.name,
        value=sum(not result.success for result in checkpoint.results),
        unit="expectations",
        side=side,
        chunk_id=record.chunk_id,
    )
