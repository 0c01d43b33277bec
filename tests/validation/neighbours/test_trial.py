"""The target's own tools, really run on a change with one of its files broken."""

import sys
from collections.abc import Mapping
from pathlib import Path

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.policy import CommandsPolicy, Policy
from meta_pipeline.validation.neighbours.judging import judge_neighbours
from tests.validation.dbt_bench import POLICY as DBT
from tests.validation.dbt_bench import Shop

GATES = own_gates().gates
TOOLS = tuple(gate for gate in GATES.values() if gate.id.startswith("VAL") and not gate.is_on_gates)
POLICY = Policy(
    commands=CommandsPolicy(
        lint=f"{sys.executable} -m ruff check dags", unit_tests=f"{sys.executable} -m pytest -q tests"
    )
)
DAG = """\
from airflow.sdk import dag, task


@task
def load(count):
    return count + 1


@dag(schedule="@daily")
def daily():
    load(1)


daily()
"""
BESIDE = "import ast, pathlib\n\ndef test_dags():\n    ast.parse(pathlib.Path('dags/daily.py').read_text())\n"
ELSEWHERE = "def test_nothing():\n    assert True\n"
EDITED: dict[str, str | bytes | None] = {"dags/daily.py": DAG.replace("count + 1", "count + 2")}


def target(folder: Path, test: str) -> Shop:
    return Shop.make(folder, {"dags/daily.py": DAG, "tests/test_daily.py": test, "conftest.py": ""})


def judged(
    reports: Mapping[ReportKind, ValidationReport], policy: Policy
) -> tuple[GateResult, list[tuple[str, bool]]]:
    """What VAL010 says of these reports, and which gates caught the broken file."""
    case = Case(policy, reports=reports)
    told = judge_neighbours(TOOLS, case, judge_all(TOOLS, case), lambda _: ())
    result = judge(GATES["VAL010"], Case(policy, neighbours=told))
    return result, [(one.gate, one.caught) for one in told.tried]


def test_tools_that_look_at_the_changed_file_fail_where_it_is_broken(tmp_path: Path) -> None:
    shop = target(tmp_path, BESIDE)

    reports = shop.changed(EDITED, POLICY, ("lint", "tests"))

    result, caught = judged(reports, POLICY)
    assert result.outcome == "passed", result
    assert caught == [("VAL001", True), ("VAL002", True)]
    trial = reports["tests"].trial
    assert trial is not None
    assert trial.seed.path == "dags/daily.py"
    assert {record.side for record in trial.side.records} == {"neighbour"}
    assert reports["tests"].new_problems == ()


def test_tests_that_never_touch_the_changed_file_are_told_as_blind(tmp_path: Path) -> None:
    shop = target(tmp_path, ELSEWHERE)

    result, caught = judged(shop.changed(EDITED, POLICY, ("lint", "tests")), POLICY)
    alone, _ = judged(shop.changed(EDITED, POLICY, ("tests",)), POLICY)

    assert caught == [("VAL001", True), ("VAL002", False)]
    assert result.outcome == "warned"
    assert "VAL002 unit-tests is blind for this change" in result.reason
    assert "VAL001 lint would stop it" in result.reason
    assert alone.outcome == "needs_approval"
    assert alone.findings[0].path == "dags/daily.py"


def test_where_a_tool_found_something_or_nothing_can_be_broken_it_is_not_run_again(tmp_path: Path) -> None:
    shop = target(tmp_path, BESIDE)

    failing = shop.changed({"dags/daily.py": "def broken(:\n"}, POLICY, ("tests",))
    prose = shop.changed({"README.md": "# Daily\n"}, POLICY, ("tests",))

    assert failing["tests"].trial is None
    assert prose["tests"].trial is None


def test_dbt_fails_where_a_changed_model_is_broken(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodels:\n  shop:\n    +materialized: table\n",
        "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n",
        "models/orders.sql": "select 1 as order_id, {{ 2 }} as price\n",
        ".gitignore": "target/\nlogs/\n*.duckdb\n",
    }
    shop = Shop.make(tmp_path, files)

    reports = shop.changed({"models/orders.sql": "select 1 as order_id, {{ 3 }} as price\n"})

    result, caught = judged(reports, DBT)
    assert caught == [("VAL004", True), ("VAL005", True)]
    assert result.outcome == "passed"
    assert reports["data_quality"].trial is None
