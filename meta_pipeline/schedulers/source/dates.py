"""Dates, durations and time zones that are given in source."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from meta_pipeline.schedulers.source.machine import Arguments
from meta_pipeline.schedulers.source.values import UNKNOWN

_DATE_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo")
_PENDULUM_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond", "tz")
_DELTA_PARTS = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S")


def zone(name: object) -> object:
    """A time zone by its name or as it is; `UNKNOWN` for a name that is not known here."""
    if isinstance(name, tzinfo):
        return name
    if not isinstance(name, str):
        return UNKNOWN
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UNKNOWN


def _parts(arguments: Arguments, names: tuple[str, ...]) -> dict[str, object] | None:
    """The arguments by name, or None where one is not known or not of this call."""
    by_place: dict[object, object] = dict(zip(names, arguments.positional, strict=False))
    found = {**by_place, **arguments.named}
    if arguments.open or len(arguments.positional) > len(names) or not found.keys() <= set(names):
        return None
    return {str(name): value for name, value in found.items()}


def _moment(arguments: Arguments, names: tuple[str, ...], default_zone: tzinfo | None) -> object:
    parts = _parts(arguments, names)
    if parts is None:
        return UNKNOWN
    given = parts.pop(names[-1], None)
    timezone = default_zone if given is None else zone(given)
    if not all(type(value) is int for value in parts.values()) or not isinstance(
        timezone, (tzinfo, type(None))
    ):
        return UNKNOWN
    try:
        return datetime(**parts, tzinfo=timezone)  # type: ignore[arg-type]  # all are whole numbers, as checked
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def _standard(arguments: Arguments) -> object:
    return _moment(arguments, _DATE_PARTS, None)


def _pendulum(arguments: Arguments) -> object:
    return _moment(arguments, _PENDULUM_PARTS, UTC)


def _airflow(arguments: Arguments) -> object:
    return _moment(arguments, _DATE_PARTS, UTC)


def _day(arguments: Arguments) -> object:
    parts = _parts(arguments, ("year", "month", "day"))
    if parts is None or not all(type(value) is int for value in parts.values()):
        return UNKNOWN
    try:
        return date(**parts)  # type: ignore[arg-type]  # all are whole numbers, as checked
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def _delta(arguments: Arguments) -> object:
    parts = _parts(arguments, _DELTA_PARTS)
    if parts is None or not all(type(value) in (int, float) for value in parts.values()):
        return UNKNOWN
    try:
        return timedelta(**parts)  # type: ignore[arg-type]  # all are numbers, as checked
    except (OverflowError, ValueError):
        return UNKNOWN


def _zone(arguments: Arguments) -> object:
    return zone(arguments.positional[0]) if len(arguments.positional) == 1 else UNKNOWN


def _parsed(arguments: Arguments) -> object:
    """`datetime.strptime(text, format)`, `datetime.fromisoformat(text)`."""
    match arguments.positional:
        case [str() as text, str() as layout]:
            layouts: tuple[str, ...] = (layout,)
        case [str() as text]:
            layouts = _FORMATS
        case _:
            return UNKNOWN
    for layout in layouts:
        try:
            return datetime.strptime(text, layout)  # noqa: DTZ007  as naive as in the source
        except ValueError:
            continue
    return UNKNOWN


def _parsed_utc(arguments: Arguments) -> object:
    """`pendulum.parse(text, tz=...)`."""
    found = _parsed(Arguments(arguments.positional[:1]))
    timezone = zone(arguments.named.get("tz", "UTC"))
    if isinstance(found, datetime) and isinstance(timezone, tzinfo):
        return found.replace(tzinfo=timezone)
    return UNKNOWN


DATE_FUNCTIONS: dict[str, Callable[[Arguments], object]] = {
    "datetime.datetime": _standard,
    "datetime.datetime.strptime": _parsed,
    "datetime.datetime.fromisoformat": _parsed,
    "datetime.date": _day,
    "datetime.timedelta": _delta,
    "pendulum.datetime": _pendulum,
    "pendulum.DateTime": _standard,
    "pendulum.create": _pendulum,
    "pendulum.parse": _parsed_utc,
    "pendulum.duration": _delta,
    "pendulum.Duration": _delta,
    "pendulum.timezone": _zone,
    "pendulum.tz.timezone": _zone,
    "pendulum.Timezone": _zone,
    "pytz.timezone": _zone,
    "zoneinfo.ZoneInfo": _zone,
    "airflow.utils.timezone.datetime": _airflow,
    "airflow.sdk.timezone.datetime": _airflow,
    "airflow.providers.common.compat.sdk.timezone.datetime": _airflow,
    "airflow.utils.timezone.parse": _parsed_utc,
    "airflow.sdk.timezone.parse": _parsed_utc,
    "airflow.providers.common.compat.sdk.timezone.parse": _parsed_utc,
}
"""Functions by the dotted name they are imported under."""

DATE_CONSTANTS: dict[str, tzinfo | date] = {
    "datetime.datetime.min": datetime.min,  # noqa: DTZ901  as naive as in the source
    "datetime.UTC": UTC,
    "datetime.timezone.utc": UTC,
    "pendulum.UTC": UTC,
    "pytz.UTC": UTC,
    "pytz.utc": UTC,
    "airflow.utils.timezone.utc": UTC,
    "airflow.sdk.timezone.utc": UTC,
    "airflow.providers.common.compat.sdk.timezone.utc": UTC,
}


def zone_name(timezone: tzinfo | None) -> str:
    """The name under which Airflow shows a time zone; a date without one is in UTC."""
    return timezone.key if isinstance(timezone, ZoneInfo) else "UTC" if timezone is None else str(timezone)
