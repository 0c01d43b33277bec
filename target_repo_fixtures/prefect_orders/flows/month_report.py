"""A month's revenue by genre, which finance asks for."""

import sys

from prefect import flow, task

from bookshop import lake, queries


@task(retries=2, retry_delay_seconds=60)
def sum_up(month: str) -> str:
    values = {"files": str(lake.published("daily_revenue", f"{month}-*")), "month": month}
    return lake.write(queries.MONTH_REPORT, values, lake.published("month_report", month))


@flow
def month_report(month: str) -> str:
    return sum_up(month)


if __name__ == "__main__":
    month_report(sys.argv[1])
