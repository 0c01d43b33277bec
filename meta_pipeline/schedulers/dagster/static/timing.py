"""When a job runs: by which schedules and sensors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.topology import UNRESOLVED, Unresolved
from meta_pipeline.schedulers.dagster.static.values import (
    Given,
    Job,
    Partitions,
    Schedule,
    Sensor,
)


@dataclass(frozen=True)
class Timing:
    schedule: str | None | Unresolved
    timezone: str | None | Unresolved
    paused: bool | None | Unresolved


def timing_of(
    name: str, partitions: object, schedules: Iterable[Schedule], sensors: Iterable[Sensor]
) -> Timing:
    """The crons of the schedules that launch the job; where there is none, the sensors that do."""
    own = [schedule for schedule in schedules if launches(schedule.job, name)]
    if own:
        crons = [_cron(schedule, partitions) for schedule in own]
        zones = [_zone(schedule, partitions) for schedule in own]
        return Timing(_joined(crons, " and "), _joined(zones, " and "), _paused([s.running for s in own]))
    watching = [sensor for sensor in sensors if any(launches(job, name) for job in sensor.jobs)]
    if watching:
        names = [f"sensor {sensor.name}" if isinstance(sensor.name, str) else None for sensor in watching]
        return Timing(_joined(names, " and "), None, _paused([s.running for s in watching]))
    return Timing(None, None, None)


def launches(job: object, name: str) -> bool:
    """Whether what a schedule or sensor holds is the job of this name."""
    return (job.name if isinstance(job, Job) else job) == name


def _joined(texts: list[str | None], by: str) -> str | Unresolved:
    known = sorted({text for text in texts if text is not None})
    return UNRESOLVED if None in texts else by.join(known)


def _paused(running: list[object]) -> bool | Unresolved:
    """Whether none of them runs by default."""
    if True in running:
        return False
    return True if all(one is False for one in running) else UNRESOLVED


def _cron(schedule: Schedule, partitions: object) -> str | None:
    if isinstance(schedule.cron, Given):
        return _partition_cron(schedule.cron.named, partitions)
    return schedule.cron if isinstance(schedule.cron, str) else None


def _partition_cron(named: Mapping[object, object], partitions: object) -> str | None:
    """The cron of the partitions with the minute, hour and day that the schedule gives."""
    if not isinstance(partitions, Partitions) or not isinstance(partitions.cron, str):
        return None
    fields = partitions.cron.split()
    places = {"minute_of_hour": 0, "hour_of_day": 1, "day_of_month": 2, "day_of_week": 4}
    for key, place in places.items():
        value = named.get(key)
        if value is None:
            continue
        if type(value) is not int or len(fields) != 5:
            return None
        fields[place] = str(value)
    return " ".join(fields)


def _zone(schedule: Schedule, partitions: object) -> str | None:
    zone = schedule.timezone
    if isinstance(schedule.cron, Given):
        zone = partitions.timezone if isinstance(partitions, Partitions) else UNRESOLVED
    if zone is None:
        return "UTC"
    return zone if isinstance(zone, str) and zone != UNRESOLVED else None
