"""Crons: in words, how many runs they make, and whether two of them ever meet."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meta_pipeline.delivery.differences.phrases import duration
from meta_pipeline.delivery.topology import UNRESOLVED

_COUNTED = 2_000
_COMPARED = 60
_ONCE = "once (@once)"
_INTERVAL = re.compile(r"every (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_MIDWINTER = datetime(2026, 1, 5, tzinfo=UTC)


@cache
def in_words(schedule: str) -> str:
    """`at 05:00 every day (0 5 * * *)` for `0 5 * * *`, and what follows it; what begins with no cron as it is."""
    fields = schedule.split()
    cron, rest = " ".join(fields[:5]), " ".join(fields[5:])
    if not is_cron(cron):
        return _ONCE if schedule == "@once" else _every(schedule)
    from cron_descriptor import ExpressionDescriptor, Options
    from cron_descriptor.Exception import FormatError

    options = Options()
    options.use_24hour_time_format = True
    try:
        told = ExpressionDescriptor(cron, options).get_full_description()
    except (FormatError, ValueError, IndexError):
        return schedule
    words = (told[:1].lower() + told[1:]).replace(", only on ", " on ").replace(", only in ", " in ")
    if fields[2:5] == ["*", "*", "*"] and words.startswith("at ") and "past the hour" not in words:
        words += " every day"
    return f"{words} ({cron}){' ' if rest else ''}{rest}"


def _every(schedule: str) -> str:
    """`every 1 day 6 h` for what Python writes as `every 1 day, 6:00:00`; anything else as it is."""
    found = _INTERVAL.fullmatch(schedule)
    if not found:
        return schedule
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups())
    length = duration(days * 86400 + hours * 3600 + minutes * 60 + seconds)
    return "every day" if length == "1 day" else f"every {length}"


def is_cron(schedule: str) -> bool:
    """Whether a schedule is a cron of five fields."""
    return _cron(schedule, UTC, _MIDWINTER)


def same_cron(one: str, other: str) -> bool:
    """Whether two crons run at the same times, however they are spelled."""
    if not (is_cron(one) and is_cron(other)):
        return False
    from cronsim import CronSim

    found = []
    for schedule in (one, other):
        cron = CronSim(schedule, _MIDWINTER)
        weekdays = {day % 7 if isinstance(day, int) else day for day in cron.weekdays}  # 7 is Sunday, too
        found.append((cron.minutes, cron.hours, cron.days, cron.months, weekdays, cron.day_and))
    return found[0] == found[1]


def runs_between(schedule: str, timezone: str | None, start: datetime, end: datetime) -> int | None:
    """About how many runs a cron makes in a span; None where it is no cron or the time zone is unknown."""
    zone = _zone(timezone)
    if zone is None or not is_cron(schedule) or end <= start:
        return None
    times = _times(schedule, start.astimezone(zone), _COUNTED)
    within = [time for time in times if time < end]
    if len(within) < _COUNTED or not times:
        return len(within)
    span = (times[-1] - start).total_seconds() / _COUNTED
    return round((end - start).total_seconds() / span)


def met(
    waiting: tuple[str, str | None], awaited: tuple[str, str | None], offset_s: float
) -> tuple[int, int] | None:
    """How many of so many runs of the waiting schedule find a run of the awaited one `offset_s` seconds earlier.

    A schedule is a cron and its time zone. None where one of them is no cron.
    """
    zones = _zone(waiting[1]), _zone(awaited[1])
    if zones[0] is None or zones[1] is None or not (is_cron(waiting[0]) and is_cron(awaited[0])):
        return None
    wanted = [
        time - timedelta(seconds=offset_s)
        for time in _times(waiting[0], _MIDWINTER.astimezone(zones[0]), _COMPARED)
    ]
    found = sum(
        _times(awaited[0], (time - timedelta(minutes=1)).astimezone(zones[1]), 1) == [time] for time in wanted
    )
    return found, len(wanted)


def _cron(schedule: str, zone: tzinfo, start: datetime) -> bool:
    from cronsim import CronSim, CronSimError

    if len(schedule.split()) != 5:
        return False
    try:
        CronSim(schedule, start.astimezone(zone))
    except CronSimError:
        return False
    return True


def _times(schedule: str, start: datetime, count: int) -> list[datetime]:
    from cronsim import CronSim

    found: list[datetime] = []
    # A cron of a leap day may come less often than that before the last year there is.
    with suppress(OverflowError):
        found.extend(time.astimezone(UTC) for time in islice(CronSim(schedule, start), count))
    return found


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return UTC
    if name == UNRESOLVED:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
