"""`with_options`, exponential delays, and a factory of flows."""

from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff, task_input_hash

SOURCES = {"orders": 3600, "refunds": 7200}


@task(
    retries=4,
    retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5,
    cache_policy=NO_CACHE,
)
def call_api(source: str):
    return source


@task(cache_key_fn=task_input_hash, cache_expiration=timedelta(hours=1))
def parse(payload):
    return payload


def make_flow(source: str, seconds: int):
    @flow(name=f"sync {source}", timeout_seconds=seconds)
    def sync():
        payload = call_api.with_options(name=f"call {source}", retries=6)(source)
        parse(payload)

    return sync


flows = [make_flow(source, seconds) for source, seconds in SOURCES.items()]
sync_orders, sync_refunds = flows
sync_orders_again = sync_orders.with_options(name="sync orders again", timeout_seconds=10)
