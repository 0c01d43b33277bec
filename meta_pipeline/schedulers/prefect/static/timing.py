"""Schedules as canonical text: a five-field cron, `every 1:00:00` for an interval, `rrule: ...` for a rule."""

import json
from datetime import timedelta, tzinfo

from pydantic import TypeAdapter, ValidationError

from meta_pipeline.delivery.topology import UNRESOLVED, Unresolved
from meta_pipeline.schedulers.prefect.deployed import DEFAULT_ZONE, Timing
from meta_pipeline.schedulers.prefect.static.values import Schedule
from meta_pipeline.schedulers.source.dates import zone_name

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
KINDS = ("cron", "interval", "rrule")
_DURATION = TypeAdapter(timedelta)


def timing_of(kind: str, value: object, timezone: object, active: object) -> Timing:
    """One schedule; `value` is what its kind (one of `KINDS`) was given."""
    shown = {"cron": _cron, "interval": _interval, "rrule": _rule}[kind](value)
    zone: str | Unresolved = UNRESOLVED
    if timezone is None:
        zone = _rule_zone(value) if kind == "rrule" else DEFAULT_ZONE
    elif isinstance(timezone, str) and not is_template(timezone):
        zone = timezone
    elif isinstance(timezone, tzinfo):
        zone = zone_name(timezone)
    known = True if active is None else active if isinstance(active, bool) else UNRESOLVED
    return Timing(text=shown, timezone=zone, active=known)


def is_template(value: object) -> bool:
    """Whether it is a text that Prefect fills in when it deploys."""
    return isinstance(value, str) and "{{" in value


def _cron(value: object) -> str | Unresolved:
    if not isinstance(value, str) or is_template(value):
        return UNRESOLVED
    return PRESETS.get(value, " ".join(value.split()))


def _interval(value: object) -> str | Unresolved:
    """Seconds, a duration, or a text such as `PT1H` or `01:00:00`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, timedelta)):
        return UNRESOLVED
    try:
        return f"every {_DURATION.validate_python(value)}"
    except (ValidationError, OverflowError):
        return UNRESOLVED


def _rule(value: object) -> str | Unresolved:
    rule = _unpacked(value).get("rrule", value)
    return (
        f"rrule: {' '.join(rule.split())}" if isinstance(rule, str) and not is_template(rule) else UNRESOLVED
    )


def _rule_zone(value: object) -> str:
    zone = _unpacked(value).get("timezone")
    return zone if isinstance(zone, str) else DEFAULT_ZONE


def _unpacked(value: object) -> dict[str, object]:
    """The parts of a rule that is written as JSON; nothing where it is a plain rule."""
    try:
        found = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def given_timings(arguments: dict[object, object]) -> tuple[Timing, ...]:
    """The schedules among the arguments of `serve`, `deploy` and the like."""
    timezone = arguments.get("timezone")
    found: list[Timing] = []
    for kind in KINDS:
        value = arguments.get(kind)
        values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        found += [timing_of(kind, one, timezone, True) for one in values]
    single, several = arguments.get("schedule"), arguments.get("schedules")
    values = [] if single is None else [single]
    if isinstance(several, (list, tuple)):
        values += several
    elif several is not None:
        values.append(several)
    return (*found, *map(_of_object, values))


def _of_object(value: object) -> Timing:
    """A schedule object, or a mapping with one and whether it is active."""
    if isinstance(value, Schedule):
        return timing_of(value.kind, value.value, value.timezone, value.active)
    if isinstance(value, dict) and isinstance(inner := value.get("schedule"), Schedule):
        return timing_of(inner.kind, inner.value, inner.timezone, value.get("active", inner.active))
    return Timing(text=UNRESOLVED, timezone=UNRESOLVED, active=UNRESOLVED)
