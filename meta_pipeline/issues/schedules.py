"""Schedules as people say them, as five-field crons."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@once": "@once",
}
_DAYS = {"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0}
_DAY = rf"(?:{'|'.join(_DAYS)})s?"
_DAY_LIST = rf"{_DAY}(?:(?:,|,? and) {_DAY})*"
_CLOCK = (
    r"(?:\d{1,2}(?::\d{2}|\s?(?:am|pm|a\.m\.|p\.m\.))(?:\s?(?:am|pm))?|noon|midnight"
    r"|\d{1,2}(?= o'clock|\s*(?:utc|gmt)\b|[.,;)]|$))"
)
_CLOCKS = rf"{_CLOCK}(?:(?:,|,? and)(?: at)? {_CLOCK})*"
ZONE = r"utc|gmt|z|cest|cet|est|edt|cst|cdt|mst|mdt|pst|pdt|bst|ist|jst|eest|eet|wet|[a-z]+/[a-z_]+"
_ZONE = rf"(?:\s?(?:o'clock\s?)?\(?(?P<zone>{ZONE})\)?(?!\w))?"
_AT = rf"(?:,? (?:at )?(?P<clocks>{_CLOCKS}){_ZONE})"


def _verbose(pattern: str) -> str:
    """A pattern whose spaces count also where white space is left out."""
    return pattern.replace(" ", r"\ ")


_FREQUENCY = rf"""
    (?:at\ (?P<before>{_verbose(_CLOCKS)})(?:\s(?P<zone_before>utc|gmt))?,?\ (?:on\ )?)?
    (?:
      \b(?:once\ )?(?:every|each|per)\ (?P<count>\d+(?:\.\d+)?)?[\s-]?
      (?P<unit>minute|min|hour|hr|h|day|night|week|month|morning)s?\b
    | \b(?:once\ an?\ )(?P<once>minute|hour|day|week|month)\b
    | \b(?P<adverb>hourly|daily|nightly|weekly|monthly)\b
    | \b(?:(?:every|each|on)\ )?(?P<weekday>weekdays?|working\ days?|business\ days?)\b
    | \b(?:(?:every|each|on)\ )(?P<days>{_verbose(_DAY_LIST)})\b
    | \b(?P<times>\d+)\ times\ (?:a|per|an|each|every)\ (?:day|hour|week|month)\b
    )
    (?:\ on\ (?P<late_days>{_verbose(_DAY_LIST)})\b)?
    (?:\ on\ the\ (?P<date>\d{{1,2}})(?:st|nd|rd|th)\b)?
    (?:,?\ (?:at\ )?(?:minute\ |:)?(?P<past>\d{{1,2}})(?:\ minutes?)?(?:\ past(?:\ the\ hour)?|(?<=:\d\d)(?!\d))
    |\ (?:at\ )?minute\ (?P<minute>\d{{1,2}})|\ on\ the\ hour)?
    {_verbose(_AT)}?
