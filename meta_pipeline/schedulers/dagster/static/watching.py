"""Which runs and assets the sensors watch: whom they tell of a failed run, and what a launched job waits for."""

from collections.abc import Iterable

from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Link, Node
from meta_pipeline.schedulers.dagster.static.keys import text_of
from meta_pipeline.schedulers.dagster.static.selections import Catalogue, UnknownSelectionError, select
from meta_pipeline.schedulers.dagster.static.timing import launches
from meta_pipeline.schedulers.dagster.static.values import Job, Sensor
from meta_pipeline.schedulers.source.values import OpenList

_JUST_ENDED = 0.0


def alerts_of(name: str, sensors: Iterable[Sensor]) -> tuple[str, ...]:
    """The sensors that are told of a failed run of the job, and start no other run for it."""
    found = set()
    for sensor in sensors:
        if sensor.status != "FAILURE" or sensor.jobs:
            continue
        watched = [UNRESOLVED] if sensor.watches is None else watched_jobs(sensor)
        if name in watched or sensor.watches is None:
            found.add(f"run_failure_sensor: {sensor.name if isinstance(sensor.name, str) else UNRESOLVED}")
        elif UNRESOLVED in watched:
            found.add(UNRESOLVED)
    return tuple(sorted(found))


def watched_jobs(sensor: Sensor) -> list[str]:
    """The names of the jobs that a sensor of runs watches; `unresolved` for those that only a run can tell."""
    held = sensor.watches
    if held is None or sensor.status is None:
        return []
    if not isinstance(held, (list, tuple)):
        return [UNRESOLVED]
    names = [job.name if isinstance(job, Job) else job for job in held]
    known = [name if isinstance(name, str) else UNRESOLVED for name in names]
    return [*known, UNRESOLVED] if isinstance(held, OpenList) else known


def links_of(name: str, sensors: Iterable[Sensor], catalogue: Catalogue) -> tuple[Link, ...]:
    """The runs that sensors wait for before they launch the job, and the assets: nodes of the job of all assets.

    A sensor launches the job when the other run has just ended, so it waits for that of no other time.
    """
    waited: set[tuple[str, str | None]] = set()
    for sensor in sensors:
        if any(launches(job, name) for job in sensor.jobs):
            waited |= {(job, None) for job in watched_jobs(sensor)}
            waited |= {(IMPLICIT_JOB, key) for one in sensor.assets for key in _keys(one, catalogue)}
    return tuple(
        Link(kind="waits_for", pipeline=pipeline, node=node, offset_s=_JUST_ENDED)
        for pipeline, node in sorted(waited, key=str)
        if pipeline != name
    )


def linked(nodes: tuple[Node, ...], links: tuple[Link, ...]) -> tuple[Node, ...]:
    """The nodes of a job; those that begin it wait for what its sensors watch."""
    ids = {node.id for node in nodes}
    return tuple(
        node.model_copy(update={"links": links}) if links and not ids & set(node.upstream) else node
        for node in nodes
    )


def _keys(selection: object, catalogue: Catalogue) -> list[str]:
    try:
        return sorted(text_of(key) for key in select(selection, catalogue).assets)
    except UnknownSelectionError:
        return [UNRESOLVED]
