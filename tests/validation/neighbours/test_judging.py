"""Gates that passed a change, on known-bad neighbours of it."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from meta_pipeline.delivery.neighbours import Neighbours
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import Example, Gate, Opinion, judge
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.gates.validation.val010_gates_can_fail import GatesCanFail
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.survey import read_change, survey
from meta_pipeline.validation.neighbours.completing import judge_with_neighbours
from meta_pipeline.validation.neighbours.judging import judge_neighbours
from meta_pipeline.validation.neighbours.seeding import Seeds
from tests.shipped_target import FIXTURES

GATES = tuple(gate for gate in own_gates().gates.values() if not gate.is_on_gates)
Edit = tuple[str, str, str]
EDITS: Mapping[str, tuple[Edit, ...]] = {
    "airflow_sales": (
        ("dags/sales_daily.py", 'tags=["sales"', 'tags=["daily", "sales"'),
        ("sales/load.py", '"""Publish the `store_inventory`', '"""Write the `store_inventory`'),
    ),
    "dbt_only": (("models/marts/branch_loans.sql", "select", "SELECT"),),
}


class Asleep(Gate):
    """It is said to find secrets and finds nothing."""

    id: ClassVar[str] = "ACME001"
    name: ClassVar[str] = "asleep"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("secret-in-python",)

    def judge(self, case: Case) -> Opinion:
        return self.passed("all is well")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


def case_of(fixture: str) -> Case:
    """The fixture with a harmless edit of each of some files."""
    root = FIXTURES / fixture
    files: dict[str, str | bytes] = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    after = dict(files)
    for path, old, new in EDITS[fixture]:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        after[path] = text.replace(old, new, 1)
    policy = read_policy((root / POLICY_FILE).read_text(encoding="utf-8"))
    return Case(policy, change=read_change(MemoryTree.of(files), MemoryTree.of(after), policy))


def neighbours(case: Case, *gates: Gate, seconds: float = 60) -> Neighbours:
    results = judge_all(gates, case)
    return judge_neighbours(gates, case, results, lambda tree: survey(tree, case.policy), seconds=seconds)


@pytest.mark.parametrize("fixture", EDITS)
def test_the_gates_that_pass_a_harmless_change_stop_its_neighbours(fixture: str) -> None:
    case = case_of(fixture)

    results = judge_with_neighbours([*GATES, GatesCanFail()], case, lambda tree: survey(tree, case.policy))

    told = next(result for result in results if result.id == "VAL010")
    assert told.outcome == "passed", told
    assert [result.id for result in results] == sorted(result.id for result in results)
    assert len(neighbours(case, *GATES).tried) >= 8


def test_a_gate_that_always_passes_is_told_as_blind() -> None:
    case = case_of("airflow_sales")

    alone = neighbours(case, Asleep())
    beside = neighbours(case, Asleep(), *GATES)

    (finding,) = judge(GatesCanFail(), Case(Policy(), neighbours=alone)).findings
    assert finding.outcome == "needs_approval"
    assert finding.path in {"dags/sales_daily.py", "sales/load.py"}
    assert "ACME001 asleep is blind for this change" in finding.message
    (finding,) = judge(GatesCanFail(), Case(Policy(), neighbours=beside)).findings
    assert finding.outcome == "warned"
    assert "CHG003 would stop it" in finding.message


def test_equal_changes_have_equal_neighbours() -> None:
    first, second = neighbours(case_of("dbt_only"), *GATES), neighbours(case_of("dbt_only"), *GATES)

    assert first.tried
    assert first.model_copy(update={"seconds": 0}) == second.model_copy(update={"seconds": 0})


def test_what_there_was_no_time_for_is_said() -> None:
    case = case_of("dbt_only")

    told = neighbours(case, *GATES, seconds=0)

    assert not told.tried
    assert {one.reason for one in told.untried} == {"the time for it was over"}
    result = judge(GatesCanFail(), Case(Policy(), neighbours=told))
    assert result.outcome == "not_applicable"
    assert "CHG017" in result.reason


def test_the_fault_nearest_to_the_changed_lines_is_taken() -> None:
    change = case_of("airflow_sales").change
    assert change is not None

    found = Seeds(change).of("syntax-error")

    assert found
    assert {one.seed.path for one in found} <= {path for path, _, _ in EDITS["airflow_sales"]}
    assert found[0].distance == min(one.distance for one in found)


def test_what_the_change_itself_takes_out_is_no_fault_of_its_neighbour() -> None:
    dag = 'from airflow.sdk import DAG\n\nwith DAG("d", schedule="{}", catchup={}) as dag:\n    pass\n'

    def seeds(before: str, after: str) -> Seeds:
        return Seeds(
            read_change(MemoryTree.of({"dags/d.py": before}), MemoryTree.of({"dags/d.py": after}), Policy())
        )

    stopped = seeds(dag.format("@daily", True), dag.format("@daily", False))
    other = seeds(dag.format("@daily", False), dag.format("@hourly", False))

    assert not stopped.of("catchup-on")
    assert other.of("catchup-on")


def test_what_the_change_adds_is_not_of_base_though_it_repeats_a_line_of_it() -> None:
    one = "def test_a():\n    assert load() == 3\n"
    again = one.replace("test_a", "test_b")
    dag = {"dags/d.py": "from airflow.sdk import DAG\n\nwith DAG('d', schedule='@daily'):\n    pass\n"}
    base = MemoryTree.of({**dag, "tests/test_a.py": one})
    head = MemoryTree.of({**dag, "tests/test_a.py": f"{one}\n\n{again}"})
    weakened = Seeds(read_change(base, head, Policy())).of("test-weakened")
    of_base = {seeded.seed.line: seeded.is_of_base for seeded in weakened}
    assert of_base == {2: True, 6: False}
