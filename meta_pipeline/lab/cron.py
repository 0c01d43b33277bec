"""Cron schedules and their presets: another that somebody may write by mistake, the same spelt otherwise."""

import random
import re

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_FIELD = re.compile(r"[\d*,/A-Za-z-]+")


def is_cron(text: str) -> bool:
    """Whether a text is five fields of cron."""
    fields = text.split()
    return len(fields) == 5 and all(_FIELD.fullmatch(field) for field in fields) and text == " ".join(fields)


def is_each_hour(text: str) -> bool:
    """Whether a schedule runs in each hour of the day, so that a shift by whole hours changes nothing."""
    return text == "@hourly" or (is_cron(text) and text.split()[1:] == ["*", "*", "*", "*"])


def other_schedule(text: str, dice: random.Random) -> str | None:
    """A schedule that differs from a cron or preset; None where the text is neither."""
    if text in PRESETS:
        return dice.choice([name for name in ("@hourly", "@daily", "@weekly", "@monthly") if name != text])
    if not is_cron(text):
        return None
    minute, hour, day, month, weekday = text.split()
    ways = []
    if hour.isdigit():
        ways.append(f"{minute} {(int(hour) + dice.randint(2, 11)) % 24} {day} {month} {weekday}")
        ways.append(f"{minute} * {day} {month} {weekday}")  # the hour forgotten: each hour
        if minute.isdigit() and int(minute) < 24 and minute != hour:
            ways.append(f"{hour} {minute} {day} {month} {weekday}")  # minute and hour swapped
    if minute.isdigit():
        ways.append(f"* {hour} {day} {month} {weekday}")  # each minute of the hour
    if weekday == day == "*":
        ways.append(f"{minute} {hour} * * {dice.randint(1, 5)}")  # once a week in place of daily
    elif weekday != "*":
        ways.append(f"{minute} {hour} {day} {month} *")
    if minute.startswith("*/"):
        ways.append(f"{int(minute[2:]) % 60 if minute[2:].isdigit() else 0} {hour} {day} {month} {weekday}")
    ways = [way for way in ways if way != text]
    return dice.choice(ways) if ways else None


def same_schedule(text: str) -> str | None:
    """The same schedule, spelt otherwise; None where there is no other way that everybody knows."""
    if text in PRESETS:
        return PRESETS[text]
    return next((name for name, cron in PRESETS.items() if cron == text), None)
