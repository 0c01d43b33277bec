"""The commands that let Dagster itself speak about a checkout, and what they wrote, as frozen types."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import IMPLICIT_JOB, SchedulerKind, Topology, TopologyDocument
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.runtime import (
    DRY_RUN_FILE,
    PARSE_SECONDS,
    PIPELINE_SECONDS,
    PipelineRun,
    read_document,
)

TOPOLOGY_FILE = "topology.json"


class _DryRun(Frozen):
    runs: tuple[PipelineRun, ...] = Field(min_length=1)
    complete: bool


class DagsterRuntime:
    """Dagster's own loading of code locations and `execute_in_process`, with a DAGSTER_HOME below scratch."""

    kind: SchedulerKind = "dagster"
    probes: tuple[Path, ...] = tuple(
        Path(__file__).with_name(f"{name}.py")
        for name in (
            *("probe", "probe_child", "probe_locations", "probe_topology", "probe_run"),
            *("probe_fields", "probe_watching", "probe_conditions"),
        )
    )
    preloads: tuple[str, ...] = (
        *("dagster", "dagster._core.storage.sql", "dagster._core.workspace.autodiscovery"),
        *("dagster.components", "dagster_dbt"),
    )
    """Dagster, and its integration that takes longest; neither starts a thread, opens a file or talks to a server."""

    def parse(self, policy: Policy, scratch: Path) -> Command:
        output = str(scratch / TOPOLOGY_FILE)
        return Command(
            name="parse",
            argv=("python", str(self.probes[0]), "topology", *_folders(policy), "--output", output),
            shown_as="dagster definitions validate",
            variables=_variables(policy, scratch),
            seconds=PARSE_SECONDS,
        )

    def topologies(self, scratch: Path, _source: Tree | None = None) -> tuple[Topology, ...]:
        what = "topology that Dagster's probe wrote"
        return read_document(TopologyDocument, scratch / TOPOLOGY_FILE, what).topologies

    def dry_run(
        self, policy: Policy, scratch: Path, pipelines: Sequence[str], output: str = DRY_RUN_FILE
    ) -> Command:
        named = tuple(part for job in pipelines for part in ("--job", job))
        chosen = {job: policy.dry_run.nodes[job] for job in pipelines if job in policy.dry_run.nodes}
        date = policy.dry_run.logical_date
        return Command(
            name="dry_run",
            argv=(
                *("python", str(self.probes[0]), "dry-run", *_folders(policy), *named),
                *("--logical-date", date, "--seconds", str(PIPELINE_SECONDS)),
                *(("--nodes", json.dumps(chosen)) if chosen else ()),
                *("--output", str(scratch / output)),
            ),
            shown_as=" && ".join(_typed(job, chosen.get(job, ())) for job in pipelines),
            variables=_variables(policy, scratch),
            seconds=PARSE_SECONDS + PIPELINE_SECONDS * len(pipelines),
        )

    def runs(self, scratch: Path, output: str = DRY_RUN_FILE) -> tuple[PipelineRun, ...]:
        what = "dry run that Dagster's probe wrote"
        return read_document(_DryRun, scratch / output, what).runs


def _typed(job: str, nodes: Sequence[str]) -> str:
    """What a person would type for the same run; an asset runs with all its checks."""
    keys = ",".join(dict.fromkeys(node.partition(":")[0] for node in nodes))
    if job == IMPLICIT_JOB:
        return f"dagster asset materialize --select '{keys or '*'}'"
    # The op of an asset is called like its key, with two underscores between its parts.
    chosen = f" -o '{keys.replace('/', '__')}'" if keys else ""
    return f"dagster job execute -j {job}{chosen}"


def _folders(policy: Policy) -> tuple[str, ...]:
    paths = policy.scheduler.paths if policy.scheduler else ()
    return tuple(part for path in paths or (".",) for part in ("--folder", path))


def _variables(policy: Policy, scratch: Path) -> tuple[tuple[str, str], ...]:
    """The stand-ins of the target's dry runs, which Dagster reads as variables, and a Dagster that calls nobody."""
    settings = {"DAGSTER_HOME": str(scratch / "dagster"), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    stand_ins = {**policy.dry_run.variables, **policy.dry_run.connections}
    return tuple(sorted({**stand_ins, **settings}.items()))
