"""Letters about overdue invoices, every Monday after the ledger is complete."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.operators.python import PythonOperator
from airflow.sensors.external_task import ExternalTaskSensor
from billing_alerts import page_finance

from billing import dunning

LEDGER = BaseHook.get_connection("ledger_db").schema

dag = DAG(
    "dunning_weekly",
    default_args={
        "owner": "receivables",
        "email": "receivables@example.com",
        "email_on_retry": False,
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
    },
    schedule_interval="0 5 * * 1",
    start_date=datetime(2026, 1, 5),
    catchup=False,
    on_failure_callback=page_finance,
    tags=["billing"],
)

wait_for_ledger = ExternalTaskSensor(
    task_id="wait_for_ledger",
    external_dag_id="invoices_daily",
    external_task_id="load_ledger",
    execution_delta=timedelta(hours=1, minutes=30),
    mode="reschedule",
    timeout=2 * 60 * 60,
    dag=dag,
)


def find_overdue(ds):
    return [list(row) for row in dunning.overdue(ds, LEDGER)]


def write_letters(ds, ti):
    return dunning.write_letters(ds, ti.xcom_pull(task_ids="find_overdue") or [])


find = PythonOperator(task_id="find_overdue", python_callable=find_overdue, dag=dag)
write = PythonOperator(
    task_id="write_letters", python_callable=write_letters, pool="printer", dag=dag
)

wait_for_ledger.set_downstream(find)
find.set_downstream(write)
