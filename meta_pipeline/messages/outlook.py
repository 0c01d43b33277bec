"""What lies downstream and what to test again, as lines for a page, a terminal or a table."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meta_pipeline.delivery.impact.again import Again
from meta_pipeline.delivery.impact.impact import Impact, Step
from meta_pipeline.delivery.topology import UNRESOLVED

_ONE_BY_ONE = 20


@dataclass(frozen=True, slots=True)
class Row:
    """Nodes downstream that one line tells of: how many steps it is to the nearest, and why that one follows."""

    steps: int
    name: str
    reason: str
    nodes: int = 1


def downstream(impact: Impact) -> tuple[Row, ...]:
    """Each node downstream; where there are many, each pipeline with its nearest node."""
    one_by_one = len(impact.downstream) <= _ONE_BY_ONE
    groups: dict[tuple[str, ...], list[Step]] = {}
    for step in impact.downstream:
        own = (step.node,) if one_by_one else ()
        groups.setdefault((step.scheduler, step.root, step.pipeline, *own), []).append(step)
    return tuple(_row(steps) for steps in groups.values())


def _row(steps: Sequence[Step]) -> Row:
    nearest, others = steps[0], len(steps) - 1
    name = f"{nearest.name}, then {others} more of its pipeline" if others else nearest.name
    return Row(nearest.distance, name, nearest.reason, len(steps))


def to_test_again(again: Again) -> tuple[str, ...]:
    """What to run again, and whom to tell, a line each."""
    return tuple(_lines(again))


def _lines(again: Again) -> Iterator[str]:
    for run in again.dry_runs:
        yield f"dry run of {run.scheduler}: {', '.join(run.pipelines)}"
    for build in again.dbt:
        yield f"dbt build --project-dir {build.project} --select {shlex.join(build.select)}"
    yield from (f"checkpoint {name}" for name in again.checkpoints)
    yield from again.checks
    for told in again.tell:
        owner = told.owner if told.owner not in (None, UNRESOLVED) else "whoever owns it"
        yield f"tell {owner} that exposure {told.exposure} may show other data"
