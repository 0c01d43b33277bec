"""What a person would type at the root of the repository for the runs that prove a change."""

from collections.abc import Iterable
from pathlib import Path
from posixpath import normpath

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.dbt.commands import build_command, parse_command
from meta_pipeline.schedulers.registry import ADAPTERS

_SCRATCH = Path("scratch")  # in no command that a person types


def parse_by_hand(policy: Policy) -> tuple[str, ...]:
    """The commands that have each scheduler, and dbt for each project, load every pipeline."""
    return (
        *(
            runtime.parse(own, _SCRATCH).shown_as
            for own in policy.for_each_scheduler()
            if own.scheduler and (runtime := ADAPTERS[own.scheduler.kind].runtime)
        ),
        *(parse_command(project, _SCRATCH).shown_as for project in policy.dbt_projects),
    )


def dry_run_by_hand(policy: Policy, topologies: Iterable[Topology], pipeline: str) -> str | None:
    """The command that tries out one pipeline of these topologies; None where nothing can run it."""
    found = next((one for one in topologies if any(each.id == pipeline for each in one.pipelines)), None)
    if found is None:
        return None
    if found.scheduler == "dbt":
        projects = (each for each in policy.dbt_projects if normpath(each.project) == normpath(found.root))
        return next((build_command(project, _SCRATCH).shown_as for project in projects), None)
    runtime = ADAPTERS[found.scheduler].runtime
    return runtime.dry_run(policy, _SCRATCH, (pipeline,)).shown_as if runtime else None
