"""Revenue by product, one DAG per region. See docs/runbook.md."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from sales.extract import extract_region_orders
from sales.load import publish_region_rollup

REGIONS = {
    "north": {"schedule": "0 7 * * *"},
    "south": {"schedule": "15 7 * * *"},
}


def build_rollup(region: str, schedule: str) -> DAG:
    with DAG(
        dag_id=f"rollup_{region}",
        description=f"Revenue by product, {region} region",
        schedule=schedule,
        start_date=pendulum.datetime(2026, 1, 3, tz="UTC"),
        catchup=False,
        max_active_runs=1,
        default_args={
            "owner": "sales-data",
            "retries": 2,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": 2.0,
        },
        tags=["sales", "rollup", region],
        doc_md=__doc__,
    ) as dag:
        extract = PythonOperator(
            task_id="extract_region_orders",
            python_callable=extract_region_orders,
            op_kwargs={"region": region, "ds": "{{ ds }}"},
        )
        publish = PythonOperator(
            task_id="publish_rollup",
            python_callable=publish_region_rollup,
            op_kwargs={"region": region, "ds": "{{ ds }}"},
        )
        extract >> publish
    return dag


for region, options in REGIONS.items():
    globals()[f"rollup_{region}"] = build_rollup(region, **options)