"""
_PATTERN = re.compile(_FREQUENCY, re.VERBOSE)
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_LISTED = re.compile(r"(?:\*|(?P<first>\d+)(?:-(?P<last>\d+))?)(?:/(?P<step>\d+))?")
_WORDS = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """A frequency at `start`..`end` of a text: its `cron`, or what is `missing` to make one; `zone` if it names one."""

    start: int
    end: int
    cron: str | None = None
    missing: str = ""
    zone: str | None = None


def canonical_cron(text: str) -> str | None:
    """The five fields with single spaces; presets as their cron; None where the text is no five-field cron."""
    if text in _PRESETS:
        return _PRESETS[text]
    fields = text.split()
    if len(fields) != len(_RANGES):
        return None
    if all(_is_field(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)):
        return " ".join(fields)
    return None


def _is_field(field: str, low: int, high: int) -> bool:
    for part in _WORDS.sub("1", field).split(","):
        match = _LISTED.fullmatch(part)
        if match is None or (match["step"] and int(match["step"]) == 0):
            return False
        if any(not low <= int(value) <= high for value in (match["first"], match["last"]) if value):
            return False
    return True


def frequencies_in(text: str) -> Iterator[Frequency]:
    """Every frequency that a lower-case text with digits says."""
    for match in _PATTERN.finditer(text):
        zone = match["zone"] or match["zone_before"]
        made = _cron(match)
        # `daily` also ends as an adjective before what it describes: `the daily report`.
        if match["adverb"] and re.match(
            r"\s(?!at\b|on\b|and\b|instead\b|for\b|from\b|by\b|in\b|as\b|so\b|rather\b|not\b)[a-z]",
            text[match.end() :],
        ):
            continue
        if isinstance(made, tuple):
            yield Frequency(match.start(), match.end(), cron=" ".join(made), zone=zone)
        else:
            yield Frequency(match.start(), match.end(), missing=made, zone=zone)


def _cron(match: re.Match[str]) -> tuple[str, str, str, str, str] | str:
    """The fields, or what is missing."""
    if match["times"]:
        return "it says how many times, not at which times"
    count = match["count"] or "1"
    unit = match["unit"] or match["once"] or (match["adverb"] or "").removesuffix("ly")
    unit = {"dai": "day", "night": "day", "morning": "day", "min": "minute", "hr": "hour", "h": "hour"}.get(
        unit, unit
    )
    if "." in count:
        return f"a cron cannot say every {count} {unit}s"
    number = int(count)
    if unit == "minute" and number % 60 == 0 and number:
        unit, number = "hour", number // 60
    if unit == "hour" and number % 24 == 0 and number:
        unit, number = "day", number // 24
    if unit == "minute":
        return _even("minute", number, 60, ("{}", "*", "*", "*", "*"))
    if unit == "hour":
        past = match["past"] or match["minute"] or "0"
        if int(past) > 59:
            return f"there is no minute {past}"
        return _even("hour", number, 24, (str(int(past)), "{}", "*", "*", "*"))
    return _dated(match, unit, number)


def _even(
    unit: str, number: int, whole: int, fields: tuple[str, str, str, str, str]
) -> tuple[str, str, str, str, str] | str:
    if number == 0 or whole % number:
        return f"a cron cannot run evenly every {number} {unit}s; a divisor of {whole} can"
    minute, hour, *rest = (field.format("*" if number == 1 else f"*/{number}") for field in fields)
    return minute, hour, rest[0], rest[1], rest[2]


def _dated(match: re.Match[str], unit: str, number: int) -> tuple[str, str, str, str, str] | str:
    if number != 1:
        return f"a cron cannot say every {number} {unit}s evenly"
    times = match["clocks"] or match["before"]
    if not times:
        return "the time of day"
    clocks = [_clock(clock) for clock in re.findall(_CLOCK, times)]
    if any(clock is None for clock in clocks):
        return "a time of day that exists"
    hours = sorted({clock[0] for clock in clocks if clock})
    minutes = {clock[1] for clock in clocks if clock}
    if len(minutes) > 1:
        return "one minute for all times of day, as a cron has only one"
    minute, hour = str(minutes.pop()), ",".join(map(str, hours))
    days = match["days"] or match["late_days"]
    if match["weekday"]:
        return minute, hour, "*", "*", "1-5"
    if days:
        numbers = sorted(_DAYS[day] for day in re.findall("|".join(_DAYS), days))
        return minute, hour, "*", "*", ",".join(map(str, numbers))
    if unit == "week":
        return "the day of the week"
    if unit == "month":
        date = match["date"]
        return (
            (minute, hour, str(int(date)), "*", "*")
            if date and 1 <= int(date) <= 31
            else "the day of the month"
        )
    return minute, hour, "*", "*", "*"


def _clock(text: str) -> tuple[int, int] | None:
    if text in ("noon", "midnight"):
        return (12 if text == "noon" else 0), 0
    match = re.match(r"(\d{1,2})(?::(\d{2}))?\s?(am|pm|a\.m\.|p\.m\.)?", text)
    assert match is not None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3].startswith("p") else 0)
    return (hour, minute) if hour <= 23 and minute <= 59 else None
