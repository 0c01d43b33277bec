"""What the gates on topology make of changes to a dbt project."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import read_change
from tests.schedulers.dbt.projects import SHOP

SCHEMA = str(SHOP["models/schema.yml"])


def judged(gate: str, files: dict[str, str]) -> GateResult:
    base = MemoryTree.of(SHOP)
    head = MemoryTree.of({**SHOP, **files})
    return judge(catalogue().gates[gate], Case(Policy(), change=read_change(base, head, Policy())))


def without(*paths: str) -> GateResult:
    base = MemoryTree.of(SHOP)
    head = MemoryTree.of({path: text for path, text in SHOP.items() if path not in paths})
    return judge(catalogue().gates["CHG004"], Case(Policy(), change=read_change(base, head, Policy())))


@pytest.mark.parametrize(
    "files",
    [
        {"models/schema.yml": SCHEMA.replace("[placed, shipped]", "[placed, shipped, lost]")},
        {
            "models/schema.yml": SCHEMA.replace(
                "      - name: id\n", "      - name: id\n        description: The id.\n"
            )
        },
        {"models/totals.sql": "{{ config(materialized='view') }} select * from {{ ref('orders') }}"},
        {"models/more.sql": "select * from {{ ref('orders') }}"},
    ],
)
def test_a_change_that_removes_nothing_passes(files: dict[str, str]) -> None:
    assert judged("CHG004", files).outcome == "passed"
    assert judged("CHG006", files).outcome == "not_applicable"


def test_a_test_that_is_gone_is_told_with_its_place() -> None:
    result = judged("CHG004", {"models/schema.yml": SCHEMA.replace("[unique, not_null]", "[unique]")})
    (finding,) = result.findings
    assert (finding.path, finding.line) == ("models/schema.yml", 6)
    assert finding.message == "test shop.not_null_orders_id is removed; what it would catch goes unseen"


def test_a_test_that_looks_at_another_column_does_not_take_up_one_that_is_gone() -> None:
    moved = SCHEMA.replace("[unique, not_null]", "[unique]") + "  - name: stg_orders\n"
    moved = moved.replace(
        "      - name: status\n        tests:\n",
        "      - name: status\n        tests:\n          - not_null\n",
    )
    assert judged("CHG004", {"models/schema.yml": moved}).outcome == "needs_approval"


def test_a_model_and_a_seed_that_are_gone_are_told() -> None:
    messages = [finding.message for finding in without("models/totals.sql", "seeds/raw_orders.csv").findings]
    assert "model shop.totals is removed; its runs stop and its data goes stale" in messages
    assert "seed shop.raw_orders is removed; its runs stop and its data goes stale" in messages
