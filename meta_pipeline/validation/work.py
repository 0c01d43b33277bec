"""The work of a validation: lanes run beside each other, and what they said of a base is remembered."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from meta_pipeline.delivery.evidence import Side
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.reports import ReportKind
from meta_pipeline.evidence.store import Folder, readable_json
from meta_pipeline.validation.bench import Bench, Benches
from meta_pipeline.validation.dbt import DbtLane
from meta_pipeline.validation.lane import Lane, Part, unable_parts
from meta_pipeline.validation.memory import KEY_SCRATCH, memory_key, reused
from meta_pipeline.workspace.environment import CannotBuild


class _Remembered(Frozen):
    """The parts that a lane gave for one base."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Work:
    """Something to run beside other work, and the kinds of report that it feeds; it gives parts with their side."""

    kinds: tuple[ReportKind, ...]
    run: Callable[[], Iterator[tuple[Side, Part]]]


def done(work: Sequence[Work]) -> list[tuple[Side, Part]]:
    """What the work gives; as much of it at once as there are cores."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2, thread_name_prefix="lane") as pool:
        return [given for several in pool.map(lambda item: tuple(item.run()), work) for given in several]


def both_sides(
    project: DbtLane, benches: Benches | CannotBuild, commits: Mapping[Side, str], remembered: Folder
) -> Iterator[tuple[Side, Part]]:
    """What one dbt project says of the base and the other side that `commits` names; each part with its side."""
    if isinstance(benches, CannotBuild):
        parts = unable_parts(project.kinds, benches.reason)
        sides: Mapping[Side, tuple[Part, ...]] = dict.fromkeys(commits, parts)
    else:
        sides = project.run(benches, commits, remembered)
    for side, given in sides.items():
        for part in given:
            yield side, part


def one_side(
    bench: Bench | CannotBuild, lane: Lane, side: Side, commit: str, remembered: Folder
) -> Iterator[tuple[Side, Part]]:
    """What one lane says of one side; a base that is remembered is not run again."""
    parts = (
        unable_parts(lane.kinds, bench.reason)
        if isinstance(bench, CannotBuild)
        else run_or_remember(bench, lane, side, commit, remembered)
    )
    for part in parts:
        yield side, part


def run_or_remember(
    bench: Bench, lane: Lane, side: Side, commit: str, remembered: Folder
) -> tuple[Part, ...]:
    """The parts of a lane at a commit; those of a base are kept, and taken from there the next time."""
    name = f"{memory_key(bench, lane.commands(KEY_SCRATCH), commit)}.json"
    if side == "base":
        with suppress(ValidationError):
            data = remembered.read(name)
            if data is not None:
                return tuple(_reused(bench, part) for part in _Remembered.model_validate_json(data).parts)
    parts = run_lane(bench, lane, side, commit)
    if side == "base" and all(part.side.could_not_run is None for part in parts):
        remembered.write(name, readable_json(_Remembered(parts=parts)))
    return parts


def run_lane(bench: Bench, lane: Lane, side: Side, commit: str) -> tuple[Part, ...]:
    """Run one lane in a fresh checkout of `commit` and read what its commands said."""
    with bench.checkout(commit, preloaded=lane.preloaded) as (worktree, scratch):
        records = [bench.run(command, side, worktree, scratch) for command in lane.commands(scratch)]
        return lane.read(records, [bench.output(record) for record in records], scratch)


def _reused(bench: Bench, part: Part) -> Part:
    records = tuple(reused(bench, record) for record in part.side.records)
    return part.model_copy(update={"side": part.side.model_copy(update={"records": records})})
