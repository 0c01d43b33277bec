from pathlib import Path

import pytest
from airflow.models import DagBag

DAGS = Path(__file__).resolve().parents[2] / "dags"


@pytest.fixture(scope="module")
def bag():
    return DagBag(dag_folder=str(DAGS), include_examples=False)


def test_every_file_imports(bag):
    assert bag.import_errors == {}


def test_the_expected_dags_are_there(bag):
    statements = ["statements_public", "statements_retail", "statements_trade"]
    assert sorted(bag.dags) == ["dunning_weekly", "invoices_daily", *statements]


def test_somebody_is_told_when_the_ledger_is_not_loaded(bag):
    task = bag.dags["invoices_daily"].get_task("load_ledger")
    assert task.email == ["finance-data@example.com"]
    assert task.email_on_failure


def test_dunning_waits_for_the_ledger_of_its_own_night(bag):
    wait = bag.dags["dunning_weekly"].get_task("wait_for_ledger")
    assert wait.external_dag_id == "invoices_daily"
    assert wait.execution_delta.total_seconds() == 5400
