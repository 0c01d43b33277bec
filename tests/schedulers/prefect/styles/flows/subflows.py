"""A parent flow of subflows and deployments that it starts."""

from prefect import flow, task
from prefect.deployments import run_deployment

from lib.hooks import page_on_call
from lib.tasks import build_report, read_orders


@flow(name="load-orders", retries=2, retry_delay_seconds=60)
def load_orders_flow(day: str):
    return read_orders(day)


@flow
def refresh_marts(orders):
    return build_report(orders)


@flow(name="Nightly", on_failure=[page_on_call], on_crashed=[page_on_call])
def nightly(day: str = "2026-01-01"):
    orders = load_orders_flow(day)
    report = refresh_marts(orders)
    run_deployment(name="send-report/production", parameters={"report": report}, timeout=0)
    summarize(report)


@task(on_failure=[page_on_call])
def summarize(report):
    return report
