"""What a person would type at the root of the repository for the runs that prove a change."""

from collections.abc import Iterable
from pathlib import Path

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.registry import ADAPTERS
from meta_pipeline.schedulers.shares import share_of

_SCRATCH = Path("scratch")  # in no command that a person types


def parse_by_hand(policy: Policy) -> tuple[str, ...]:
    """The commands that have each scheduler, and dbt for each project, load every pipeline."""
    return tuple(
        ADAPTERS[own.scheduler.kind].runtime.parse(own, _SCRATCH).shown_as
        for own in policy.for_each_scheduler()
        if own.scheduler
    )


def dry_run_by_hand(policy: Policy, topologies: Iterable[Topology], pipeline: str) -> str | None:
    """The command that tries out one pipeline of these topologies; None where the policy names nothing that runs it."""
    found = next((one for one in topologies if any(each.id == pipeline for each in one.pipelines)), None)
    own = share_of(policy, found) if found else None
    if found is None or own is None:
        return None
    return ADAPTERS[found.scheduler].runtime.dry_run(own, _SCRATCH, (pipeline,)).shown_as
