"""CHG021 on what pipelines do with shells, queries, certificates and files from elsewhere."""

import pytest

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg021_insecure_code import InsecureCode
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

IMPORTS = """import os, pickle, ssl, subprocess
import boto3, httpx, requests, yaml
from prefect import flow, task
"""


def looked_at(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(InsecureCode(), Case(Policy(), change=specimens.change(before, after)))


def of_code(body: str) -> str:
    return looked_at({}, {"flows/load.py": IMPORTS + body}).outcome


@pytest.mark.parametrize(
    "body",
    [
        "def load(**context):\n    subprocess.run(f\"load {context['params']['t']}\", shell=True)",
        "def load(dag_run):\n    table = dag_run.conf['table']\n    os.system('load ' + table)",
        "@task\ndef load(table):\n    subprocess.check_call('load %s' % table, shell=True)",
        "def load(dag_run):\n    cursor.execute(f\"select * from t where id = {dag_run.conf['id']}\")",
        "def load():\n    return requests.get('https://api.sales.net', verify=False)",
        "def load():\n    return httpx.Client(verify=False)",
        "session = requests.Session()\nsession.verify = False",
        "context = ssl._create_unverified_context()",
        "def load(key):\n    body = boto3.client('s3').get_object(Key=key)['Body']\n    return pickle.load(body)",
        "def load(url):\n    return yaml.load(requests.get(url).text, Loader=yaml.Loader)",
        "@flow\ndef load(rule):\n    return eval(rule)",
    ],
)
def test_what_lets_a_stranger_in_is_for_a_person(body: str) -> None:
    assert of_code(body) == "needs_approval"


@pytest.mark.parametrize(
    "body",
    [
        "PROJECT = 'sales'\ndef load():\n    subprocess.run(f'dbt run --project-dir {PROJECT}', shell=True)",
        "def model():\n    return pickle.load(open('model.pkl', 'rb'))",
        "config = yaml.load(open('tables.yml'), Loader=yaml.FullLoader)",
        "op = BashOperator(task_id='a', bash_command='load {{ dag_run.conf[\"t\"] }}')",
    ],
)
def test_what_is_only_worth_knowing_warns(body: str) -> None:
    assert of_code(body) == "warned"


@pytest.mark.parametrize(
    "body",
    [
        "def load(params):\n    subprocess.run(['load', params['table']], check=True)",
        "def load(table):\n    cursor.execute(f'select * from {table}')",
        "def load(dag_run):\n    cursor.execute('select * from t where id = %s', [dag_run.conf['id']])",
        "config = yaml.safe_load(open('tables.yml'))",
        "def load():\n    return requests.get('https://api.sales.net', verify='ca.pem')",
        "# session.verify = False",
        "op = BashOperator(task_id='a', bash_command='load {{ ds }}')",
    ],
)
def test_what_is_safe_is_free(body: str) -> None:
    assert of_code(body) == "passed"


@pytest.mark.parametrize(
    "body",
    [
        "@flow\ndef load(day: str):\n    cursor.execute(f\"select * from t where day = '{day}'\")",
        '@task(retries=2)\ndef load(name):\n    q = "select a from t where b like \'%" + name + "%\'"\n    db.run(q)',
        "@task\nasync def f(ids: list):\n    for i in ids:\n        await db.run(f'delete from t where id = {i}')",
        "@flow\ndef load(day: str):\n    db.execute(text(\"delete from t where day = '%s'\" % day))",
        "@flow\ndef load(a, b):\n    db.execute(\"insert into t values ('{}', {})\".format(a, b))",
        '@flow\ndef load(c: Order):\n    db.execute(f"""\n    update t\n    set a = 1\n    where n = \'{c.name}\'""")',
        "@flow\ndef load(day):\n    def one():\n        db.run(f\"delete from t where day = '{day}'\")\n    one()",
    ],
)
def test_a_query_with_a_value_that_a_flow_of_prefect_was_given_is_for_a_person(body: str) -> None:
    assert of_code(body) == "needs_approval"


@pytest.mark.parametrize(
    "body",
    [
        "@flow\ndef load(day: datetime.date):\n    cursor.execute(f\"select * from t where day = '{day}'\")",
        "@flow\ndef load(ids: list[int] | None):\n    db.execute(f'delete from t where id in ({ids})')",
        "@flow\ndef load(n):\n    db.execute(f'select * from t where n = {int(n)}')",
        "@task\ndef load(table: str):\n    cursor.execute(f'select * from {table} where a = 1')",
        "@task\ndef load(day):\n    cursor.execute('select * from t where day = %s', (day,))",
        "@task\ndef load(day):\n    cursor.execute(f\"select * from t where kind = '{KIND}'\", day)",
        "@task\ndef load(name):\n    logger.info(f\"will select rows from t where name = '{name}'\")",
        "@task\ndef f(d):\n    m = ','.join('?' for _ in d)\n    db.run(f'select a from t where d in ({m})', d)",
        "def load(day):\n    cursor.execute(f\"select * from t where day = '{day}'\")",
    ],
)
def test_a_query_of_constants_or_with_parameters_of_its_own_is_free(body: str) -> None:
    assert of_code(body) == "passed"


def test_a_safe_load_that_becomes_an_unsafe_one_is_for_a_person() -> None:
    safe, unsafe = "x = yaml.safe_load(open('a.yml'))\n", "x = yaml.load(open('a.yml'), Loader=yaml.Loader)\n"

    result = looked_at({"a.py": IMPORTS + safe}, {"a.py": IMPORTS + unsafe})

    assert (result.outcome, result.findings[0].line) == ("needs_approval", 4)


def test_the_new_one_of_two_is_named_and_what_moves_is_not_new() -> None:
    one = "requests.get('https://a.sales.net', verify=False)\n"
    two = "requests.get('https://b.sales.net', verify=False)\n"

    result = looked_at({"a.py": IMPORTS + one}, {"a.py": IMPORTS + two + one})

    assert [finding.line for finding in result.findings] == [4]
    assert looked_at({"a.py": IMPORTS + one}, {"b/a.py": IMPORTS + one}).outcome == "passed"


def test_tests_may_be_careless_and_a_comment_silences_nothing() -> None:
    careless = f"{IMPORTS}requests.get('https://a.sales.net', verify=False)  # noqa: S501  # nosec\n"

    assert looked_at({}, {"tests/test_a.py": careless}).outcome == "passed"
    assert looked_at({}, {"flows/a.py": careless}).outcome == "needs_approval"


@pytest.mark.parametrize(
    "version,outcome", [("3.1.0", "needs_approval"), ("2.10.5", "passed"), ("unresolved", "passed")]
)
def test_names_that_airflow_3_removed_count_where_it_is_used(version: str, outcome: str) -> None:
    code = "from airflow import DAG\nDAG('a', schedule_interval=None)\n"
    topologies = (specimens.topology().model_copy(update={"version": version}),)
    change = Change(MemoryTree.of({}), MemoryTree.of({"dags/a.py": code}), topologies, topologies)

    assert judge(InsecureCode(), Case(Policy(), change=change)).outcome == outcome
