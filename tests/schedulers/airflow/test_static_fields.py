"""The fields of a task and a DAG beyond its schedule and retries, and what is there in some runs only."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from tests.schedulers.airflow.reading import HEAD, only, read

DAG_LINE = "with DAG('d', schedule=None, default_args=args):\n"


def node(source: str) -> Node:
    (found,) = only(read(HEAD + "from datetime import timedelta\nargs = {}\n" + source)).nodes
    return found


def test_the_defaults_are_those_of_airflow() -> None:
    pipeline = only(read(HEAD + "with DAG('d', schedule=None):\n    BashOperator(task_id='t')\n"))
    (found,) = pipeline.nodes
    assert (found.owner, found.pool, found.trigger_rule) == ("airflow", "default_pool", "all_success")
    assert (found.retry_delay_max_s, found.sla_s, found.concurrency, found.group) == (None, None, None, None)
    assert (found.alerts, found.links) == ((), ())
    assert (pipeline.timeout_s, pipeline.concurrency, pipeline.active_runs) == (None, 16, 16)


def test_limits_come_from_the_task_its_group_or_its_dag() -> None:
    pipeline = only(
        read(
            HEAD + "from datetime import timedelta\nfrom airflow.utils.task_group import TaskGroup\n"
            "args = {'owner': 'sales', 'sla': timedelta(hours=2), 'pool': 'small'}\n"
            "args['max_retry_delay'] = timedelta(hours=1)\n"
            "with DAG('d', schedule=None, default_args=args, max_active_runs=1, concurrency=4,\n"
            "         dagrun_timeout=timedelta(hours=3)):\n"
            "    with TaskGroup('g', default_args={'pool': 'large'}):\n"
            "        BashOperator(task_id='t', max_active_tis_per_dag=2, trigger_rule='none_failed_or_skipped')\n"
        )
    )
    (found,) = pipeline.nodes
    assert (found.owner, found.pool, found.group) == ("sales", "large", "g")
    assert (found.sla_s, found.retry_delay_max_s, found.concurrency) == (7200.0, 3600.0, 2)
    assert found.trigger_rule == "none_failed_min_one_success"
    assert (pipeline.timeout_s, pipeline.concurrency, pipeline.active_runs) == (10800.0, 4, 1)


def test_airflow_3_keeps_no_service_levels() -> None:
    source = HEAD + "with DAG('d', sla_miss_callback=print):\n    BashOperator(task_id='t', sla=60)\n"
    files = {"dags/one.py": source, "requirements.txt": "apache-airflow==3.1.0\n"}
    pipeline = only(read_topology(MemoryTree.of(files), "dags"))
    assert (pipeline.alerts, pipeline.nodes[0].sla_s) == ((), None)


@pytest.mark.parametrize(
    "given, alerts",
    [
        ("on_failure_callback=page", ("on_failure_callback: page",)),
        ("on_failure_callback=[page, partial(page, 1)]", ("on_failure_callback: page",)),
        ("on_failure_callback=maker('#sales')", ("on_failure_callback: inner",)),
        ("on_retry_callback=lambda context: None", ("on_retry_callback: <lambda>",)),
        ("on_failure_callback=send_slack_notification(text='x')", ("on_failure_callback: SlackNotifier",)),
        ("on_failure_callback=Own()", ("on_failure_callback: Own",)),
        ("on_failure_callback=unknown()", (UNRESOLVED,)),
        ("email='a@example.com;b@example.com', email_on_retry=False",
         ("email_on_failure: a@example.com", "email_on_failure: b@example.com")),
        ("email=['a@example.com'], email_on_failure=False, email_on_retry=False", ()),
        ("email_on_failure=True", ()),
    ],
)  # fmt: skip
def test_alerts_name_what_is_called(given: str, alerts: tuple[str, ...]) -> None:
    source = (
        "from functools import partial\n"
        "from airflow.notifications.basenotifier import BaseNotifier\n"
        "from airflow.providers.slack.notifications.slack import send_slack_notification\n"
        "from elsewhere import unknown\n"
        "def page(context): ...\n"
        "def maker(channel):\n    def inner(context): ...\n    return inner\n"
        "class Own(BaseNotifier):\n    def notify(self, context): ...\n"
    )
    assert node(source + DAG_LINE + f"    BashOperator(task_id='t', {given})\n").alerts == alerts


@pytest.mark.parametrize(
    "given, links",
    [
        ("TriggerDagRunOperator(task_id='t', trigger_dag_id='other')", [("triggers", "other", None, None)]),
        ("ExternalTaskSensor(task_id='t', external_dag_id='other')", [("waits_for", "other", None, 0.0)]),
        (
            "ExternalTaskSensor(task_id='t', external_dag_id='other', external_task_ids=['b', 'a'], **LATE)",
            [("waits_for", "other", "a", 3600.0), ("waits_for", "other", "b", 3600.0)],
        ),
        (
            "ExternalTaskSensor(task_id='t', external_dag_id='other', external_task_id='a', execution_date_fn=f)",
            [("waits_for", "other", "a", UNRESOLVED)],
        ),
        ("OwnTrigger(task_id='t')", [("triggers", "own", None, None)]),
        ("TriggerDagRunOperator(task_id='t', trigger_dag_id=f())", [("triggers", UNRESOLVED, None, None)]),
        (
            "TriggerDagRunOperator.partial(task_id='t').expand(trigger_dag_id=['one', 'two'])",
            [("triggers", "one", None, None), ("triggers", "two", None, None)],
        ),
    ],
)
def test_links_to_other_dags(
    given: str, links: list[tuple[str, str, str | None, float | str | None]]
) -> None:
    source = (
        "LATE = {'execution_delta': timedelta(hours=1)}\n"
        "from airflow.operators.trigger_dagrun import TriggerDagRunOperator\n"
        "from airflow.sensors.external_task import ExternalTaskSensor\n"
        "from elsewhere import f\n"
        "class OwnTrigger(TriggerDagRunOperator):\n"
        "    def __init__(self, **kwargs):\n        super().__init__(trigger_dag_id='own', **kwargs)\n"
    )
    found = node(source + DAG_LINE + f"    {given}\n").links
    assert [(link.kind, link.pipeline, link.node, link.offset_s) for link in found] == links
    assert all(isinstance(link, Link) for link in found)


@pytest.mark.parametrize("made", ["down()", "BashOperator(task_id='down').as_teardown()"])
def test_a_teardown_runs_whatever_its_work_came_to(made: str) -> None:
    source = "from airflow.decorators import teardown\n@teardown\ndef down(): ...\n"
    assert node(source + DAG_LINE + f"    {made}\n").trigger_rule == "all_done_setup_success"


def test_what_is_there_in_some_runs_only_is_left_out_and_said() -> None:
    topology = read(
        HEAD + "import os\n"
        "with DAG('d', schedule=None):\n"
        "    first = BashOperator(task_id='first')\n"
        "    last = BashOperator(task_id='last')\n"
        "    if os.environ['PLACE'] == 'production':\n"
        "        first >> BashOperator(task_id='page') >> last\n"
        "if os.environ['PLACE'] == 'production':\n"
        "    with DAG('nightly', schedule=None):\n"
        "        BashOperator(task_id='only')\n"
    )
    (pipeline,) = topology.pipelines
    assert [(one.id, one.upstream) for one in pipeline.nodes] == [("first", ()), ("last", (UNRESOLVED,))]
    assert [(error.line, error.opaque, error.message) for error in topology.errors] == [
        (8, True, "whether the DAG 'd' has a task 'page' depends on a value of the run"),
        (10, True, "whether there is a DAG 'nightly' depends on a value of the run"),
    ]


def test_what_every_branch_makes_is_there() -> None:
    pipeline = only(
        read(
            HEAD + "import os\n"
            "with DAG('d', schedule=None):\n"
            "    first = BashOperator(task_id='first')\n"
            "    if os.environ['PLACE'] == 'production':\n"
            "        load = BashOperator(task_id='load', retries=5)\n"
            "        first >> load\n"
            "    else:\n"
            "        load = BashOperator(task_id='load', retries=0)\n"
            "        first >> load\n"
        )
    )
    found = pipeline.node("load")
    assert found is not None
    assert (found.retries, found.upstream) == (UNRESOLVED, ("first",))


@pytest.mark.parametrize("asked_for, there", [("apache-airflow==2.10.5\n", False), ("modal>=1\n", True)])
def test_a_package_that_may_be_missing_is_there_where_it_is_asked_for(asked_for: str, there: bool) -> None:
    source = (
        HEAD + "try:\n    import modal\nexcept ImportError:\n    modal = None\n"
        "if modal is not None:\n    with DAG('d', schedule=None):\n        BashOperator(task_id='t')\n"
    )
    topology = read_topology(
        MemoryTree.of({"dags/one.py": source, "requirements.txt": f"apache-airflow==2.10.5\n{asked_for}"}),
        "dags",
    )
    assert bool(topology.pipelines) is there
    assert [error.opaque for error in topology.errors] == [] if there else [True]


@pytest.mark.parametrize(
    "module, name, lock, there",
    [
        (
            "airflow.providers.dbt.cloud.hooks.dbt",
            "DbtCloudHook",
            "apache-airflow-providers-dbt-cloud==4.0",
            True,
        ),
        (
            "airflow.providers.dbt.cloud.hooks.dbt",
            "DbtCloudHook",
            "apache-airflow-providers-http==5.0",
            False,
        ),
        # An optional part of a provider needs a package that is not asked for.
        (
            "airflow.providers.common.ai.toolsets.polars",
            "Set",
            "apache-airflow-providers-common-ai==1.0",
            False,
        ),
        ("airflow.sdk", "Asset", "apache-airflow-providers-http==5.0", False),
        ("google.cloud", "bigquery", "google-cloud-bigquery==3.30", True),
        ("google.cloud", "dataproc", "google-cloud-bigquery==3.30", False),
        ("dateutil.parser", "parse", "python-dateutil==2.9", True),
        ("yaml", "safe_load", "PyYAML==6.0", True),
        # A package may bring modules of any name, so a lock without the name decides nothing.
        ("yaml", "safe_load", "somebody-elses-yaml==6.0", False),
    ],
)
def test_a_lock_decides_the_imports_of_the_packages_in_it(
    module: str, name: str, lock: str, there: bool
) -> None:
    source = (
        HEAD
        + f"try:\n    from {module} import {name}\n    THERE = True\nexcept ImportError:\n    THERE = False\n"
        "if THERE:\n    with DAG('d', schedule=None):\n        BashOperator(task_id='t')\n"
    )
    files = {"dags/one.py": source, "requirements.lock": f"apache-airflow==2.10.5\n{lock}\n"}
    topology = read_topology(MemoryTree.of(files), "dags")
    assert [pipeline.id for pipeline in topology.pipelines] == (["d"] if there else [])
    assert [error.opaque for error in topology.errors] == ([] if there else [True])


def test_pairs_are_sorted_by_their_first_parts() -> None:
    source = (
        HEAD + "import json\nfrom pathlib import Path\n"
        "BOARDS = json.loads((Path(__file__).parent / 'boards.json').read_text())\n"
        "with DAG('d', schedule=None):\n    last = None\n"
        "    for name, board in sorted(BOARDS.items()):\n"
        "        task = BashOperator(task_id=f\"{name}_{len(board['steps'])}\")\n"
        "        if last:\n            last >> task\n        last = task\n"
    )
    files = {"dags/one.py": source, "dags/boards.json": '{"b": {"steps": [1]}, "a": {"steps": []}}'}
    (pipeline,) = read_topology(MemoryTree.of(files), "dags").pipelines
    assert {node.id: node.upstream for node in pipeline.nodes} == {"a_0": (), "b_1": ("a_0",)}


def test_what_generators_give_is_read() -> None:
    source = (
        HEAD
        + """
