"""CHG015 on the forms in which teams write start dates and calls at import."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg015_dynamic_start_date import DynamicStartDate
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

IMPORTS = """
import time, subprocess, requests, boto3, psycopg2, pendulum
import datetime as dt
import pandas as pd
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import dag, task
from airflow.models import Variable
from airflow.utils.dates import days_ago
from airflow.providers.postgres.hooks.postgres import PostgresHook
"""


def looked_at(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(DynamicStartDate(), Case(Policy(), change=specimens.change(before, after)))


def of_dag(body: str, path: str = "dags/sales.py") -> GateResult:
    return looked_at({}, {path: IMPORTS + body})


@pytest.mark.parametrize(
    "body",
    [
        "DAG('a', start_date=datetime.now())",
        "DAG('a', start_date=datetime.utcnow().replace(hour=0))",
        "DAG('a', start_date=dt.datetime.today() - timedelta(days=2))",
        "DAG('a', start_date=pendulum.now('UTC').subtract(days=1))",
        "DAG('a', start_date=pendulum.today())",
        "DAG('a', start_date=days_ago(1))",
        "default_args = {'start_date': days_ago(2)}\nDAG('a', default_args=default_args)",
        "default_args = dict(owner='sales', start_date=datetime.now())\nDAG('a', default_args=default_args)",
        "default_args = {}\ndefault_args['start_date'] = datetime.now()",
        "DAG('a', default_args={'start_date': datetime.now()})",
        "now = datetime.now()\nstart = now - timedelta(hours=1)\nDAG('a', start_date=start)",
        "@dag(start_date=datetime.now())\ndef sales():\n    pass\nsales()",
        "def make(name):\n    return DAG(name, start_date=datetime.now())\nmake('a')",
    ],
)
def test_a_start_that_moves_is_refused(body: str) -> None:
    assert of_dag(body).outcome == "failed"


@pytest.mark.parametrize(
    "body",
    [
        "DAG('a', start_date=datetime(2026, 1, 1))",
        "DAG('a', start_date=pendulum.datetime(2026, 1, 1, tz='UTC'))",
        "DAG('a', start_date=datetime.fromisoformat('2026-01-01'))",
        "@task\ndef load():\n    fetch(start_date=datetime.now())",
        "fetch(start_date=datetime.now())",
        "@task\ndef load():\n    requests.get('https://api.example.com')",
        "def pull():\n    return psycopg2.connect('')",
        "DAG('a', on_failure_callback=lambda context: requests.post('https://hooks.example.com'))",
        "tables = open('tables.yaml').read()",
        "tables = pd.read_csv('tables.csv')",
        "hook = PostgresHook('warehouse')",
        "if __name__ == '__main__':\n    requests.get('https://api.example.com')",
        "class Load(BaseOperator):\n    def execute(self, context):\n        time.sleep(3)",
        "bucket = '{{ var.value.bucket }}'",
    ],
)
def test_what_is_fixed_or_happens_in_a_run_is_free(body: str) -> None:
    assert of_dag(body).outcome == "passed"


@pytest.mark.parametrize(
    "body",
    [
        "tables = requests.get('https://api.example.com/tables').json()",
        "with DAG('a') as dag:\n    names = requests.get('https://api.example.com').json()",
        "def tables():\n    return requests.get('https://api.example.com').json()\nfor t in tables():\n    pass",
        "@dag(schedule=None)\ndef sales():\n    requests.get('https://api.example.com')\nsales()",
        "connection = psycopg2.connect('')",
        "rows = PostgresHook('warehouse').get_records('select 1')",
        "hook = PostgresHook('warehouse')\nrows = hook.get_records('select 1')",
        "client = boto3.client('s3')\nkeys = client.list_objects_v2(Bucket='b')",
        "frame = pd.read_csv('https://example.com/tables.csv')",
        "frame = pd.read_sql('select 1', engine)",
        "time.sleep(5)",
        "class Config:\n    tables = requests.get('https://api.example.com').json()",
        "def load(tables=requests.get('https://api.example.com').json()):\n    pass",
    ],
)
def test_a_call_at_import_is_refused(body: str) -> None:
    assert of_dag(body).outcome == "failed"


@pytest.mark.parametrize(
    "body,outcome",
    [
        ("DAG('a', schedule=None, start_date=datetime.now())", "warned"),
        ("rev = subprocess.check_output(['git', 'rev-parse', 'HEAD'])", "needs_approval"),
        ("client = boto3.client('s3')", "warned"),
    ],
)
def test_what_may_be_meant_is_not_refused(body: str, outcome: str) -> None:
    assert of_dag(body).outcome == outcome


def test_partitions_and_schedules_of_other_schedulers_have_starts_too() -> None:
    dagster = (
        "from dagster import DailyPartitionsDefinition as Daily\nimport dagster as dg\nimport datetime\n"
    )
    prefect = (
        "from prefect import flow\nfrom prefect.schedules import Interval\nfrom datetime import datetime\n"
    )

    assert (
        looked_at({}, {"p.py": f"{dagster}Daily(start_date=datetime.datetime.now())\n"}).outcome == "failed"
    )
    assert (
        looked_at({}, {"p.py": f"{dagster}dg.HourlyPartitionsDefinition(datetime.datetime.now())\n"}).outcome
        == "failed"
    )
    assert looked_at({}, {"p.py": f"{dagster}Daily(start_date='2026-01-01')\n"}).outcome == "passed"
    anchored = f"{prefect}Interval(60, anchor_date=datetime.now())\n"
    assert looked_at({}, {"p.py": anchored}).outcome == "needs_approval"


def test_a_repository_whose_dags_start_so_is_warned_of_one_more_but_not_of_a_fixed_one_that_begins_to_move() -> (
    None
):
    usual = {f"dags/{n}.py": f"{IMPORTS}DAG('{n}', start_date=days_ago(1))\n" for n in "abc"}
    fixed = {"dags/d.py": IMPORTS + "DAG('d', start_date=datetime(2026, 1, 1))\n"}
    moving = {"dags/d.py": IMPORTS + "DAG('d', start_date=days_ago(3))\n"}

    assert looked_at(usual, usual | moving).outcome == "warned"
    assert looked_at(usual | fixed, usual | moving).outcome == "failed"


def test_what_was_there_or_moves_to_another_file_is_not_new() -> None:
    text = IMPORTS + "DAG('a', start_date=datetime.now())\nrequests.get('https://api.example.com')\n"

    assert looked_at({"dags/a.py": text}, {"dags/a.py": f"# sales\n{text}"}).outcome == "passed"
    assert looked_at({"dags/a.py": text}, {"dags/sales/a.py": text}).outcome == "passed"


def test_modules_that_define_no_pipeline_and_tests_may_call_at_import() -> None:
    call = "import requests\nrequests.get('https://api.example.com')\n"

    assert looked_at({}, {"tools/fetch.py": call}).outcome == "passed"
    assert looked_at({}, {"tests/dags/test_sales.py": IMPORTS + call}).outcome == "passed"
    assert looked_at({}, {"dags/helpers/tables.py": call}).outcome == "failed"


@pytest.mark.parametrize("share, outcome", [(1, "warned"), (30, "needs_approval")])
def test_what_few_files_do_is_no_habit(share: int, outcome: str) -> None:
    asking = {"dags/other.py": f"{IMPORTS}X = Variable.get('x')\n"}
    plain = {f"dags/{number}.py": IMPORTS for number in range(share)}
    before: specimens.Files = {**asking, **plain}
    after: specimens.Files = {**before, "dags/sales.py": f"{IMPORTS}BUCKET = Variable.get('bucket')\n"}
    assert looked_at(before, after).outcome == outcome
