"""Reading DAG files from source: what is known, what is not, and what is wrong with a file."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED, TopologyError
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from tests.schedulers.airflow.dag_forms import DAG_IDS, FORMS
from tests.schedulers.airflow.reading import HEAD, RELEASE, only, read


def test_the_forms_of_dags_are_read() -> None:
    topology = read_topology(MemoryTree.of({**FORMS, **RELEASE}), "dags")
    assert topology.errors == ()
    found = {pipeline.id: pipeline for pipeline in topology.pipelines}
    assert tuple(found) == DAG_IDS
    inner = found["context_manager"].node("outer.inner.b")
    assert inner is not None
    assert (inner.retries, inner.upstream, inner.timeout_s) == (9, ("outer.a",), 3600.0)
    assert found["flow"].schedule == "0 3 * * 1-5"
    assert found["flow"].timezone == "Europe/Berlin"
    load = found["made_hourly"].node("load_facts")
    assert load is not None
    assert (load.retries, load.path) == (7, "lib/factory.py")


def test_a_value_of_the_run_is_unresolved() -> None:
    pipeline = only(
        read(
            HEAD + "import os\n"
            "args = {'retries': int(os.environ['N']), **load()}\n"
            "with DAG('d', schedule=os.getenv('CRON'), start_date=now(), default_args=args, tags=[os.name]):\n"
            "    BashOperator(task_id='t')\n"
        )
    )
    (node,) = pipeline.nodes
    assert node.retries == node.retry_delay_s == node.retry_backoff == UNRESOLVED
    assert pipeline.schedule == pipeline.start_date == pipeline.owner == UNRESOLVED
    assert pipeline.tags == (UNRESOLVED,)


def test_a_dag_id_of_the_run_is_an_error_and_no_pipeline() -> None:
    topology = read(HEAD + "import os\nwith DAG(os.environ['ID']):\n    BashOperator(task_id='t')\n")
    assert topology.pipelines == ()
    message = "the DAG's id is computed at run time"
    assert topology.errors == (TopologyError(path="dags/one.py", line=4, message=message),)


def test_branches_that_disagree_are_unresolved() -> None:
    branches = "if flag():\n    n = 1\nelse:\n    n = 2\n"
    pipeline = only(
        read(HEAD + branches + "made = DAG('d')\nBashOperator(task_id='t', dag=made, retries=n)\n")
    )
    assert pipeline.nodes[0].retries == UNRESOLVED


def test_a_name_that_is_imported_by_release_is_one_name() -> None:
    head = (
        "from tests_common.version_compat import AIRFLOW_V_3_0_PLUS\n"
        "if AIRFLOW_V_3_0_PLUS:\n    from airflow.sdk import DAG, task\n"
        "else:\n    from airflow.decorators import task\n    from airflow.models.dag import DAG\n"
    )
    pipeline = only(read(f"{head}@task\ndef load(): ...\nwith DAG('d'):\n    load()\n"))
    assert [node.id for node in pipeline.nodes] == ["load"]


@pytest.mark.parametrize(
    "requirement, schedule, catchup",
    [
        ("apache-airflow==2.10.5", "every 1 day, 0:00:00", True),
        ("apache-airflow>=3.1,<4", None, False),
        ("pandas", UNRESOLVED, UNRESOLVED),
    ],
)
def test_defaults_follow_the_version(requirement: str, schedule: str | None, catchup: bool | str) -> None:
    files = {"dags/d.py": HEAD + "with DAG('d'):\n    pass\n", "requirements.txt": requirement}
    pipeline = only(read_topology(MemoryTree.of(files), "dags"))
    assert (pipeline.schedule, pipeline.catchup) == (schedule, catchup)


@pytest.mark.parametrize(
    "given, shown",
    [
        ("'@weekly'", "0 0 * * 0"),
        ("'@once'", "@once"),
        ("None", None),
        ("'0  5 * * *'", "0 5 * * *"),
        ("[Dataset('s3://a'), Dataset('s3://b')]", "assets: s3://a, s3://b"),
        ("Dataset('a') | Dataset('b')", "assets: a or b"),
        ("Dataset('a') & Dataset('b') & Dataset('c')", "assets: a, b, c"),
        ("CronTriggerTimetable('0 1 * * *', timezone='UTC')", "CronTriggerTimetable: 0 1 * * *, UTC"),
        (
            "DatasetOrTimeSchedule(timetable=CronTriggerTimetable('@daily', timezone='UTC'), datasets=[Dataset('a')])",
            "DatasetOrTimeSchedule: CronTriggerTimetable: 0 0 * * *, UTC, assets: a",
        ),
        ("Workdays(4)", "Workdays"),
        ("Nightly('0 1 * * *', timezone='UTC')", UNRESOLVED),
    ],
)
def test_schedules(given: str, shown: str | None) -> None:
    imports = (
        "from airflow.datasets import Dataset\nfrom airflow.timetables.trigger import CronTriggerTimetable\n"
        "from airflow.timetables.datasets import DatasetOrTimeSchedule\n"
        "from airflow.timetables.base import Timetable\n"
        "class Workdays(Timetable): ...\nclass Nightly(CronTriggerTimetable): ...\n"
    )
    assert only(read(HEAD + imports + f"with DAG('d', schedule={given}):\n    pass\n")).schedule == shown


@pytest.mark.parametrize(
    "source, line",
    [
        ("from airflow import DAG\n\ndef (:\n", 3),
        (b"# airflow dag\nx = '\xe9'\n", 2),
        ("from airflow import DAG\n\0", None),
        ("from airflow import DAG\nx = " + "-" * 9000 + "1\n", None),
    ],
)
def test_a_file_that_is_not_python_is_an_error_and_the_rest_stands(
    source: str | bytes, line: int | None
) -> None:
    topology = read(source, dags__two=HEAD + "with DAG('two'):\n    pass\n")
    assert [pipeline.id for pipeline in topology.pipelines] == ["two"]
    (error,) = topology.errors
    assert (error.path, error.line) == ("dags/one.py", line)


@pytest.mark.parametrize(
    "body",
    [
        "x = 10 ** 10 ** 10\ny = 'a' * 10 ** 12\nz = f'{1:1000000000}'\nw = '%1000000000d' % 1\n",
        "m = [1]\nwhile True:\n    m += m\n",
        "m = [1]\nfor i in range(99):\n    m.extend(m)\n    m = [m, m]\nm >> m\n",
        "def f(x): return f(x) or f(x)\nf(1)\n",
        "d = {}\nd['d'] = d\nx = {**d}\n",
        "class A(A): pass\nA()\nfrom . import *\nfrom ..... import q\n",
        "DAG()\nDAG(*x, **y)\nBashOperator(task_id=5)\nsorted([1, 'a'])\n1 / 0\n[][9]\n'%d' % 'a'\n",
    ],
)
def test_odd_code_does_not_stop_the_reader(body: str) -> None:
    topology = read(HEAD + body + "with DAG('after') as d:\n    BashOperator(task_id='t', retries=2)\n")
    assert [(pipeline.id, pipeline.nodes[0].retries) for pipeline in topology.pipelines] == [("after", 2)]


def test_a_file_without_end_is_an_error() -> None:
    (error,) = read(HEAD + "for i in range(10 ** 12):\n    x = i\n").errors
    assert "steps" in error.message


def test_half_characters_and_endless_delays_can_be_published() -> None:
    source = (
        HEAD + "with DAG('d', tags=['\\ud800']):\n    BashOperator(task_id='t', retry_delay=float('nan'))\n"
    )
    pipeline = only(read(source))
    assert pipeline.nodes[0].retry_delay_s == UNRESOLVED
    assert pipeline.model_dump_json()


@pytest.mark.parametrize(
    "requirement, rules, ids",
    [
        ("apache-airflow==3.1.0", "*.py\n!kept.py\n", ["kept"]),
        ("apache-airflow==2.10.5", "sub/.*old # gone\n", ["kept"]),
    ],
)
def test_airflowignore(requirement: str, rules: str, ids: list[str]) -> None:
    dag = HEAD + "with DAG('{}'):\n    pass\n"
    files = {
        "dags/.airflowignore": rules,
        "dags/kept.py": dag.format("kept"),
        "dags/sub/very_old.py": dag.format("old"),
        "requirements.txt": requirement,
    }
    topology = read_topology(MemoryTree.of(files), "dags")
    assert [pipeline.id for pipeline in topology.pipelines] == ids


def test_the_second_dag_of_one_id_is_an_error() -> None:
    dag = HEAD + "with DAG('same'):\n    pass\n"
    topology = read(dag, dags__two=dag)
    assert [pipeline.path for pipeline in topology.pipelines] == ["dags/one.py"]
    (error,) = topology.errors
    assert error.path == "dags/two.py"
    assert error.message == "the DAG id 'same' is taken by dags/one.py:3; give one of them another id"


def test_an_asset_reads_its_parameters_without_a_default() -> None:
    source = "from airflow.sdk import asset\n@asset(schedule=None)\ndef made(orders, context, limit=1): ...\n"
    (node,) = only(read(source)).nodes
    assert (node.id, node.reads, node.writes) == ("made", ("orders",), ("made",))


def test_a_task_between_setup_and_teardown_belongs_to_the_inner_ones() -> None:
    source = (
        "from airflow.decorators import dag, setup, task, teardown\n"
        "@setup\ndef up(): ...\n@teardown\ndef down(x): ...\n@task\ndef work(): ...\n"
        "@dag\ndef d():\n"
        "    with down.override(task_id='outer_down')(up.override(task_id='outer_up')()):\n"
        "        with down.override(task_id='inner_down')(up.override(task_id='inner_up')()):\n"
        "            work()\n"
        "d()\n"
    )
    found = only(read(source)).node("work")
    assert found is not None
    assert found.upstream == ("inner_up",)
