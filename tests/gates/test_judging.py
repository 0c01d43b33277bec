"""How all gates of a case are judged."""

import time
from typing import ClassVar

from meta_pipeline.delivery.judgement import decide
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import own_gates
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.policy import Policy


class Sleeps(Gate):
    """A slow gate."""

    id: ClassVar[str] = "ACME000"
    name: ClassVar[str] = "sleeps"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"

    def judge(self, case: Case) -> Opinion:
        time.sleep(0.2)
        return self.passed("it slept")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


class Breaks(Sleeps):
    """A gate with a fault."""

    id: ClassVar[str] = "ACME003"
    name: ClassVar[str] = "breaks"

    def judge(self, case: Case) -> Opinion:
        raise KeyError("the\nowner")


class GivesNothing(Sleeps):
    """A gate that forgets to say anything."""

    id: ClassVar[str] = "ACME004"

    def judge(self, case: Case) -> Opinion:
        return None  # type: ignore[return-value]


def test_gates_are_told_in_the_order_of_their_ids() -> None:
    results = judge_all([Sleeps(), Breaks()][::-1], Case(Policy()))

    assert [result.id for result in results] == sorted(result.id for result in results)


def test_each_gate_has_its_own_time() -> None:
    slow, quick = judge_all([Sleeps(), Breaks()], Case(Policy()))

    assert slow.seconds >= 0.2 > quick.seconds


def test_a_gate_that_breaks_off_could_not_run_and_the_others_are_judged() -> None:
    results = judge_all([Breaks(), Sleeps(), GivesNothing()], Case(Policy()))

    assert [result.outcome for result in results] == ["passed", "could_not_run", "could_not_run"]
    assert decide(results) == "blocked"
    assert results[1].reason.startswith(
        "ACME003 breaks broke off and judged nothing (KeyError at tests.gates."
    )
    assert "\n" not in results[1].reason
    assert "no Opinion" in results[2].reason


def test_equal_cases_are_judged_equally() -> None:
    gates = own_gates().gates.values()
    cases = [example.case for gate in gates for example in gate.examples()][::7]
    for case in cases:
        first, second = (
            [(result.id, result.outcome, result.findings) for result in judge_all(gates, case)]
            for _ in range(2)
        )
        assert first == second