def names():
    yield "a"
    yield from ("b", "c")

def maybe():
    yield "sure"
    if asked():
        yield "other"

def dags():
    for region in ("north", "south"):
        with DAG(f"of_{region}", schedule=None) as dag:
            for name in names():
                BashOperator(task_id=name)
        yield dag

for dag in dags():
    globals()[dag.dag_id] = dag

with DAG("open", schedule=None):
    for name in maybe():
        BashOperator(task_id=name)
"""
    )
    topology = read_topology(MemoryTree.of({"dags/one.py": source}), "dags")
    found = {pipeline.id: [node.id for node in pipeline.nodes] for pipeline in topology.pipelines}
    assert found["of_north"] == found["of_south"] == ["a", "b", "c"]
    assert found["open"] == ["sure"]
    assert [error.line for error in topology.errors] == [25]


def test_an_old_name_of_an_operator_means_the_class_of_today() -> None:
    source = "from airflow import DAG\nfrom airflow.operators.dummy import DummyOperator\n"
    source += "with DAG('d', schedule=None):\n    DummyOperator(task_id='start')\n"
    (pipeline,) = read_topology(MemoryTree.of({"dags/one.py": source}), "dags").pipelines
    assert pipeline.nodes[0].operator == "EmptyOperator"


def test_a_context_manager_of_the_repository_opens_what_its_body_opens() -> None:
    source = (
        HEAD
        + """
