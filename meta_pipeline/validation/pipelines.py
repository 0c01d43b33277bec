"""What the real scheduler makes of the pipelines: parse, dry run, and the data that a dry run leaves."""

from collections.abc import Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.airflow.commands import (
    DagRun,
    dry_run_command,
    parse_command,
    read_dry_run,
    read_topology,
)
from meta_pipeline.validation.checkpoints import checkpoint_command, read_checkpoints
from meta_pipeline.validation.lane import Lane, Part, occurrences, tail, unfinished


class ParseLane(Lane):
    """Lets the scheduler import every pipeline."""

    kinds = ("parse",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return (parse_command(self.policy, scratch),)

    def read(self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> tuple[Part, ...]:
        record = records[0]
        try:
            topology = read_topology((scratch / "topology.json").read_bytes())
        except (OSError, ValueError) as error:
            reason = unfinished(record) or f"'{record.command.shown_as}' gave no topology: {tail(outputs[0]) or error}"
            return (Part(kind="parse", side=SideReport(records=(record,), could_not_run=reason)),)
        problems = occurrences(
            [
                Problem(path=e.path, line=e.line, message=e.message, key=f"{e.path}|{e.message}")
                for e in topology.errors
            ]
        )
        errors = Measure(
            name="import_errors",
            subject="",
            value=len(problems),
            unit="errors",
            side="base" if record.side == "base" else "head",
            chunk_id=record.chunk_id,
        )
        side = SideReport(records=(record,), problems=problems)
        return (Part(kind="parse", side=side, measures=(errors,), topologies=(topology,)),)


class DryRunLane(Lane):
    """Runs pipelines by the scheduler's own dry run, then the checkpoints on what they wrote, in one checkout."""

    kinds = ("dry_run", "data_quality")

    def __init__(self, policy: Policy, pipelines: Sequence[str]) -> None:
        self.policy = policy
        self.pipelines = tuple(pipelines)
        self.projects = policy.data_quality.great_expectations

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        runs = (dry_run_command(self.policy, scratch, self.pipelines),) if self.pipelines else ()
        return (*runs, *(checkpoint_command(project, scratch, n) for n, project in enumerate(self.projects)))

    def read(self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> tuple[Part, ...]:
        parts: list[Part] = []
        first_checkpoint = len(records) - len(self.projects)
        if first_checkpoint:
            parts.append(_read_dry_run(records[0], outputs[0], scratch / "dry-run.json"))
        if self.projects:
            parts.append(read_checkpoints(records[first_checkpoint:], outputs[first_checkpoint:], scratch))
        return tuple(parts)


def _read_dry_run(record: CommandRecord, output: str, written: Path) -> Part:
    try:
        runs = read_dry_run(written.read_bytes())
    except (OSError, ValueError) as error:
        reason = unfinished(record) or f"'{record.command.shown_as}' gave no result: {tail(output) or error}"
        return Part(kind="dry_run", side=SideReport(records=(record,), could_not_run=reason))
    problems = [
        Problem(path=None, line=None, message=f"{run.dag_id}: {_why(run)}", key=run.dag_id)
        for run in runs
        if not run.succeeded
    ]
    measures = tuple(
        Measure(
            name="runtime",
            subject=run.dag_id,
            value=round(run.seconds, 2),
            unit="seconds",
            side="base" if record.side == "base" else "head",
            chunk_id=record.chunk_id,
        )
        for run in runs
        if run.succeeded
    )
    return Part(kind="dry_run", side=SideReport(records=(record,), problems=occurrences(problems)), measures=measures)


def _why(run: DagRun) -> str:
    failed = [task.id for task in run.tasks if task.state not in ("success", "skipped")]
    what = f"task {', '.join(failed)} did not succeed" if failed else "the run did not succeed"
    return f"{what}: {run.error}" if run.error else what
