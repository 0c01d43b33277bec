"""One small repository a scheduler, which between them hold a place for every class of change."""

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.lab.mutation import Base
from tests.lab.around import AROUND, SHOP

AIRFLOW = {
    **AROUND,
    **SHOP,
    "dags/shop_daily.py": '''\
"""Orders of the day."""

import logging
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.sensors.external_task import ExternalTaskSensor

from shop.orders import load_orders, publish


def tell(context):
    logging.info("failed")


def report():
    rows = load_orders("2026-01-01")
    print(rows)


default_args = {
    "owner": "shop-team",
    "retries": 3,
    "retry_delay": timedelta(minutes=15),
    "retry_exponential_backoff": True,
    "execution_timeout": timedelta(hours=1),
    "email_on_failure": True,
    "on_failure_callback": tell,
    "sla": timedelta(hours=2),
}

with DAG(
    dag_id="shop_daily",
    schedule="0 5 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args=default_args,
    tags=["shop", "pii"],
) as dag:
    wait = ExternalTaskSensor(
        task_id="wait",
        external_dag_id="till_daily",
        external_task_id="close",
        execution_delta=timedelta(hours=2),
    )
    load = PythonOperator(
        task_id="load",
        python_callable=load_orders,
        op_kwargs={"day": "{{ ds }}"},
    )
    send = PythonOperator(
        task_id="send",
        python_callable=report,
        op_kwargs={"path": "out"},
    )
    wait >> load >> send
''',
    "dags/till_daily.py": """\
import pendulum
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.empty import EmptyOperator

ORDERS = Asset("s3://shop/orders")

with DAG(
    "till_daily",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    default_args={"owner": "till-team", "email_on_failure": False},
) as dag:
    EmptyOperator(task_id="close", outlets=[Asset("s3://shop/orders")])
""",
    "sql/replace_orders.sql": """\
CREATE TABLE IF NOT EXISTS orders (day DATE, amount INTEGER);
DELETE FROM orders WHERE day = '{{ ds }}';
INSERT INTO orders
SELECT day, sum(amount) AS amount
FROM staged
WHERE day = '{{ ds }}'
GROUP BY day;
""",
    "sql/totals.sql": "-- Totals of a day.\nSELECT\n    day,\n    sum(amount) AS total\nFROM orders\nGROUP BY day\n",
    "contracts/orders.odcs.yaml": """\
kind: DataContract
apiVersion: v3.0.2
name: orders
retentionDays: 365
schema:
  - name: orders
    properties:
      - name: day
        logicalType: date
        required: true
      - name: customer
        logicalType: string
        required: false
        classification: confidential
""",
}

DAGSTER = {
    **AROUND,
    **SHOP,
    "store/__init__.py": "",
    "store/assets.py": '''\
from datetime import datetime

import dagster as dg
import requests

from shop.settings import region

DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01", timezone="Europe/Berlin", end_offset=1)


@dg.asset(
    partitions_def=DAYS,
    owners=["team:shop"],
    group_name="shop",
    tags={"domain": "shop"},
    retry_policy=dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL),
    automation_condition=dg.AutomationCondition.eager(),
    freshness_policy=FRESH,
    pool="warehouse",
)
def raw_orders(context: dg.AssetExecutionContext) -> None:
    day = context.partition_key
    answer = requests.get(f"https://shop.example.com/{day}", timeout=30)
    print(answer, region())


@dg.asset(deps=[raw_orders, "till"], op_tags={"timeout": "1h"})
def orders(raw_orders) -> None:
    rows = raw_orders or []
    print(rows)


@dg.asset
def till() -> None:
    """What the till says."""
    amount = 12
    print(amount)


@dg.asset_check(asset=orders, blocking=True)
def orders_arrived() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.run_failure_sensor
def tell_of_failures(context: dg.RunFailureSensorContext) -> None:
    print(context.failure_event)
''',
    "store/definitions.py": """\
import dagster as dg

from store import assets
from store.assets import orders, orders_arrived, raw_orders

nightly = dg.define_asset_job(name="nightly", selection=[orders], hooks={HOOK})
hourly = dg.define_asset_job(name="hourly", selection=[raw_orders], tags={"dagster/max_runtime": 600})

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_schedule",
    job=nightly,
    cron_schedule="15 4 * * 1",
    execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([assets]),
    asset_checks=[orders_arrived],
    jobs=[nightly, hourly],
    schedules=[nightly_schedule],
)
""",
    "dagster.yaml": "run_queue:\n  max_concurrent_runs: 4\nrun_retries:\n  enabled: true\n  max_retries: 2\n",
}

