"""The invoices of a day, from the shop system's drop to the ledger."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.sensors.python import PythonSensor
from billing_alerts import note_missed_sla, page_finance

from billing import invoices

CURRENCY = Variable.get("billing_currency")
LEDGER = BaseHook.get_connection("ledger_db").schema

default_args = {
    "owner": "finance-data",
    "depends_on_past": False,
    "email": ["finance-data@example.com"],
    "email_on_failure": True,
    "email_on_retry": False,
    "retries": 1,
    "retry_delay": timedelta(minutes=2),
    "on_failure_callback": page_finance,
}


def extract_invoices(ds, ti):
    found = invoices.read_invoices(ds)
    ti.xcom_push(key="count", value=len(found))
    ti.xcom_push(key="total", value=invoices.total_cents(found))


def check_totals(ti):
    count = ti.xcom_pull(task_ids="extract_invoices", key="count")
    total = ti.xcom_pull(task_ids="extract_invoices", key="total")
    invoices.check_total(count, total, CURRENCY)


def load_ledger(ds):
    return invoices.load(ds, LEDGER)


with DAG(
    dag_id="invoices_daily",
    description="Invoices into the ledger",
    default_args=default_args,
    schedule_interval="30 3 * * *",
    start_date=datetime(2026, 1, 3),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    sla_miss_callback=note_missed_sla,
    tags=["billing", "ledger"],
) as dag:
    wait = PythonSensor(
        task_id="wait_for_drop",
        python_callable=invoices.drop_is_there,
        poke_interval=60,
        timeout=60 * 60,
        mode="reschedule",
    )
    extract = PythonOperator(task_id="extract_invoices", python_callable=extract_invoices)
    check = PythonOperator(task_id="check_totals", python_callable=check_totals)
    load = PythonOperator(
        task_id="load_ledger",
        python_callable=load_ledger,
        pool="ledger",
        sla=timedelta(minutes=30),
    )
    report = BashOperator(
        task_id="report_rows",
        bash_command="echo \"{{ ti.xcom_pull(task_ids='load_ledger') }} rows of {{ ds }}\"",
    )

    wait >> extract >> check >> load >> report
