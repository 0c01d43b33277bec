"""Schedules and sensors, and how the runs are that they launch."""

import re
from collections.abc import Mapping
from typing import TypedDict

from meta_pipeline.schedulers.dagster.static.settings import canonical, given, is_running
from meta_pipeline.schedulers.dagster.static.values import Job, Schedule, Selection, Sensor
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Unknown, is_open

Named = Mapping[object, object]

ALERT_MAKER = re.compile(r"make_(?P<name>\w+_on_run_failure)_sensor")
"""The functions of Dagster and its integrations that make a sensor which tells somebody of a failed run."""


class RunSettings(TypedDict):
    tags: object
    owners: object
    hooks: object
    executor: object
    config: object


def run_settings(named: Named) -> RunSettings:
    """What `@job` and `define_asset_job` say of a whole run."""
    tags, more = given(named, "tags"), given(named, "run_tags")
    if isinstance(tags, dict) and isinstance(more, dict):
        tags = {**tags, **more}
    elif more is not None:
        tags = more if tags is None else UNKNOWN
    return {
        "tags": tags,
        "owners": given(named, "owners", ()),
        "hooks": given(named, "hooks", ()),
        "executor": given(named, "executor_def"),
        "config": given(named, "config"),
    }


def schedule_of(named: Named, path: str, line: int) -> Schedule:
    """`ScheduleDefinition(...)` or `@schedule(...)`."""
    job = _target(named)
    name = given(named, "name")
    if name is None:
        own = job.name if isinstance(job, Job) else job
        name = f"{own}_schedule" if isinstance(own, str) else UNKNOWN
    if isinstance(job, (list, tuple)) or not isinstance(job, (Job, str, Unknown)):
        job = anonymous_job(name, job, path, line)
    return Schedule(
        name=name,
        job=job,
        cron=canonical(given(named, "cron_schedule")),
        timezone=given(named, "execution_timezone"),
        running=is_running(given(named, "default_status")),
        path=path,
        line=line,
    )


def _target(named: Named) -> object:
    """The job that a schedule or sensor launches, by name or itself; assets make a job of their own."""
    for name in ("job", "job_name", "target"):
        value = given(named, name)
        if value is not None:
            return value
    return UNKNOWN


def anonymous_job(name: object, selection: object, path: str, line: int) -> Job | Unknown:
    """The job that Dagster makes for a schedule or sensor that targets assets."""
    if not isinstance(name, str):
        return UNKNOWN
    return Job(f"__anonymous_asset_job_{name}", path, line, selection=selection)


def sensor_of(named: Named, path: str, line: int, role: str = "") -> Sensor:
    """A sensor of any kind, with the jobs that it may launch and what it waits for."""
    name = given(named, "name")
    jobs: list[object] = []
    for argument in ("job", "job_name", "request_job", "jobs", "request_jobs"):
        value = given(named, argument)
        if value is not None:
            jobs += value if isinstance(value, (list, tuple)) else [value]
    target = given(named, "target")
    if target is not None and not is_open(named):
        known = isinstance(target, (Job, str, Unknown))
        jobs.append(target if known else anonymous_job(name, target, path, line))
    status = given(named, "run_status")
    watched = [given(named, argument) for argument in ("asset_key", "monitored_assets")]
    return Sensor(
        name,
        tuple(jobs),
        is_running(given(named, "default_status")),
        path,
        line,
        status="FAILURE"
        if role == "run_failure_sensor"
        else status.last
        if isinstance(status, External)
        else status,
        watches=given(named, "monitored_jobs", given(named, "job_selection")) or None,
        assets=tuple(_selected(one) for one in watched if one is not None),
    )


def alert_sensor(name: str, named: Named, path: str, line: int) -> Sensor:
    """What a `make_..._on_run_failure_sensor` makes; its own name is the middle of its maker's."""
    match = ALERT_MAKER.fullmatch(name)
    default = match["name"] if match else UNKNOWN
    return sensor_of({"name": default, **named}, path, line, "run_failure_sensor")


def _selected(value: object) -> object:
    """The assets that a sensor waits for, as a selection."""
    return value if isinstance(value, (Selection, Unknown)) else Selection("assets", (value,))
