"""What a gate is, and how gates are judged."""

import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from meta_pipeline.delivery.judgement import SEVERITY, Finding, GateResult, Outcome
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case

Strength = Literal["failed", "needs_approval", "warned"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a gate says of one case, before policy has its word."""

    outcome: Outcome
    reason: str
    findings: tuple[Finding, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A case and the outcome the gate must give it: the gate's documentation and its test.

    `says` is a part of the reason or of a finding's message that must be there.
    """

    title: str
    case: Case
    outcome: Outcome
    says: str = ""


class Gate(ABC):
    """One rule. The docstring of the class is its public rationale.

    `subject` is the asset that the gate is shown on; `default` is the outcome of a finding, which a
    policy may only tighten; `needs` names the parts of a `Case` without which it does not apply.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    stage: ClassVar[StageId]
    subject: ClassVar[str]
    default: ClassVar[Strength] = "failed"
    needs: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def judge(self, case: Case) -> Opinion:
        """Look at the parts of `case` that `needs` names, which are there."""

    @classmethod
    @abstractmethod
    def examples(cls) -> tuple[Example, ...]:
        """Passing and failing cases."""

    @property
    def rationale(self) -> str:
        return inspect.cleandoc(self.__doc__ or "")

    def passed(self, reason: str, *, evidence: Iterable[str] = ()) -> Opinion:
        return Opinion("passed", reason, evidence=tuple(evidence))

    def not_applicable(self, reason: str) -> Opinion:
        return Opinion("not_applicable", reason)

    def could_not_run(
        self, reason: str, *, findings: Iterable[Finding] = (), evidence: Iterable[str] = ()
    ) -> Opinion:
        return Opinion("could_not_run", reason, tuple(findings), tuple(evidence))

    def found(
        self,
        reason: str,
        findings: Iterable[Finding],
        *,
        outcome: Strength | None = None,
        evidence: Iterable[str] = (),
    ) -> Opinion:
        """The gate's default outcome with these findings."""
        return Opinion(outcome or self.default, reason, tuple(findings), tuple(evidence))


_MISSING = {
    "change": "there is no change to look at",
    "change_set": "there is no patch of a delivery",
    "context": "there is no delivery",
    "requirements": "there is no issue",
    "audit": "there is no dependency audit",
    "plan": "there is no plan",
    "reports": "no target command was run",
    "rollback": "there is no rollback plan",
    "packet": "there is no review packet",
    "signing": "nothing was asked to be signed",
    "merging": "nothing is being merged",
}


def judge(gate: Gate, case: Case) -> GateResult:
    """Let one gate look at one case, time it, and let the policy tighten what it says."""
    started = time.perf_counter()
    missing = [part for part in gate.needs if not getattr(case, part)]
    opinion = gate.not_applicable(_MISSING[missing[0]]) if missing else gate.judge(case)
    outcome = opinion.outcome
    asked = case.policy.gates.get(gate.id)
    if asked and outcome in ("warned", "needs_approval") and SEVERITY[asked] > SEVERITY[outcome]:
        outcome = asked
    return GateResult(
        id=gate.id,
        name=gate.name,
        stage=gate.stage,
        outcome=outcome,
        reason=opinion.reason,
        seconds=round(time.perf_counter() - started, 4),
        findings=opinion.findings,
        evidence=opinion.evidence,
    )


@dataclass(frozen=True)
class Catalogue:
    """All gates, by id, in the order of their ids."""

    gates: Mapping[str, Gate] = field(default_factory=dict)

    def of_subject(self, *subjects: str) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates.values() if gate.subject in subjects)

    def of_stage(self, stage: StageId) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates.values() if gate.stage == stage)