PREFECT = {
    **AROUND,
    **SHOP,
    "flows/nightly.py": '''\
from datetime import timedelta

from prefect import flow, task
from shop.orders import load_orders


def tell(flow, flow_run, state):
    print(state)


@task(retries=3, retry_delay_seconds=60, timeout_seconds=600, tags=["warehouse"])
def stage(day):
    return load_orders(day)


@task
def publish(staged, day):
    print(staged, day)


@flow(name="prices", log_prints=True)
def prices():
    """Prices of the day."""
    print("prices")


@flow(name="nightly", on_failure=[tell], timeout_seconds=900)
def nightly(day):
    first = stage.submit(day)
    second = stage.submit(day, wait_for=[first])
    publish(second, day)
    stage(day)
    return publish(stage(day), day)


if __name__ == "__main__":
    nightly.serve(name="nightly", cron="0 3 * * *", tags=["pii", "night"])
    prices.serve(name="prices", interval=timedelta(hours=24))
''',
    "prefect.yaml": """\
name: shop
deployments:
  - name: nightly
    entrypoint: flows/nightly.py:nightly
    concurrency_limit: 1
    tags: [pii, finance]
    schedules:
      - cron: "0 3 * * 1-5"
        timezone: Europe/Berlin
  - name: prices
    entrypoint: flows/nightly.py:prices
    schedules:
      - interval: 3600
""",
}

DBT = {
    **AROUND,
    "dbt_project.yml": "name: shop\nprofile: shop\nvars:\n  retention_days: 90\n",
    "profiles.yml": """\
shop:
  target: prod
  outputs:
    prod:
      type: postgres
      password: "{{ env_var('SHOP_PASSWORD') }}"
      timeout_seconds: 300
""",
    "packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n",
    "package-lock.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\nsha1_hash: abc\n",
    "models/staging/sources.yml": """\
sources:
  - name: till
    tables:
      - name: receipts
""",
    "models/staging/stg_receipts.sql": """\
with source as (
    select * from {{ source('till', 'receipts') }}
),

renamed as (
    select
        id as receipt_id,
        day,
        cast(amount as integer) as amount
    from source
)

select * from renamed
""",
    "models/staging/staging.yml": """\
models:
  - name: stg_receipts
    columns:
      - name: receipt_id
        tests:
          - unique
      - name: day
        description: Day of the sale.
""",
    "models/marts/totals.sql": """\
{{ config(materialized='incremental', unique_key='day', incremental_strategy='merge') }}

-- One row a day.
select
    day,
    sum(amount) as total
from {{ ref('stg_receipts') }}
{% if is_incremental() %}
where day > (select max(day) from {{ this }})
{% endif %}
group by day
""",
    "models/marts/marts.yml": """\
models:
  - name: totals
    description: Totals of each day.
    config:
      contract: {enforced: true}
    meta:
      owner: shop-team
      contains_pii: true
    columns:
      - name: day
        data_type: date
        tests: [not_null, unique]
      - name: kind
        data_type: varchar
        tests:
          - accepted_values:
              values: ['cash', 'card']
""",
    "tests/totals_are_positive.sql": "select *\nfrom {{ ref('totals') }}\nwhere total < 0\n",
}

REPOSITORIES: dict[SchedulerKind, MemoryTree] = {
    "airflow": MemoryTree.of(AIRFLOW),
    "dagster": MemoryTree.of(DAGSTER),
    "prefect": MemoryTree.of(PREFECT),
    "dbt": MemoryTree.of(DBT),
}


def bases() -> list[Base]:
    """Every file of every repository, as the laboratory takes them."""
    return [
        Base(scheduler, scheduler, tree, path)
        for scheduler, tree in REPOSITORIES.items()
        for path in sorted(tree.entries())
    ]
