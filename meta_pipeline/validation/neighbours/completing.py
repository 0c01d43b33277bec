"""The gates on a whole change: first those that look at it, then the one that looks at them."""

from collections.abc import Iterable
from dataclasses import replace

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Gate
from meta_pipeline.gates.judging import judge_all
from meta_pipeline.validation.neighbours.judging import Read, judge_neighbours


def judge_with_neighbours(gates: Iterable[Gate], case: Case, read: Read) -> tuple[GateResult, ...]:
    """What each gate says, in the order of ids; `read` gives the topologies of a tree, as those of the change were."""
    ordered = tuple(gates)
    first = [gate for gate in ordered if not gate.is_on_gates]
    results = judge_all(first, case)
    neighbours = judge_neighbours(first, case, results, read)
    last = [gate for gate in ordered if gate.is_on_gates]
    return tuple(
        sorted(
            (*results, *judge_all(last, replace(case, neighbours=neighbours))), key=lambda result: result.id
        )
    )
