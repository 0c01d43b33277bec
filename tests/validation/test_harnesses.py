"""The target's test commands, run by real pytest at base, at head, and with the tests of base on the code of head."""

import sys
from pathlib import Path

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import CommandsPolicy, Policy
from tests.validation.dbt_bench import Shop

PYTEST = f"{sys.executable} -m pytest -q"
POLICY = Policy(
    commands=CommandsPolicy(
        unit_tests=f"{PYTEST} tests/unit", integration_tests=f"{PYTEST} tests/integration"
    )
)
CODE = "def price(net):\n    return round(net * 1.19, 2)\n"
UNIT = "from shop import price\n\ndef test_tax_is_added():\n    assert price(100) == 119\n"
FILES: dict[str, str | bytes] = {
    "shop.py": CODE,
    "conftest.py": "",
    "tests/unit/test_price.py": UNIT,
    "tests/integration/test_bill.py": "from shop import price\n\ndef test_bill():\n    assert price(0) == 0\n",
}


@pytest.fixture
def target(tmp_path: Path) -> Shop:
    return Shop.make(tmp_path, FILES)


def results(target: Shop, files: dict[str, str | bytes | None]) -> dict[str, GateResult]:
    reports = target.changed(files, POLICY, ("tests", "integration_tests"))
    case = Case(POLICY, reports=reports)
    return {gate_id: judge(catalogue().gates[gate_id], case) for gate_id in ("VAL002", "VAL003")}


def test_a_test_that_is_made_to_agree_with_broken_code_needs_a_person(target: Shop) -> None:
    found = results(
        target,
        {
            "shop.py": CODE.replace("1.19", "1.0"),
            "tests/unit/test_price.py": UNIT.replace("119", "100"),
        },
    )

    assert found["VAL002"].outcome == "needs_approval"
    assert "test_tax_is_added" in found["VAL002"].findings[0].message
    assert found["VAL003"].outcome == "passed"
    assert {record.side for record in target.ran} == {"base", "head", "former_tests"}


def test_a_new_test_beside_the_old_ones_needs_nobody(target: Shop) -> None:
    more = UNIT + "\ndef test_nothing_costs_nothing():\n    assert price(0) == 0\n"

    assert results(target, {"tests/unit/test_price.py": more})["VAL002"].outcome == "passed"


def test_where_no_test_is_touched_base_and_head_are_enough(target: Shop) -> None:
    found = results(target, {"shop.py": CODE.replace("1.19", "1.0")})

    assert found["VAL002"].outcome == "failed"
    assert found["VAL003"].outcome == "passed"
    assert {record.side for record in target.ran} == {"base", "head"}


def test_a_harness_that_cannot_run_does_not_hide_the_other(target: Shop) -> None:
    found = results(target, {"tests/integration/test_bill.py": "def broken(:\n"})

    assert found["VAL002"].outcome == "passed"
    assert found["VAL003"].outcome == "failed"
