"""VAL010: what let the change pass would have stopped a known-bad neighbour of it."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import ClassVar

from meta_pipeline.delivery.judgement import Outcome, Strength
from meta_pipeline.delivery.neighbours import Neighbour, Neighbours, Seed, Untried
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.specimens import DAG_FILE
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_MOST_SAID = 300


class GatesCanFail(Gate):
    """A gate that let the change pass stops a known-bad neighbour of it: the same change with a fault in its files.

    A pass is worth nothing where the gate could not have failed: it may not read this kind of file, or the change may
    be written so that it looks away. So each is shown the change again with faults that it has to catch, as near as
    possible to the lines that changed, and the target's own linter, tests and scheduler run once more on one broken
    file. A gate that catches none of its neighbours is blind for this change. That needs a person where nothing else
    stops them either; else it only warns.
    """

    id: ClassVar[str] = "VAL010"
    name: ClassVar[str] = "gates-can-fail"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "implementation_verdict"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("neighbours",)

    def judge(self, case: Case) -> Opinion:
        assert case.neighbours is not None
        told = case.neighbours
        left_out = f"; no neighbour was tried for {_ids(told.untried)}" if told.untried else ""
        if not told.tried:
            return self.not_applicable(
                f"no gate could be given a known-bad neighbour of the change{left_out}"
            )
        noticed = [one for one in told.tried if one.is_run and one.caught]
        found = [
            _blind(given, noticed)
            for given in _by_gate(told.tried)
            if not any(neighbour.caught for neighbour in given)
        ]
        gates = len({one.gate for one in told.tried})
        caught = f"{sum(one.caught for one in told.tried)} of {len(told.tried)}"
        clean = f"{gates} gate(s) that passed the change stop known-bad neighbours of it ({caught} tried)"
        return weigh(self, found, clean + left_out)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        secret = Seed(fault="secret-in-python", path=DAG_FILE, line=12, says="assigns a token to a variable")
        broken = Seed(fault="syntax-error", path=DAG_FILE, line=7, says="does not parse: a colon is gone")
        stops = _tried("CHG003", "no-secret", secret, "failed")
        passes = _tried("CHG003", "no-secret", secret, "passed")
        lint = _tried("VAL001", "lint", broken, "failed", is_run=True)
        tests = _tried("VAL002", "unit-tests", broken, "passed", is_run=True)
        return (
            Example("a gate stops the change with a secret in it", _case(stops), "passed", "1 of 1"),
            Example("a gate misses one of its neighbours and stops another", _case(passes, stops), "passed"),
            Example("a gate passes it with a secret in it", _case(passes), "needs_approval", "is blind"),
            Example(
                "a gate passes what another one stops",
                _case(passes.model_copy(update={"caught_by": ("CHG008",)})),
                "warned",
                "CHG008",
            ),
            Example(
                "the tests pass a broken file that the linter finds",
                _case(lint, tests),
                "warned",
                f"stays green where {DAG_FILE} is broken",
            ),
            Example("nothing that runs reads the changed file", _case(tests), "needs_approval", "unit-tests"),
            Example(
                "nothing to seed a fault in",
                Case(
                    Policy(),
                    neighbours=Neighbours(untried=(Untried(gate="CHG010", reason="it has no columns"),)),
                ),
                "not_applicable",
                "CHG010",
            ),
        )


def _tried(gate: str, name: str, seed: Seed, outcome: Outcome, *, is_run: bool = False) -> Neighbour:
    reason = "the password is readable" if outcome == "failed" else "nothing is found"
    return Neighbour(
        gate=gate,
        name=name,
        seed=seed,
        outcome=outcome,
        reason=reason,
        caught=outcome != "passed",
        is_run=is_run,
    )


def _case(*tried: Neighbour) -> Case:
    return Case(Policy(), neighbours=Neighbours(tried=tried))


def _by_gate(tried: Sequence[Neighbour]) -> Iterator[list[Neighbour]]:
    ordered = sorted(tried, key=lambda one: one.gate)
    return (list(given) for _, given in groupby(ordered, key=lambda one: one.gate))


def _ids(untried: Sequence[Untried]) -> str:
    return ", ".join(one.gate for one in untried)


def _blind(missed: Sequence[Neighbour], noticed: Sequence[Neighbour]) -> Weighed:
    """A gate that caught none; `noticed` are the tools that do notice the broken file."""
    first = next((one for one in missed if not one.caught_by), missed[0])
    return _tool_blind(first, noticed) if first.is_run else _gate_blind(first, len(missed))


def _tool_blind(one: Neighbour, noticed: Sequence[Neighbour]) -> Weighed:
    seed = one.seed
    if noticed:
        others = f"; {', '.join(f'{other.gate} {other.name}' for other in noticed)} would stop it"
    else:
        others = "; no other tool of the target that ran would stop it either"
    return weighed(
        "warned" if noticed else "needs_approval",
        f"{one.gate} {one.name} is blind for this change: it stays green where {seed.path} is broken "
        f"({seed.says[:_MOST_SAID]}), so its pass says nothing of that file{others}",
        f"have {one.name} look at {seed.path}, or read the change to it line by line before you approve it",
        path=seed.path,
        line=seed.line,
    )


def _gate_blind(one: Neighbour, count: int) -> Weighed:
    seed = one.seed
    others = (
        f"; {', '.join(one.caught_by)} would stop it" if one.caught_by else "; no other gate stops it either"
    )
    more = f" and {count - 1} more like it" if count > 1 else ""
    return weighed(
        "warned" if one.caught_by else "needs_approval",
        f"{one.gate} {one.name} is blind for this change: it passes the change with a known fault in {seed.path} "
        f"({seed.fault}: {seed.says[:_MOST_SAID]}){more}{others}",
        f"read the change to {seed.path} for what {one.gate} should find before you approve it, and tell the gate's "
        "makers",
        path=seed.path,
        line=seed.line,
    )
