"""A first and a second run in one checkout: what each wrote, and what the second did to it."""

from collections.abc import Collection
from dataclasses import dataclass

from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.outputs import OutputDifference, Outputs
from meta_pipeline.delivery.reports import Problem, SideReport
from meta_pipeline.schedulers.runtime import PipelineRun
from meta_pipeline.validation.lane import Part, occurrences, unfinished
from meta_pipeline.validation.output_differences import differences

FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class Turn:
    """One run of pipelines and the look at what they wrote; `wrote` is None where the look told nothing."""

    runs: tuple[PipelineRun, ...]
    records: tuple[CommandRecord, ...]
    wrote: Outputs | None

    @property
    def unseen(self) -> str | None:
        """Why what was written is not known, in one sentence."""
        look = self.records[-1]
        if self.wrote is not None and look.succeeded:
            return None
        return (
            unfinished(look)
            or f"what the run wrote could not be read; its output is chunk_id: {look.chunk_id}"
        )

    @property
    def succeeded(self) -> tuple[str, ...]:
        return tuple(run.pipeline for run in self.runs if run.succeeded)


def wrote_part(turn: Turn, failure: str | None) -> Part:
    """One side of the comparison of data; `failure` says why the run gave no answer, where it gave none."""
    records = turn.records
    if failure or not turn.succeeded:
        # The report of the dry run says so; whoever holds both sides against each other has nothing to look at.
        return Part(kind="data_diff", side=SideReport(records=records), idle=_nothing_ran("base or head"))
    if turn.unseen:
        return Part(kind="data_diff", side=SideReport(records=records, could_not_run=turn.unseen))
    return Part(kind="data_diff", side=SideReport(records=records), wrote=turn.wrote, ran=turn.succeeded)


def rerun_part(first: Turn, second: Turn, again: Collection[str], failure: str | None) -> Part:
    """What the second run of the pipelines `again` came to, of those whose first run succeeded."""
    side = SideReport(records=(*first.records, *second.records))
    proven = [pipeline for pipeline in again if pipeline in first.succeeded]
    if not proven:
        return Part(kind="rerun", side=side, idle=_nothing_ran("head"))
    unseen = failure or first.unseen or second.unseen
    if unseen:
        return Part(kind="rerun", side=side.model_copy(update={"could_not_run": unseen}))
    assert first.wrote is not None
    assert second.wrote is not None
    failed = [run for run in second.runs if run.pipeline in proven and not run.succeeded]
    problems = [
        Problem(
            path=None,
            line=None,
            message=f"{run.pipeline} succeeds once and fails when it is run again: {why(run)}",
            key=run.pipeline,
        )
        for run in failed
    ]
    only = proven[0] if len(again) == 1 else None
    return Part(
        kind="rerun",
        side=side.model_copy(update={"problems": occurrences(problems)}),
        again=unlike(differences(first.wrote, second.wrote), only),
    )


def unlike(found: tuple[OutputDifference, ...], pipeline: str | None) -> tuple[OutputDifference, ...]:
    """Those that differ; `pipeline` writes them, where only one was run."""
    return tuple(one.model_copy(update={"pipeline": pipeline}) for one in found if not one.is_equal)


def why(run: PipelineRun) -> str:
    """Why a run did not succeed, in one line."""
    failed = [node.id for node in run.nodes if node.state not in ("success", "skipped")]
    what = f"{', '.join(failed)} did not succeed" if failed else "the run did not succeed"
    return f"{what}: {run.error}" if run.error else what


def _nothing_ran(where: str) -> str:
    return f"no run of a changed pipeline succeeds at {where}, as the report of the dry run says"
