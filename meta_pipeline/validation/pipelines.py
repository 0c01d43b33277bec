"""What the real scheduler makes of the pipelines: parse, dry run, and the data that a dry run leaves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.airflow.commands import (
    PROBE,
    DagRun,
    dry_run_command,
    parse_command,
    read_dry_run,
    read_topology,
)
from meta_pipeline.validation.checkpoints import checkpoint_command, read_checkpoints
from meta_pipeline.validation.lane import Lane, Part, occurrences, tail, unfinished

RUNTIME_SCHEDULERS = ("airflow",)
"""The schedulers whose own parse and dry run this version can ask for."""


class ParseLane(Lane):
    """Lets the scheduler import every pipeline below the folders of the policy."""

    kinds = ("parse",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.folders = _folders(policy)

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return tuple(
            parse_command(self.policy, folder, str(scratch), str(PROBE), str(_topology_file(scratch, number)))
            for number, folder in enumerate(self.folders)
        )

    def read(self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> tuple[Part, ...]:
        topologies: list[Topology] = []
        for number, (record, output) in enumerate(zip(records, outputs, strict=True)):
            try:
                topologies.append(read_topology(_topology_file(scratch, number).read_bytes()))
            except (OSError, ValueError) as error:
                reason = unfinished(record) or f"'{record.command.shown_as}' gave no topology: {tail(output) or error}"
                return (Part(kind="parse", side=SideReport(records=tuple(records), could_not_run=reason)),)
        problems = occurrences(
            [
                Problem(path=error.path, line=error.line, message=error.message, key=f"{error.path}|{error.message}")
                for topology in topologies
                for error in topology.errors
            ]
        )
        errors = Measure(
            name="import_errors",
            subject="",
            value=len(problems),
            unit="errors",
            side="base" if records[0].side == "base" else "head",
            chunk_id=records[0].chunk_id,
        )
        side = SideReport(records=tuple(records), problems=problems)
        return (Part(kind="parse", side=side, measures=(errors,), topologies=tuple(topologies)),)


class DryRunLane(Lane):
    """Runs pipelines by the scheduler's own dry run, then the checkpoints on what they wrote, in one checkout.

    `pipelines` are the ids to run, by the folder of the policy that holds them.
    """

    kinds = ("dry_run", "data_quality")

    def __init__(self, policy: Policy, pipelines: Mapping[str, Sequence[str]]) -> None:
        self.policy = policy
        self.pipelines = {folder: tuple(ids) for folder, ids in pipelines.items() if ids}
        self.projects = policy.data_quality.great_expectations

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        runs = tuple(
            dry_run_command(
                self.policy, folder, ids, str(scratch), str(PROBE), str(_dry_run_file(scratch, number))
            )
            for number, (folder, ids) in enumerate(self.pipelines.items())
        )
        return (*runs, *(checkpoint_command(project, scratch, n) for n, project in enumerate(self.projects)))

    def read(self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> tuple[Part, ...]:
        split = len(self.pipelines)
        parts: list[Part] = []
        if self.pipelines:
            parts.append(_read_dry_runs(records[:split], outputs[:split], scratch))
        if self.projects:
            parts.append(read_checkpoints(records[split:], outputs[split:], scratch))
        return tuple(parts)


def by_folder(policy: Policy, pipelines: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The ids of `pipelines` (id to path) by the innermost folder of the policy that holds each."""
    found: dict[str, list[str]] = {}
    for pipeline, path in sorted(pipelines.items()):
        holding = [f for f in _folders(policy) if f == "." or path.startswith(f"{f}/") or path == f]
        if holding:
            found.setdefault(max(holding, key=len), []).append(pipeline)
    return {folder: tuple(ids) for folder, ids in found.items()}


def _folders(policy: Policy) -> tuple[str, ...]:
    paths = policy.scheduler.paths if policy.scheduler else ()
    return tuple(path.strip("/") or "." for path in paths) or (".",)


def _topology_file(scratch: Path, number: int) -> Path:
    return scratch / f"topology-{number}.json"


def _dry_run_file(scratch: Path, number: int) -> Path:
    return scratch / f"dry-run-{number}.json"


def _read_dry_runs(records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path) -> Part:
    problems: list[Problem] = []
    measures: list[Measure] = []
    for number, (record, output) in enumerate(zip(records, outputs, strict=True)):
        try:
            runs = read_dry_run(_dry_run_file(scratch, number).read_bytes())
        except (OSError, ValueError) as error:
            reason = unfinished(record) or f"'{record.command.shown_as}' gave no result: {tail(output) or error}"
            return Part(kind="dry_run", side=SideReport(records=tuple(records), could_not_run=reason))
        problems += [
            Problem(path=None, line=None, message=f"{run.dag_id}: {_why(run)}", key=run.dag_id)
            for run in runs
            if not run.succeeded
        ]
        measures += [_runtime(run, record) for run in runs if run.succeeded]
    side = SideReport(records=tuple(records), problems=occurrences(problems))
    return Part(kind="dry_run", side=side, measures=tuple(measures))


def _runtime(run: DagRun, record: CommandRecord) -> Measure:
    return Measure(
        name="runtime",
        subject=run.dag_id,
        value=round(run.seconds, 2),
        unit="seconds",
        side="base" if record.side == "base" else "head",
        chunk_id=record.chunk_id,
    )


def _why(run: DagRun) -> str:
    failed = [task.task_id for task in run.tasks if task.state not in ("success", "skipped")]
    what = f"task {', '.join(failed)} did not succeed" if failed else "the run did not succeed"
    return f"{what}: {run.error}" if run.error else what
