import pytest
from airflow.dag_processing.dagbag import DagBag

from sales.settings import SETTINGS


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=SETTINGS.root / "dags")


def test_every_file_imports(bag):
    assert bag.import_errors == {}


def test_the_expected_dags_are_there(bag):
    assert sorted(bag.dags) == ["rollup_north", "rollup_south", "sales_daily", "store_inventory"]


def test_sales_daily_runs_its_steps_in_order(bag):
    dag = bag.dags["sales_daily"]
    order = ["extract_orders", "clean_orders", "build_daily_revenue", "export_revenue"]
    assert sorted(dag.task_ids) == sorted(order)
    for before, after in zip(order, order[1:], strict=False):
        assert dag.get_task(before).downstream_task_ids == {after}


def test_no_dag_catches_up_and_each_has_an_owner(bag):
    for dag in bag.dags.values():
        assert dag.catchup is False, dag.dag_id
        assert {task.owner for task in dag.tasks} == {"sales-data"}, dag.dag_id
        assert "sales" in dag.tags, dag.dag_id
