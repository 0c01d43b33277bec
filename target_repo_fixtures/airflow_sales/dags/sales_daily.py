"""Daily revenue per store, from the till drops. See docs/runbook.md."""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG

from sales.extract import extract_orders
from sales.load import export_revenue
from sales.transform import build_daily_revenue, clean_orders

default_args = {
    "owner": "sales-data",
    "depends_on_past": False,
    "execution_timeout": timedelta(minutes=5),
}

with DAG(
    dag_id="sales_daily",
    description="Revenue per store and business date",
    schedule="0 5 * * *",
    start_date=pendulum.datetime(2026, 1, 3, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args=default_args,
    tags=["sales", "daily"],
    doc_md=__doc__,
) as dag:
    extract = PythonOperator(
        task_id="extract_orders",
        python_callable=extract_orders,
        op_kwargs={"ds": "{{ ds }}"},
    )

    clean = PythonOperator(
        task_id="clean_orders",
        python_callable=clean_orders,
        op_kwargs={"ds": "{{ ds }}"},
    )

    build = PythonOperator(
        task_id="build_daily_revenue",
        python_callable=build_daily_revenue,
        op_kwargs={"ds": "{{ ds }}"},
    )

    export = PythonOperator(
        task_id="export_revenue",
        python_callable=export_revenue,
        op_kwargs={"ds": "{{ ds }}"},
    )

    extract >> clean >> build >> export
