"""Which jobs the sensors of a repository watch, and what follows from it; a part of `probe.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]

IMPLICIT_JOB = "__ASSET_JOB"


def launched_by(sensor: Any) -> set[str]:
    try:
        return {target.job_name for target in sensor.targets}
    except Exception:  # noqa: BLE001  a sensor without a job says so by raising
        return set()


def alerts_of(job_name: str, sensors: Iterable[Any]) -> list[str]:
    """The sensors that are told of a failed run of the job, and start no other run for it."""
    found = set()
    for sensor in sensors:
        if status_of(sensor) == "FAILURE" and not launched_by(sensor):
            watched = watched_jobs(sensor)
            if watched is None or job_name in watched:
                found.add(f"run_failure_sensor: {sensor.name}")
    return sorted(found)


def links_of(job_name: str, sensors: Iterable[Any], graph: Any) -> list[Document]:
    """The runs and assets that sensors wait for before they launch the job."""
    found: dict[tuple[str, str | None], Document] = {}
    for sensor in sensors:
        if job_name not in launched_by(sensor):
            continue
        waited: list[tuple[str, str | None]] = [(name, None) for name in sorted(watched_jobs(sensor) or ())]
        waited += [(IMPLICIT_JOB, key) for key in watched_assets(sensor, graph)]
        for name, node in waited:
            if name != job_name:
                link = {"kind": "waits_for", "pipeline": name, "node": node, "offset_s": 0.0}
                found[name, node] = link
    return [found[key] for key in sorted(found, key=str)]


def status_of(sensor: Any) -> str | None:
    status = getattr(sensor, "_run_status", None)
    if status is None and type(sensor).__name__ == "RunFailureSensorDefinition":
        return "FAILURE"
    return getattr(status, "value", None)


def watched_jobs(sensor: Any) -> set[str] | None:
    """The names of the jobs that a run status sensor watches; None where it watches all of them."""
    if status_of(sensor) is None:
        return set()
    monitored = getattr(sensor, "_monitored_jobs", None)
    if not monitored:
        return None
    names = {getattr(job, "job_name", None) or getattr(job, "name", None) for job in monitored}
    return {name for name in names if isinstance(name, str)}


def watched_assets(sensor: Any, graph: Any) -> list[str]:
    key = getattr(sensor, "_asset_key", None)
    if key is not None:
        return [key.to_user_string()]
    monitored = getattr(sensor, "_monitored_assets", None)
    if monitored is None:
        return []
    keys = monitored.resolve(graph) if hasattr(monitored, "resolve") else monitored
    return sorted(key.to_user_string() for key in keys)
