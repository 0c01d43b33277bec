"""When the jobs run. docs/runbook.md says why then."""

from datetime import datetime, timedelta

import dagster as dg

from storefront.jobs import nightly_sales, shipping_backlog
from storefront.settings import TIMEZONE


def _yesterday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The business date that ended last."""
    return _request(context.scheduled_execution_time - timedelta(days=1))


def _today(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The date of the tick itself; each tick of a date replaces its partition."""
    return _request(context.scheduled_execution_time)


def _request(moment: datetime) -> dg.RunRequest:
    return dg.RunRequest(partition_key=moment.date().isoformat())


nightly_sales_schedule = dg.ScheduleDefinition(
    name="nightly_sales_schedule",
    job=nightly_sales,
    cron_schedule="15 4 * * *",
    execution_timezone=TIMEZONE,
    execution_fn=_yesterday,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

shipping_backlog_schedule = dg.ScheduleDefinition(
    name="shipping_backlog_schedule",
    job=shipping_backlog,
    cron_schedule="30 6 * * 1-6",
    execution_timezone=TIMEZONE,
    execution_fn=_today,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
