"""The schedule of a DAG as canonical text: a five-field cron, `@once`, None, or a readable text."""

from collections.abc import Mapping
from datetime import timedelta, tzinfo

from meta_pipeline.delivery.topology import UNRESOLVED, Unresolved
from meta_pipeline.schedulers.airflow.static.values import Asset, AssetExpression, Timetable
from meta_pipeline.schedulers.source.dates import zone_name
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, is_open

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MAX_PARTS = 1000
_SEVERAL = "MultipleCronTriggerTimetable"
_CRON = ("cron", "timezone")
KEPT: Mapping[str, tuple[str, ...]] = {
    "CronTriggerTimetable": _CRON,
    "CronDataIntervalTimetable": _CRON,
    "CronPartitionTimetable": _CRON,
    _SEVERAL: (),
    "DeltaTriggerTimetable": ("delta",),
    "DeltaDataIntervalTimetable": ("delta",),
    "AssetOrTimeSchedule": ("timetable", "assets"),
    "DatasetOrTimeSchedule": ("timetable", "datasets"),
    "PartitionedAssetTimetable": ("assets",),
}
"""The arguments of Airflow's own timetables that can be told from the outside, in the order in which they are shown."""
_ARGUMENTS = ("schedule", "schedule_interval", "timetable")


def schedule_of(arguments: Mapping[object, object], major: int | None) -> str | None | Unresolved:
    """The schedule that a DAG's arguments give it; without one, Airflow 2 runs it daily and Airflow 3 never."""
    given = [arguments[name] for name in _ARGUMENTS if name in arguments]
    if given:
        return shown(given[0])
    if is_open(arguments) or major is None:
        return UNRESOLVED
    return None if major >= 3 else shown(timedelta(days=1))


def shown(schedule: object) -> str | None | Unresolved:
    """The text of one schedule value; one that names a thousand things is no text to read."""
    if isinstance(schedule, (AssetExpression, Timetable)) and schedule.size > MAX_PARTS:
        return UNRESOLVED
    match schedule:
        case None:
            return None
        case str():
            return PRESETS.get(schedule, " ".join(schedule.split()))
        case timedelta():
            return f"every {schedule}"
        case Asset() | AssetExpression():
            # All of a list and a list joined by `and` are the same to Airflow, and are shown the same.
            if isinstance(schedule, AssetExpression) and schedule.joined_by == "and":
                return shown(schedule.parts)
            text = _assets(schedule)
            return f"assets: {text}" if text else UNRESOLVED
        case list() | tuple() if schedule and not isinstance(schedule, OpenList):
            texts = [_assets(part, inside="list") for part in schedule]
            return f"assets: {', '.join(map(str, texts))}" if all(texts) else UNRESOLVED
        case Timetable():
            return _timetable(schedule)
    return UNRESOLVED


def _assets(value: object, inside: str | None = None) -> str | None:
    """The names in an asset or expression; None where one is unknown."""
    if isinstance(value, Asset):
        return value.name if isinstance(value.name, str) else None
    if not isinstance(value, AssetExpression):
        return None
    parts = [_assets(part, inside=value.joined_by) for part in value.parts]
    if not all(parts):
        return None
    text = f" {value.joined_by} ".join(map(str, parts))
    return f"({text})" if inside and inside != value.joined_by else text


def _timetable(timetable: Timetable) -> str | Unresolved:
    """A timetable by its class and what Airflow can tell of it: inner timetables, crons, zones, intervals, assets."""
    told = _told(timetable)
    if told is None:
        return UNRESOLVED
    texts = list(dict.fromkeys(told))
    if UNRESOLVED in texts:
        return UNRESOLVED
    return f"{timetable.name}: {', '.join(texts)}" if texts else timetable.name


def _told(timetable: Timetable) -> list[str] | None:
    """The texts of the arguments that a timetable keeps; None where they cannot be known."""
    fields = KEPT.get(timetable.name)
    if timetable.inherits and any(KEPT.get(name) for name in timetable.inherits):
        return None
    if fields is None:
        return []
    if timetable.name == _SEVERAL:
        zone = _text(timetable.named.get("timezone", UNKNOWN))
        return [text for cron in timetable.positional for text in (_text(cron), zone)]
    by_place: dict[object, object] = dict(zip(fields, timetable.positional, strict=False))
    named = by_place | dict(timetable.named)
    if is_open(named):
        return None
    return [_text(named[name]) for name in fields if name in named]


def _text(value: object) -> str:
    """The text of one argument of a timetable."""
    if isinstance(value, tzinfo):
        return zone_name(value)
    return UNRESOLVED if value is UNKNOWN or value is None else str(shown(value))
