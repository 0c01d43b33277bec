"""At which line a finding of the topology stands."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import read_change

DAG = """\
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from shop.settings import NIGHTLY

default_args = {
    "owner": "sales-data",
    "retries": 2,
}

with DAG(
    "sales",
    description="Sales of the day.",
    start_date=datetime(2024, 1, 1),
    schedule=NIGHTLY,
    catchup=False,
    default_args=default_args,
):
    clean = BashOperator(task_id="clean", bash_command="x")
    load = BashOperator(
        task_id="load",
        bash_command="x",
        trigger_rule="all_success",
    )
    clean >> load
"""
FILES = {
    "dags/sales.py": DAG,
    "shop/__init__.py": "",
    "shop/settings.py": '"""Times."""\n\nNIGHTLY = "0 5 * * *"\n',
}


def places(gate: str, path: str, old: str, new: str) -> set[tuple[str | None, int | None]]:
    assert old in FILES[path]
    after = {**FILES, path: FILES[path].replace(old, new)}
    change = read_change(MemoryTree.of(FILES), MemoryTree.of(after), Policy())
    result = judge(catalogue().gates[gate], Case(Policy(), change=change))
    assert result.outcome in ("failed", "needs_approval")
    return {(finding.path, finding.line) for finding in result.findings}


@pytest.mark.parametrize(
    "gate, path, old, new, place",
    [
        ("CHG005", "dags/sales.py", "catchup=False", "catchup=True", ("dags/sales.py", 17)),
        ("CHG005", "dags/sales.py", "2024, 1, 1", "2034, 1, 1", ("dags/sales.py", 15)),
        ("CHG005", "shop/settings.py", "0 5 *", "0 6 *", ("shop/settings.py", 3)),
        ("CHG006", "dags/sales.py", '"retries": 2', '"retries": 0', ("dags/sales.py", 9)),
        ("CHG018", "dags/sales.py", '"all_success"', '"all_done"', ("dags/sales.py", 24)),
    ],
)
def test_a_finding_stands_at_the_argument_or_constant_that_changed(
    gate: str, path: str, old: str, new: str, place: tuple[str, int]
) -> None:
    assert places(gate, path, old, new) == {place}


def test_an_entry_that_is_gone_is_found_at_the_mapping_that_held_it() -> None:
    assert places("CHG006", "dags/sales.py", '    "retries": 2,\n', "") == {("dags/sales.py", 7)}


def test_an_order_that_is_gone_is_found_where_it_stood() -> None:
    assert places("CHG018", "dags/sales.py", "    clean >> load\n", "    clean\n") == {("dags/sales.py", 26)}


def test_a_task_that_is_gone_keeps_its_line_at_base() -> None:
    gone = '    clean = BashOperator(task_id="clean", bash_command="x")\n'
    after = {**FILES, "dags/sales.py": DAG.replace(gone, "").replace("    clean >> load\n", "")}
    change = read_change(MemoryTree.of(FILES), MemoryTree.of(after), Policy())
    result = judge(catalogue().gates["CHG004"], Case(Policy(), change=change))
    assert [(finding.path, finding.line) for finding in result.findings] == [("dags/sales.py", 20)]


def test_a_test_or_a_new_dag_that_uses_the_same_words_is_no_place() -> None:
    dag = DAG.replace("sales-data", "data-team")
    before = {**FILES, "dags/sales.py": dag}
    after = {
        **before,
        "dags/sales.py": dag.replace('"retries": 2', '"retries": 0'),
        "dags/a_new_one.py": '"""Runs beside sales, whose retries it shares."""\n\n'
        + dag.replace('"sales"', '"new"').replace('"retries": 2', '"retries": 1'),
        "flows/_tests/test_sales.py": "def test_sales():\n    assert retries('sales', 'clean', 'load') == 0\n",
    }
    change = read_change(MemoryTree.of(before), MemoryTree.of(after), Policy())
    result = judge(catalogue().gates["CHG006"], Case(Policy(), change=change))

    assert {finding.path for finding in result.findings if finding.outcome == "failed"} == {"dags/sales.py"}
