"""Every field of the document, as Airflow itself holds it."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Dataset, DatasetColumn, Link
from tests.schedulers.airflow.dag_forms import OPERATORS
from tests.schedulers.airflow.probing import topology

pytestmark = pytest.mark.airflow

COMPAT = (
    OPERATORS
    + """
try:
    from airflow.sdk import Asset, setup, teardown
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
    SLA = {}
except ImportError:
    from datetime import timedelta
    from airflow.datasets import Dataset as Asset
    from airflow.decorators import setup, teardown
    from airflow.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
    SLA = {"sla": timedelta(hours=2)}
"""
)

FIELDS = """
from datetime import datetime, timedelta
from functools import partial

from lib.compat import (
    DAG, SLA, Asset, BashOperator, EmptyOperator, ExternalTaskSensor, TaskGroup, TriggerDagRunOperator, setup, task,
    teardown,
)


def page_on_call(context, level="high"):
    pass


class Pager:
    def __call__(self, context):
        pass


orders = Asset("s3://lake/orders", extra={"columns": [{"name": "id", "type": "int"}, "amount"]})
plain = Asset("s3://lake/plain")

with DAG(
    "fields",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    dagrun_timeout=timedelta(hours=3),
    max_active_tasks=4,
    max_active_runs=2,
    on_failure_callback=[page_on_call, Pager()],
    on_success_callback=page_on_call,
    default_args={"owner": "finance", "email": "a@example.com, b@example.com", "email_on_retry": False},
):
    with TaskGroup("outer"):
        with TaskGroup("inner"):
            limited = BashOperator(
                task_id="limited",
                bash_command="true",
                retries=2,
                retry_delay=timedelta(minutes=1),
                max_retry_delay=timedelta(minutes=9),
                pool="warehouse",
                max_active_tis_per_dag=3,
                trigger_rule="all_done",
                owner="sales",
                on_failure_callback=partial(page_on_call, level="low"),
                on_retry_callback=Pager(),
                inlets=[plain],
                outlets=[orders],
                **SLA,
            )
    quiet = EmptyOperator(task_id="quiet", email_on_failure=False)
    mapped = BashOperator.partial(task_id="mapped", bash_command="true", pool="narrow", owner="mapper").expand(
        env=[{"a": "1"}]
    )
    TriggerDagRunOperator(task_id="start_other", trigger_dag_id="other")
    TriggerDagRunOperator(task_id="start_templated", trigger_dag_id="{{ var.value.next }}")
    TriggerDagRunOperator.partial(task_id="start_several").expand(trigger_dag_id=["other", "third"])
    ExternalTaskSensor(
        task_id="await_other",
        external_dag_id="other",
        external_task_ids=["two", "one"],
        execution_delta=timedelta(hours=1),
    )
    ExternalTaskSensor(task_id="await_all", external_dag_id="other", execution_date_fn=lambda when: when)

    @setup
    def begin():
        pass

    @teardown
    def tidy():
        pass

    @task
    def work():
        pass

    begin() >> work() >> tidy()
"""


def test_every_field_is_as_airflow_holds_it(airflow_python: Path, tmp_path: Path) -> None:
    files = {"lib/__init__.py": "", "lib/compat.py": COMPAT, "dags/fields.py": "# airflow\n" + FIELDS}
    found = topology(airflow_python, tmp_path, files)
    assert found.errors == ()
    (pipeline,) = found.pipelines
    assert (pipeline.timeout_s, pipeline.concurrency, pipeline.active_runs) == (10800, 4, 2)
    assert pipeline.alerts == ("on_failure_callback: Pager", "on_failure_callback: page_on_call")
    assert pipeline.owner == "finance, mapper, sales"
    nodes = {node.id: node for node in pipeline.nodes}

    limited = nodes["outer.inner.limited"]
    assert (limited.owner, limited.pool, limited.concurrency) == ("sales", "warehouse", 3)
    assert (limited.retry_delay_s, limited.retry_delay_max_s, limited.trigger_rule) == (60, 540, "all_done")
    assert (limited.group, limited.sla_s) == ("outer.inner", 7200 if found.version < "3" else None)
    assert limited.alerts == (
        "email_on_failure: a@example.com",
        "email_on_failure: b@example.com",
        "on_failure_callback: page_on_call",
        "on_retry_callback: Pager",
    )
    assert (limited.reads, limited.writes) == (("s3://lake/plain",), ("s3://lake/orders",))
    assert found.datasets == (
        Dataset(
            name="s3://lake/orders",
            columns=(DatasetColumn(name="id", type="int"), DatasetColumn(name="amount")),
        ),
    )

    quiet = nodes["quiet"]
    assert (quiet.owner, quiet.pool, quiet.concurrency) == ("finance", "default_pool", None)
    assert (quiet.trigger_rule, quiet.alerts, quiet.group, quiet.links) == ("all_success", (), None, ())
    mapped = nodes["mapped"]
    assert (mapped.kind, mapped.pool, mapped.owner, mapped.trigger_rule) == (
        *("mapped_task", "narrow", "mapper"),
        "all_success",
    )
    assert "email_on_failure: a@example.com" in mapped.alerts

    assert nodes["start_other"].links == (Link(kind="triggers", pipeline="other"),)
    assert nodes["start_templated"].links == (Link(kind="triggers", pipeline="{{ var.value.next }}"),)
    assert [link.pipeline for link in nodes["start_several"].links] == ["other", "third"]
    assert nodes["await_other"].links == tuple(
        Link(kind="waits_for", pipeline="other", node=node, offset_s=3600) for node in ("one", "two")
    )
    assert nodes["await_all"].links == (Link(kind="waits_for", pipeline="other", offset_s="unresolved"),)
    assert nodes["work"].upstream == ("begin",)
    assert nodes["tidy"].upstream == ("work",)
