"""The examples of every gate are its tests."""

import re

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import Example, Gate, judge

GATES = tuple(catalogue().gates.values())
EXAMPLES = [
    pytest.param(gate, example, id=f"{gate.id}-{example.title}")
    for gate in GATES
    for example in gate.examples()
]
_results: dict[tuple[str, str], GateResult] = {}


def judged(gate: Gate, example: Example) -> GateResult:
    """Each example is judged once: some gates ask slow tools."""
    key = (gate.id, example.title)
    if key not in _results:
        _results[key] = judge(gate, example.case)
    return _results[key]


@pytest.mark.parametrize("gate,example", EXAMPLES)
def test_an_example_gives_its_outcome(gate: Gate, example: Example) -> None:
    result = judged(gate, example)

    assert result.outcome == example.outcome, result
    assert example.says in "\n".join([result.reason, *(finding.message for finding in result.findings)])
    assert result.reason


@pytest.mark.parametrize("gate,example", EXAMPLES)
def test_what_stops_a_change_says_what_is_wrong_and_how_to_mend_it(gate: Gate, example: Example) -> None:
    result = judged(gate, example)

    if result.outcome in ("failed", "needs_approval", "warned"):
        assert result.findings
    for finding in result.findings:
        assert finding.message
        assert finding.fix


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.id)
def test_a_gate_has_passing_and_other_examples_and_says_why_it_is_there(gate: Gate) -> None:
    outcomes = [example.outcome for example in gate.examples()]

    assert "passed" in outcomes
    assert sum(outcome in ("passed", "not_applicable") for outcome in outcomes) >= 2
    assert sum(outcome not in ("passed", "not_applicable") for outcome in outcomes) >= 2
    assert len(gate.rationale) > 80
    assert len({example.title for example in gate.examples()}) == len(outcomes)


def test_ids_are_unique_and_modules_are_named_after_their_gate() -> None:
    assert len({gate.id for gate in GATES}) == len(GATES)
    for gate in GATES:
        assert re.fullmatch(r"[A-Z]{3}\d{3}", gate.id)
        module = type(gate).__module__.rpartition(".")[2]
        assert module == f"{gate.id}_{gate.name}".lower().replace("-", "_")
