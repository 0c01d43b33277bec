"""All gates of a case, judged one after another."""

from collections.abc import Iterable

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Gate, judge


def judge_all(gates: Iterable[Gate], case: Case) -> tuple[GateResult, ...]:
    """What each gate says of a case, in the order of the gates' ids.

    Not in threads: gates compute, which threads of Python do in turns, and the parser of Python 3.11 breaks off at
    random where two threads use it at a time. What may run beside each other, the target's tools, does so in lanes.
    """
    return tuple(judge(gate, case) for gate in sorted(gates, key=lambda gate: gate.id))
