from datetime import UTC, datetime, timedelta

import pytest

from meta_pipeline.delivery.differences.crons import in_words, met, runs_between


@pytest.mark.parametrize(
    "schedule, words",
    [
        ("0 5 * * *", "at 05:00 every day (0 5 * * *)"),
        ("0 * * * *", "every hour (0 * * * *)"),
        ("*/15 * * * *", "every 15 minutes (*/15 * * * *)"),
        ("0 5 * * 1", "at 05:00 on Monday (0 5 * * 1)"),
        ("0 5 1 * *", "at 05:00, on day 1 of the month (0 5 1 * *)"),
        ("17 */4 * * *", "at 17 minutes past the hour, every 4 hours (17 */4 * * *)"),
        ("0 0 * * * from 2026-01-01 UTC", "at 00:00 every day (0 0 * * *) from 2026-01-01 UTC"),
        ("@once", "once (@once)"),
        ("assets: orders, users", "assets: orders, users"),
        ("0 99 * * *", "0 99 * * *"),
    ],
)
def test_a_cron_in_words(schedule: str, words: str) -> None:
    assert in_words(schedule) == words


def test_how_many_runs_a_cron_makes() -> None:
    start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 12, 1, tzinfo=UTC)
    assert runs_between("0 5 * * *", "UTC", start, end) == 700
    assert runs_between("0 5 1 * *", "Europe/Berlin", start, end) == 23
    hourly = runs_between("0 * * * *", "UTC", start, end)
    assert hourly is not None
    assert abs(hourly - 16800) < 20
    assert runs_between("@once", "UTC", start, end) is None
    assert (
        runs_between("0 0 29 2 *", "UTC", start, start + timedelta(days=7)) == 0
    )  # 2,000 runs take 8,000 years
    assert runs_between("0 5 * * *", "unresolved", start, end) is None


def test_whether_a_wait_ever_finds_a_run() -> None:
    daily = ("0 5 * * *", "UTC")
    assert met(daily, daily, 0) == (60, 60)
    assert met(daily, daily, 3600) == (0, 60)
    assert met(daily, ("0 * * * *", "UTC"), 3600) == (60, 60)
    assert met(("0 * * * *", "UTC"), daily, 0) in ((2, 60), (3, 60))
    assert met(daily, ("0 6 * * *", "Europe/Berlin"), 0) == (60, 60)
    assert met(daily, ("@once", "UTC"), 0) is None


@pytest.mark.parametrize(
    "schedule, words",
    [
        ("every 1 day, 0:00:00", "every day"),
        ("every 2 days, 6:30:00", "every 2 days 6 h 30 min"),
        ("every 0:15:00", "every 15 min"),
        ("every 0:00:00.500000", "every 0:00:00.500000"),
    ],
)
def test_an_interval_in_words(schedule: str, words: str) -> None:
    assert in_words(schedule) == words
