"""All gates of a case, judged side by side."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Gate, judge

_AT_ONCE = 4
"""Most gates compute, which they do in turns; so many may wait for a tool or for git meanwhile."""


def judge_all(gates: Iterable[Gate], case: Case) -> tuple[GateResult, ...]:
    """What each gate says of a case, in the order of the gates' ids."""
    ordered = sorted(gates, key=lambda gate: gate.id)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="gate") as pool:
        return tuple(pool.map(lambda gate: judge(gate, case), ordered))
