"""The books that are running out."""

import sys

from prefect import flow, task

from bookshop import days, lake, queries
from bookshop.alerts import page_on_call


@task(retries=3, retry_delay_seconds=[60, 120, 240])
def find_low_stock(day: str) -> str:
    values = {"drop": str(lake.drop("stock", day)), "day": day}
    return lake.write(queries.LOW_STOCK, values, lake.staged("low_stock", day))


@task(retries=2, retry_delay_seconds=60)
def write_low_stock(staged: str, day: str) -> str:
    return lake.write(queries.COPY, {"source": staged}, lake.published("low_stock", day))


@flow(timeout_seconds=300, on_failure=[page_on_call])
def stock_levels(day: str | None = None) -> str:
    """The day of the run, where none is given."""
    day = day or days.today()
    return write_low_stock(find_low_stock(day), day)


if __name__ == "__main__":
    stock_levels(*sys.argv[1:])
