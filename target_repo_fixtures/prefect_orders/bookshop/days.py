"""Business dates."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

TIMEZONE = ZoneInfo("Europe/Berlin")


def today() -> str:
    """The date of this run in Berlin: when it was scheduled, not when it began."""
    return flow_run.get_scheduled_start_time().astimezone(TIMEZONE).date().isoformat()


def before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
