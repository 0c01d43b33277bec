"""Stock snapshot per store and product, from the stock system's counts. See docs/runbook.md."""

from datetime import timedelta

import pendulum
from airflow.sdk import dag, task

from sales.extract import extract_counts
from sales.load import publish_inventory


@dag(
    dag_id="store_inventory",
    description="Stock per store and product, with a reorder flag",
    schedule="0 6 * * *",
    start_date=pendulum.datetime(2026, 1, 3, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "sales-data"},
    tags=["sales", "inventory"],
    doc_md=__doc__,
)
def store_inventory():
    @task(retries=2, retry_delay=timedelta(minutes=1), retry_exponential_backoff=2.0)
    def stage_counts(ds: str | None = None) -> int:
        return extract_counts(ds)

    @task(retries=2, retry_delay=timedelta(minutes=1), retry_exponential_backoff=2.0)
    def publish_snapshot(counts: int, ds: str | None = None) -> int:
        if counts == 0:
            raise ValueError(f"the stock drop of {ds} is empty; the last snapshot stays")
        return publish_inventory(ds)

    publish_snapshot(stage_counts())


store_inventory()