from contextlib import contextmanager

@contextmanager
def reported(name, **more):
    with DAG(name, **more) as dag:
        first = BashOperator(task_id="first")
        yield dag
        first >> BashOperator(task_id="last")

for region in ("north", "south"):
    with reported(f"of_{region}", schedule="@daily") as dag:
        dag.get_task("first") >> BashOperator(task_id="load")
"""
    )
    topology = read_topology(MemoryTree.of({"dags/one.py": source}), "dags")
    assert topology.errors == ()
    assert {pipeline.id: pipeline.schedule for pipeline in topology.pipelines} == {
        "of_north": "0 0 * * *",
        "of_south": "0 0 * * *",
    }
    for pipeline in topology.pipelines:
        assert {node.id: node.upstream for node in pipeline.nodes} == {
            "first": (),
            "last": ("first",),
            "load": ("first",),
        }


def test_classes_that_inherit_from_dag_and_group_say_what_they_are_called() -> None:
    source = (
        HEAD
        + """
from airflow.utils.task_group import TaskGroup

class Ship(DAG):
    def __init__(self, name, **more):
        more.setdefault("tags", ["ship"])
        super().__init__(dag_id=f"ship.{name}", schedule="@daily", default_args={"retries": 3}, **more)

class Port(TaskGroup):
    def __init__(self, port, **more):
        super().__init__(group_id=f"port_{port}", **more)
        with self:
            BashOperator(task_id="unload")

class Base(DAG):
    pass

with Ship("fleet", catchup=False):
    BashOperator(task_id="pull") >> Port("oslo")

with Base("plain", schedule=None):
    BashOperator(task_id="only")
"""
    )
    topology = read_topology(MemoryTree.of({"dags/one.py": source}), "dags")
    assert topology.errors == ()
    ship, plain = sorted(topology.pipelines, key=lambda one: one.id, reverse=True)
    assert (ship.id, ship.schedule, ship.tags, plain.id) == ("ship.fleet", "0 0 * * *", ("ship",), "plain")
    assert {node.id: (node.upstream, node.retries) for node in ship.nodes} == {
        "pull": ((), 3),
        "port_oslo.unload": (("pull",), 3),
    }
