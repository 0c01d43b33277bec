"""Retries by constants, dicts, functions that make decorators, and lists of delays."""

from functools import partial

from prefect import flow, task

from lib.decorators import resilient_task, team_flow

DELAYS = [10, 30, 60]
sturdy = partial(task, retries=len(DELAYS), retry_delay_seconds=DELAYS)


@sturdy(name="fetch rates")
def fetch_rates():
    return {}


@resilient_task(retries=7)
def publish_rates(rates):
    return rates


@task(retries=2, retry_delay_seconds=[5])
def archive(rates):
    return rates


@team_flow(name="rates")
def rates():
    published = publish_rates(fetch_rates())
    archive(published)
