"""What the real scheduler makes of the pipelines: parse, dry run, and the data that a dry run leaves."""

from collections.abc import Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.runtime import CannotLoadError, DryRuns, PipelineRun, Runtime
from meta_pipeline.validation.checkpoints import checkpoint_command, read_checkpoints
from meta_pipeline.validation.lane import Lane, Part, occurrences, parsed_part, tail, unfinished


class ParseLane(Lane):
    """Lets the scheduler import every pipeline below the folders of the policy, which names it alone.

    `source` are the files of the checkout.
    """

    kinds = ("parse",)
    preloaded = True

    def __init__(self, policy: Policy, runtime: Runtime, source: Tree) -> None:
        self.policy = policy
        self.runtime = runtime
        self.source = source

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return (self.runtime.parse(self.policy, scratch),)

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        record = records[0]
        try:
            topologies = self.runtime.topologies(scratch, self.source)
        except (OSError, ValueError) as error:
            said = error if isinstance(error, CannotLoadError) else tail(outputs[0]) or error
            reason = unfinished(record) or f"'{record.command.shown_as}' gave no topology: {said}"
            return (Part(kind="parse", side=SideReport(records=(record,), could_not_run=reason)),)
        return (parsed_part(record, topologies),)


class DryRunLane(Lane):
    """Runs pipelines by the scheduler's own dry run, then the checkpoints on what they wrote, in one checkout."""

    kinds = ("dry_run", "data_quality")
    preloaded = True

    def __init__(self, policy: Policy, runtime: DryRuns | None, pipelines: Sequence[str]) -> None:
        self.policy = policy
        self.runtime = runtime
        self.pipelines = tuple(pipelines) if runtime else ()
        self.projects = policy.data_quality.great_expectations

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        runs = (
            (self.runtime.dry_run(self.policy, scratch, self.pipelines),)
            if self.runtime and self.pipelines
            else ()
        )
        return (*runs, *(checkpoint_command(project, scratch, n) for n, project in enumerate(self.projects)))

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        split = len(records) - len(self.projects)
        parts: list[Part] = []
        if self.runtime and self.pipelines:
            parts.append(_read_dry_run(self.runtime, records[0], outputs[0], scratch))
        if self.projects:
            parts.append(read_checkpoints(records[split:], outputs[split:], scratch))
        return tuple(parts)


def _read_dry_run(runtime: DryRuns, record: CommandRecord, output: str, scratch: Path) -> Part:
    try:
        runs = runtime.runs(scratch)
    except (OSError, ValueError) as error:
        reason = unfinished(record) or f"'{record.command.shown_as}' gave no result: {tail(output) or error}"
        return Part(kind="dry_run", side=SideReport(records=(record,), could_not_run=reason))
    problems = [
        Problem(path=None, line=None, message=f"{run.pipeline}: {_why(run)}", key=run.pipeline)
        for run in runs
        if not run.succeeded
    ]
    measures = tuple(_runtime(run, record) for run in runs if run.succeeded)
    return Part(
        kind="dry_run", side=SideReport(records=(record,), problems=occurrences(problems)), measures=measures
    )


def _runtime(run: PipelineRun, record: CommandRecord) -> Measure:
    return Measure(
        name="runtime",
        subject=run.pipeline,
        value=round(run.seconds, 2),
        unit="seconds",
        side="base" if record.side == "base" else "head",
        chunk_id=record.chunk_id,
    )


def _why(run: PipelineRun) -> str:
    failed = [node.id for node in run.nodes if node.state not in ("success", "skipped")]
    what = f"{', '.join(failed)} did not succeed" if failed else "the run did not succeed"
    return f"{what}: {run.error}" if run.error else what
