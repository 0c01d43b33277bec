"""What the real scheduler makes of the pipelines: parse, dry run, and the data that a dry run leaves."""

from collections.abc import Collection, Sequence
from pathlib import Path

from meta_pipeline.delivery.evidence import Command, CommandRecord
from meta_pipeline.delivery.reports import Measure, Problem, SideReport
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.runtime import DRY_RUN_FILE, CannotLoadError, DryRuns, PipelineRun, Runtime
from meta_pipeline.validation.checkpoints import checkpoint_command, read_checkpoints
from meta_pipeline.validation.lane import Lane, Part, occurrences, parsed_part, tail, unfinished
from meta_pipeline.validation.outputs import outputs_command, read_outputs
from meta_pipeline.validation.turns import FIRST, SECOND, Turn, rerun_part, why, wrote_part


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
    """Runs pipelines by the scheduler's own dry run, and looks at what they wrote, in one checkout.

    Then come the checkpoints, and a second run of the pipelines `again`, for which nothing of the first is taken away.
    """

    kinds = ("dry_run", "data_quality", "data_diff", "rerun")
    preloaded = True

    def __init__(
        self,
        policy: Policy,
        runtime: DryRuns | None,
        pipelines: Sequence[str],
        again: Collection[str] = (),
    ) -> None:
        self.policy = policy
        self.runtime = runtime
        self.pipelines = tuple(pipelines) if runtime else ()
        self.again = tuple(pipeline for pipeline in self.pipelines if pipeline in again)
        self.projects = policy.data_quality.great_expectations

    def commands(self, scratch: Path) -> tuple[Command, ...]:
        return (
            *self._run(scratch, self.pipelines, FIRST),
            *(checkpoint_command(project, scratch, n) for n, project in enumerate(self.projects)),
            *self._run(scratch, self.again, SECOND),
        )

    def _run(self, scratch: Path, pipelines: Sequence[str], turn: str) -> tuple[Command, ...]:
        if self.runtime is None or not pipelines:
            return ()
        # What checkpoints keep of themselves is nobody's data.
        own = [project.project for project in self.projects]
        return (
            self.runtime.dry_run(self.policy, scratch, pipelines, _answer(turn)),
            outputs_command(scratch, turn, own),
        )

    def read(
        self, records: Sequence[CommandRecord], outputs: Sequence[str], scratch: Path
    ) -> tuple[Part, ...]:
        begins = 2 if self.runtime and self.pipelines else 0
        ends = begins + len(self.projects)
        parts: list[Part] = []
        first: Turn | None = None
        if self.runtime and self.pipelines:
            part, runs = _read_dry_run(self.runtime, records[0], outputs[0], scratch)
            first = Turn(runs, tuple(records[:begins]), read_outputs(scratch, FIRST))
            parts += [part, wrote_part(first, part.side.could_not_run)]
        if self.projects:
            parts.append(read_checkpoints(records[begins:ends], outputs[begins:ends], scratch))
        if self.runtime and first and self.again:
            part, runs = _read_dry_run(self.runtime, records[ends], outputs[ends], scratch, SECOND)
            second = Turn(runs, tuple(records[ends:]), read_outputs(scratch, SECOND))
            parts.append(rerun_part(first, second, self.again, part.side.could_not_run))
        return tuple(parts)


def _answer(turn: str) -> str:
    """The file of a dry run's answer."""
    return DRY_RUN_FILE if turn == FIRST else f"{turn}-{DRY_RUN_FILE}"


def _read_dry_run(
    runtime: DryRuns, record: CommandRecord, output: str, scratch: Path, turn: str = FIRST
) -> tuple[Part, tuple[PipelineRun, ...]]:
    try:
        runs = runtime.runs(scratch, _answer(turn))
    except (OSError, ValueError) as error:
        reason = unfinished(record) or f"'{record.command.shown_as}' gave no result: {tail(output) or error}"
        return Part(kind="dry_run", side=SideReport(records=(record,), could_not_run=reason)), ()
    problems = [
        Problem(path=None, line=None, message=f"{run.pipeline}: {why(run)}", key=run.pipeline)
        for run in runs
        if not run.succeeded
    ]
    measures = tuple(_runtime(run, record) for run in runs if run.succeeded)
    side = SideReport(records=(record,), problems=occurrences(problems))
    return Part(kind="dry_run", side=side, measures=measures), runs


def _runtime(run: PipelineRun, record: CommandRecord) -> Measure:
    return Measure(
        name="runtime",
        subject=run.pipeline,
        value=round(run.seconds, 2),
        unit="seconds",
        side="base" if record.side == "base" else "head",
        chunk_id=record.chunk_id,
    )
