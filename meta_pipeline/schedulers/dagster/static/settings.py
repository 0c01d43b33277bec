"""Retry policies, partitions, automation conditions and schedules: the settings that code gives to its things."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from meta_pipeline.schedulers.dagster.static.values import Freshness, Given, Partitions, Retry
from meta_pipeline.schedulers.source.values import UNKNOWN, External, OpenList, Unknown, is_open

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def given(named: Mapping[object, object], name: str, default: object = None) -> object:
    """The argument `name`; `UNKNOWN` where an unknown `**` may hold it."""
    if name in named:
        return named[name]
    return UNKNOWN if is_open(named) else default


def retry_of(named: Mapping[object, object]) -> Retry:
    """`RetryPolicy(max_retries, delay, backoff, jitter)`."""
    backoff = given(named, "backoff")
    grows: object = UNKNOWN if isinstance(backoff, Unknown) else backoff is not None
    return Retry(given(named, "max_retries", 1), given(named, "delay"), grows)


def freshness_of(name: str, positional: list[object], named: Mapping[object, object]) -> Freshness:
    """What `FreshnessPolicy.name(...)` makes: the age at which it fails, or the time that its deadline leaves."""
    if name in ("time_window", "cron"):
        place, argument = (0, "fail_window") if name == "time_window" else (1, "lower_bound_delta")
        window = positional[place] if len(positional) > place else given(named, argument)
        return Freshness(window.total_seconds() if isinstance(window, timedelta) else UNKNOWN)
    lag = given(named, "maximum_lag_minutes")
    return Freshness(lag * 60 if isinstance(lag, (int, float)) else UNKNOWN)


def canonical(cron: object) -> object:
    """A cron text in five fields; several are joined, as Dagster takes a list of them."""
    if isinstance(cron, str):
        return PRESETS.get(cron, " ".join(cron.split()))
    if isinstance(cron, (list, tuple)) and not isinstance(cron, OpenList):
        texts = [canonical(one) for one in cron]
        return " or ".join(map(str, texts)) if all(isinstance(text, str) for text in texts) else UNKNOWN
    return UNKNOWN


_WINDOWS = {
    "HourlyPartitionsDefinition": "{minute} * * * *",
    "DailyPartitionsDefinition": "{minute} {hour} * * *",
    "WeeklyPartitionsDefinition": "{minute} {hour} * * {day}",
    "MonthlyPartitionsDefinition": "{minute} {hour} {day} * *",
}


def partitions_of_job(named: Mapping[object, object]) -> object:
    """The partitions of a job: its own, or those of its configuration."""
    own, config = given(named, "partitions_def"), given(named, "config")
    if own is None and isinstance(config, Given) and config.name == "PartitionedConfig":
        return given(config.named, "partitions_def")
    return own


def partitions_of(name: str, named: Mapping[object, object]) -> Partitions:
    """A partitions definition of the class `name`."""
    if name == "StaticPartitionsDefinition":
        keys = given(named, "partition_keys")
        known = isinstance(keys, (list, tuple)) and not isinstance(keys, OpenList)
        texts = [key for key in keys if isinstance(key, str)] if isinstance(keys, (list, tuple)) else []
        known = known and isinstance(keys, (list, tuple)) and len(texts) == len(keys)
        return Partitions(f"static: {', '.join(texts)}" if known else UNKNOWN)
    if name == "DynamicPartitionsDefinition":
        own = given(named, "name")
        return Partitions(f"dynamic: {own}" if isinstance(own, str) else UNKNOWN)
    if name == "MultiPartitionsDefinition":
        return Partitions(_dimensions(given(named, "partitions_defs")))
    if name in _WINDOWS:
        cron = _window_cron(name, named)
    elif name == "TimeWindowPartitionsDefinition":
        cron = canonical(given(named, "cron_schedule"))
    else:
        return Partitions(UNKNOWN)
    zone = given(named, "timezone") or "UTC"
    start = _moment(given(named, "start"), given(named, "start_date"))
    if not isinstance(cron, str) or not isinstance(zone, str) or not isinstance(start, str):
        return Partitions(UNKNOWN, cron, zone)
    offset = given(named, "end_offset", 0)
    if type(offset) is not int:
        return Partitions(UNKNOWN, cron, zone)
    ends = f", {offset} past the last" if offset else ""
    return Partitions(f"{cron} from {start} {zone}{ends}", cron, zone)


def _window_cron(name: str, named: Mapping[object, object]) -> object:
    first_day = 1 if name.startswith("Monthly") else 0
    parts = {
        "minute": given(named, "minute_offset", 0),
        "hour": given(named, "hour_offset", 0),
        "day": given(named, "day_offset", first_day),
    }
    if any(type(part) is not int for part in parts.values()):
        return UNKNOWN
    return _WINDOWS[name].format(**parts)


def _moment(*values: object) -> object:
    value = next((value for value in values if value is not None), UNKNOWN)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (0, 0) else f"{value:%Y-%m-%dT%H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if not isinstance(value, str):
        return UNKNOWN
    for form in ("%Y-%m-%d", "%Y-%m-%d-%H:%M"):
        try:
            return _moment(datetime.strptime(value, form))  # noqa: DTZ007  the zone stands beside it
        except ValueError:
            continue
    return value


def _dimensions(value: object) -> object:
    if not isinstance(value, dict) or is_open(value):
        return UNKNOWN
    texts = {name: part.text for name, part in value.items() if isinstance(part, Partitions)}
    if len(texts) != len(value) or not all(isinstance(text, str) for text in texts.values()):
        return UNKNOWN
    return "multi: " + "; ".join(f"{name} {text}" for name, text in sorted(texts.items(), key=str))


def is_running(value: object) -> object:
    """Whether a default status says that a schedule or sensor runs; `STOPPED` is Dagster's own default."""
    if value is None:
        return False
    return value.last == "RUNNING" if isinstance(value, External) else UNKNOWN
