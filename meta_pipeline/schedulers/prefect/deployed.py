"""Deployments, the flows that they are of, and what they say about those: when a flow runs, where, how many at once.

One deployment with a schedule gives its canonical text; of several, each is named: `nightly: 0 2 * * *; hourly: every
1:00:00`. Several schedules of one deployment are joined by `and`. Deployments without a schedule run when they are
asked to, and add nothing to the text. A pause stops schedules alone: a flow without one is neither paused nor active.
"""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import UNRESOLVED, Pipeline, Unresolved

DEFAULT_ZONE = "UTC"


class Timing(Frozen):
    """One schedule: its text, its time zone, and whether it is active."""

    text: str | Unresolved
    timezone: str | Unresolved = DEFAULT_ZONE
    active: bool | Unresolved = True


class Entry(Frozen):
    """Which flow is deployed: the file and name of its function, or its own name; an empty text is not known."""

    path: str = ""
    function: str = ""
    flow: str = ""


class Deployed(Frozen):
    """One deployment; `timings` are its schedules, `limit` is how many of its runs there may be at once."""

    entry: Entry
    name: str | Unresolved
    path: str
    line: int
    timings: tuple[Timing, ...] = ()
    paused: bool | Unresolved = False
    pool: str | None | Unresolved = None
    tags: tuple[str, ...] = ()
    limit: int | None | Unresolved = None


@dataclass(frozen=True)
class FoundFlow:
    """A flow; `function` is the name of its function, by which an entrypoint names it."""

    pipeline: Pipeline
    function: str


def places(entry: Entry, from_file: str) -> tuple[str, ...]:
    """Where the file of an entrypoint may lie, seen from the root of the repository and the folders of `from_file`."""
    folders = [posixpath.dirname(from_file)]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    return tuple(posixpath.normpath(posixpath.join(folder, entry.path)) for folder in reversed(folders))


def flow_of(deployment: Deployed, flows: Iterable[FoundFlow]) -> FoundFlow | None:
    """The flow that a deployment is of: by its name where that is said, else by its file and function."""
    entry = deployment.entry
    wanted = places(entry, deployment.path) if entry.path else ()
    function = entry.function.rpartition(".")[2]
    for flow in flows:
        if entry.flow and flow.pipeline.id == entry.flow:
            return flow
        if not entry.flow and flow.pipeline.path in wanted and flow.function == function:
            return flow
    return None


def fields_of(deployments: Iterable[Deployed]) -> dict[str, Any]:
    """The fields of a pipeline that its deployments give it."""
    found = sorted(set(deployments), key=lambda one: (one.name, one.path, one.line))
    if not found:
        return {}
    return {
        "schedule": _schedule(found),
        "timezone": _zone(found),
        "paused": _paused(found),
        "pool": _pool(found),
        "tags": tuple(sorted({tag for one in found for tag in one.tags})),
        "active_runs": _limit(found),
    }


def _schedule(found: list[Deployed]) -> str | None | Unresolved:
    scheduled = [one for one in found if one.timings]
    if any(timing.text == UNRESOLVED for one in scheduled for timing in one.timings):
        return UNRESOLVED
    texts = [_own_text(one) for one in scheduled]
    if len(texts) == 1:
        return texts[0]
    return "; ".join(f"{one.name}: {text}" for one, text in zip(scheduled, texts, strict=True)) or None


def _own_text(deployment: Deployed) -> str:
    """The schedules of one deployment; an inactive one is marked where others are active."""
    mixed = len({timing.active for timing in deployment.timings}) > 1
    texts = {
        f"{timing.text} (inactive)" if mixed and timing.active is False else timing.text
        for timing in deployment.timings
    }
    return " and ".join(sorted(texts))


def _zone(found: list[Deployed]) -> str | None | Unresolved:
    zones = sorted({timing.timezone for one in found for timing in one.timings})
    if UNRESOLVED in zones:
        return UNRESOLVED
    return " and ".join(zones) or None


def _paused(found: list[Deployed]) -> bool | None | Unresolved:
    """Whether nothing runs by itself that has a schedule; None without any schedule."""
    states = [_both(one.paused, timing.active) for one in found for timing in one.timings]
    if not states:
        return None
    if False in states:
        return False
    return UNRESOLVED if UNRESOLVED in states else True


def _both(paused: bool | Unresolved, active: bool | Unresolved) -> bool | Unresolved:
    if paused is True or active is False:
        return True
    return UNRESOLVED if UNRESOLVED in (paused, active) else False


def _pool(found: list[Deployed]) -> str | None | Unresolved:
    pools = {one.pool for one in found if one.pool is not None}
    return UNRESOLVED if UNRESOLVED in pools else " and ".join(sorted(pools)) or None


def _limit(found: list[Deployed]) -> int | None | Unresolved:
    """The runs of all deployments together; one without a limit leaves none."""
    limits = [one.limit for one in found]
    if UNRESOLVED in limits:
        return UNRESOLVED
    known = [limit for limit in limits if isinstance(limit, int)]
    return sum(known) if len(known) == len(limits) else None
