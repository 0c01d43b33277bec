"""What DAG files read from Airflow and the environment while they are loaded, by the stand-ins of the policy."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import DryRunPolicy, EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.airflow.probing import topology

ENVIRONMENT = {"SCHEDULE": "15 3 * * *", "OWNER": "finance"}
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
    environment=EnvironmentPolicy(variables=ENVIRONMENT),
    dry_run=DryRunPolicy(
        variables={"Retries": "4", "tables": '["orders", "users"]', "switched_on": ""},
        connections={
            "warehouse": "postgresql://loader:a%40b@db.example.com:5432/shop?role=rw",
            "lake": '{"conn_type": "aws", "host": "lake.example.com", "extra": {"region": "eu-1"}}',
        },
    ),
)
FILES = {
    "requirements.txt": "apache-airflow==3.0.0\n",
    "dags/stands_in.py": """
import os
from datetime import datetime

from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator
try:
    from airflow.hooks.base import BaseHook
except ImportError:
    from airflow.sdk import BaseHook

TABLES = Variable.get("tables", deserialize_json=True)
WAREHOUSE = BaseHook.get_connection("warehouse")
LAKE = BaseHook.get_connection(conn_id="lake")

with DAG(
    f"{WAREHOUSE.conn_type}_{WAREHOUSE.schema}",
    schedule=os.environ["SCHEDULE"],
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={
        "retries": int(Variable.get("retries", "1")),
        "owner": os.getenv("OWNER", "nobody"),
        "pool": Variable.get("pool", "default_pool"),
    },
    tags=[f"{WAREHOUSE.host}:{WAREHOUSE.port}", LAKE.host, LAKE.extra_dejson["region"], WAREHOUSE.login],
):
    EmptyOperator(task_id="begin" + Variable.get("switched_on"), doc_md="{{ var.value.retries }}")
    for table in TABLES:
        EmptyOperator(task_id=f"load_{table}")
""",
}


def test_a_stand_in_goes_before_what_the_code_says_for_where_there_is_none() -> None:
    (static,) = survey(MemoryTree.of(FILES), POLICY)
    (pipeline,) = static.pipelines
    assert (pipeline.id, pipeline.schedule, pipeline.tags) == (
        "postgres_shop",
        "15 3 * * *",
        ("db.example.com:5432", "eu-1", "lake.example.com", "loader"),
    )
    assert [node.id for node in pipeline.nodes] == ["begin", "load_orders", "load_users"]
    assert {(node.retries, node.owner, node.pool) for node in pipeline.nodes} == {
        (4, "finance", "default_pool")
    }
    assert static.errors == ()


def test_another_stand_in_gives_another_reading() -> None:
    tree = MemoryTree.of(FILES)
    variables = {**POLICY.dry_run.variables, "Retries": "7"}
    other = POLICY.model_copy(update={"dry_run": POLICY.dry_run.model_copy(update={"variables": variables})})
    found = [survey(tree, policy)[0].pipelines[0].nodes[0].retries for policy in (POLICY, other, POLICY)]
    assert found == [4, 7, 4]


def test_what_no_stand_in_is_for_stays_unresolved() -> None:
    (static,) = survey(MemoryTree.of(FILES), Policy(scheduler=POLICY.scheduler))
    assert static.pipelines == ()
    assert "computed at run time" in static.errors[0].message


@pytest.mark.airflow
def test_airflow_itself_sees_the_same(airflow_python: Path, tmp_path: Path) -> None:
    runtime = topology(airflow_python, tmp_path, FILES, POLICY, ENVIRONMENT)
    (static,) = survey(MemoryTree.of(FILES), POLICY)
    assert runtime.errors == static.errors == ()
    (theirs,), (ours,) = runtime.pipelines, static.pipelines
    shown = ("id", "schedule", "tags", "owner")
    assert [getattr(theirs, name) for name in shown] == [getattr(ours, name) for name in shown]
    facts = [[(node.id, node.retries, node.owner, node.pool) for node in one.nodes] for one in (theirs, ours)]
    assert facts[0] == facts[1]
