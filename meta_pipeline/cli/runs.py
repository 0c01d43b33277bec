"""Runs the jobs of a delivery in this process, on the operator's Dagster instance, with progress to watch."""

import os
import shutil
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from rich.console import Console

from meta_pipeline.cli.output import STDERR, shown
from meta_pipeline.defs.code_location import code_location
from meta_pipeline.defs.jobs import job_name, run_tags
from meta_pipeline.defs.parts import partitions
from meta_pipeline.defs.sensors import root_cause
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Concluded, Entry, Faulted, Judged, Ran, Recorded
from meta_pipeline.delivery.stages import JOBS, STAGES, JobName, StageId, artifact
from meta_pipeline.evidence.record import DeliveryRecord
from meta_pipeline.resources import BLOCKED_TAG
from meta_pipeline.settings import Home

_POLL_SECONDS = 0.2
_LOCATION_TAG = ".dagster/repository"
_REPOSITORY = "__repository__@meta_pipeline"
_PACKAGE = Path(__file__).resolve().parent.parent


@contextmanager
def dagster_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance that `DAGSTER_HOME` names, or one under the operator's folder."""
    if "DAGSTER_HOME" not in os.environ:
        folder = home.path / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "dagster.yaml").exists():
            shutil.copyfile(_shipped_instance_file(), folder / "dagster.yaml")
        os.environ["DAGSTER_HOME"] = str(folder)
    with dg.DagsterInstance.get() as instance:
        yield instance


def _shipped_instance_file() -> Path:
    """`dagster.yaml` lies in an installed package, or beside the package in a checkout."""
    inside = _PACKAGE / "dagster.yaml"
    return inside if inside.exists() else _PACKAGE.parent / "dagster.yaml"


@dataclass(frozen=True)
class Runner:
    """Runs jobs of one delivery. `console` shows the progress."""

    home: Home
    instance: dg.DagsterInstance
    record: DeliveryRecord
    console: Console = field(default_factory=lambda: STDERR.console)

    def run(self, job: JobName, until: StageId | None) -> None:
        """Run one job, as far as `until`; a fault of the machinery is noted in the ledger."""
        delivery = self.record.delivery
        definitions = code_location(self.home)
        self.instance.add_dynamic_partitions(partitions(delivery.target).name or "", [delivery.partition_key])
        with _watched(self.record, self.console):
            result = definitions.resolve_job_def(job_name(job, delivery.target)).execute_in_process(
                instance=self.instance,
                partition_key=delivery.partition_key,
                asset_selection=[dg.AssetKey([delivery.target, name]) for name in _up_to(job, until)],
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={**run_tags(delivery), _LOCATION_TAG: _REPOSITORY},
                raise_on_error=False,
            )
        if not result.success:
            self._explain(result, delivery)

    def _explain(self, result: dg.ExecuteInProcessResult, delivery: DeliveryId) -> None:
        run = self.instance.get_run_by_id(result.run_id)
        errors = [
            event.step_failure_data.error
            for event in result.all_events
            if event.is_step_failure and event.step_failure_data.error
        ]
        if run is not None and BLOCKED_TAG in run.tags:
            for event in result.all_events:
                if event.is_step_failure and event.step_failure_data.user_failure_data:
                    self.console.print(
                        f"[red]{shown(event.step_failure_data.user_failure_data.description)}[/red]"
                    )
            return
        said = shown(errors[0].to_string() if errors else "no step says why")
        self.console.print(f"[red]the run broke, which is no fault of your change:[/red] {said}")
        self.record.append(
            Faulted(run=result.run_id, message=root_cause(errors[0]) if errors else "no step failed")
        )


def _up_to(job: JobName, until: StageId | None) -> tuple[str, ...]:
    if until is None:
        return JOBS[job]
    last = STAGES.index(until)
    return tuple(name for name in JOBS[job] if STAGES.index(artifact(name).stage) <= last)


@contextmanager
def _watched(record: DeliveryRecord, console: Console) -> Iterator[None]:
    """Print what the ledger gains while the block runs."""
    stop = threading.Event()
    known = len(record.entries())
    started = time.monotonic()
    with console.status("working") as spinner:

        def follow() -> None:
            seen = known
            while True:
                last_look = stop.wait(_POLL_SECONDS)
                entries = record.entries()
                for entry in entries[seen:]:
                    line = _line(entry)
                    if line:
                        console.print(f"{time.monotonic() - started:7.1f} s  {line}", highlight=False)
                seen = len(entries)
                spinner.update(_at_work(entries))
                if last_look:
                    return

        watcher = threading.Thread(target=follow, name="progress", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


_MARKS = {
    "passed": "[green]passed[/green]",
    "failed": "[red]failed[/red]",
    "could_not_run": "[red]could not run[/red]",
    "needs_approval": "[yellow]needs approval[/yellow]",
    "warned": "[yellow]warned[/yellow]",
}
_DECISIONS = {
    "pass": "[green]pass[/green]",
    "needs_approval": "[yellow]needs approval[/yellow]",
    "blocked": "[red]blocked[/red]",
}


def _line(entry: Entry) -> str | None:
    match entry.event:
        case Recorded(artifact=name):
            return f"{artifact(name).stage:<15} {name} made"
        case Ran():
            return _ran(entry.event)
        case Judged(stage=stage, results=results):
            marked = [f"{r.id} {_MARKS[r.outcome]}" for r in results if r.outcome in _MARKS]
            skipped = len(results) - len(marked)
            more = f" ({skipped} not applicable)" if skipped else ""
            return f"{stage:<15} gates: {', '.join(marked)}{more}"
        case Concluded(verdict=verdict):
            return f"{verdict.stage:<15} [bold]verdict: {_DECISIONS[verdict.decision]}[/bold]"
    return None


def _ran(event: Ran) -> str:
    stage = "review" if event.side == "reverted" else "implementation"
    command = textwrap.shorten(event.command, 70, placeholder=" ...")
    if event.reused:
        return f"{stage:<15} {event.side}: {shown(command)}: known from an equal base"
    how = f"ended with {event.exit}" if event.ended_by is None else f"ended by {event.ended_by}"
    return f"{stage:<15} {event.side}: {shown(command)}: {how} after {event.seconds:.1f} s"


def _at_work(entries: Sequence[Entry]) -> str:
    made = {entry.event.artifact for entry in entries if isinstance(entry.event, Recorded)}
    order = [name for names in JOBS.values() for name in names]
    upcoming = next((name for name in order if name not in made), "the last step")
    return f"working on {upcoming.replace('_', ' ')}"
