"""The revenue of a day, from the till's orders and the price list."""

import sys

from prefect import flow, task
from prefect.tasks import exponential_backoff

from bookshop import days, lake, queries
from bookshop.alerts import page_on_call


@task
def stage_orders(day: str) -> str:
    """The lines of the orders that were not cancelled, each once."""
    values = {"drop": str(lake.drop("orders", day))}
    return lake.write(queries.STAGE_ORDERS, values, lake.staged("orders", day))


@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=60))
def stage_prices(day: str) -> str:
    values = {"drop": str(lake.drop("prices", day))}
    return lake.write(queries.STAGE_PRICES, values, lake.staged("prices", day))


@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=60))
def value_orders(orders: str, prices: str, day: str) -> str:
    """Revenue by genre."""
    values = {"orders": orders, "prices": prices, "day": day}
    return lake.write(queries.DAILY_REVENUE, values, lake.staged("daily_revenue", day))


@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=60))
def write_revenue(staged: str, day: str) -> str:
    return lake.write(queries.COPY, {"source": staged}, lake.published("daily_revenue", day))


@task(retries=1, retry_delay_seconds=30)
def check_revenue(published: str) -> int:
    """A day without a sale is a drop that went wrong."""
    rows = lake.count(published)
    if rows == 0:
        raise ValueError(f"{published} holds no row")
    return rows


@flow(name="publish-revenue")
def publish_revenue(staged: str, day: str) -> int:
    return check_revenue(write_revenue(staged, day))


@flow(timeout_seconds=900, on_failure=[page_on_call], on_crashed=[page_on_call])
def nightly_orders(day: str | None = None) -> int:
    """The day before the run's own, where none is given."""
    day = day or days.before(days.today())
    orders = stage_orders.submit(day)
    prices = stage_prices.submit(day)
    revenue = value_orders(orders, prices, day)
    return publish_revenue(revenue, day)


if __name__ == "__main__":
    nightly_orders(*sys.argv[1:])
