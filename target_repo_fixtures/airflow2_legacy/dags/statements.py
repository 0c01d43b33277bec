"""Monthly statements: one DAG a customer segment, all of one shape."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

SEGMENTS = {
    "retail": {"schedule": "0 6 1 * *", "parts": ["cover", "items"]},
    "trade": {"schedule": "0 6 2 * *", "parts": ["cover", "items", "terms"]},
    "public": {"schedule": "@monthly", "parts": ["items"]},
}


def build(segment, schedule, parts):
    with DAG(
        f"statements_{segment}",
        default_args={"owner": "receivables", "retries": 2, "retry_delay": timedelta(minutes=5)},
        schedule_interval=schedule,
        start_date=datetime(2026, 1, 1),
        catchup=False,
        tags=["billing", segment],
    ) as made:
        ready = EmptyOperator(task_id="ready")
        for part in parts:
            render = BashOperator(task_id=f"render_{part}", bash_command=f"echo {segment}: {part}")
            render >> ready
    return made


for name, config in SEGMENTS.items():
    globals()[f"statements_{name}"] = build(name, config["schedule"], config["parts"])
