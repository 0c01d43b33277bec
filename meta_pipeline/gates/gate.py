"""What a gate is, and how one is judged."""

import inspect
import logging
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding, GateResult, Outcome, Strength
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.lacking import MISSING
from meta_pipeline.gates.ruling import Ruled, ruled

__all__ = ["Catalogue", "Example", "Gate", "Opinion", "Strength", "judge"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a gate says of one case, before policy and waivers have their word.

    Each of the `findings` has an outcome of its own, unless the gate could not run; the heaviest is the gate's.
    """

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

    `subject` is the asset that the gate is shown on; `default` is the outcome of a finding, on which a policy has
    the last word; `needs` names the parts of a `Case` without which it does not apply. What a gate that
    `may_be_waived` not finds can be made milder by nobody: neither by a policy nor by a waiver. `catches` are the
    classes of fault of the laboratory (`meta-pipeline lab`) that it must find wherever they are seeded into a change;
    VAL010 holds it to them.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    stage: ClassVar[StageId]
    subject: ClassVar[str]
    default: ClassVar[Strength] = "failed"
    needs: ClassVar[tuple[str, ...]] = ()
    may_be_waived: ClassVar[bool] = True
    catches: ClassVar[tuple[str, ...]] = ()

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

    @property
    def is_on_signing(self) -> bool:
        """Whether it is about the sign-off of a stage, and so stands outside the verdict that is signed."""
        return "signing" in self.needs

    @property
    def is_on_gates(self) -> bool:
        """Whether it judges what the other gates say, and so comes after them."""
        return "neighbours" in self.needs

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
        """These findings, all of one weight: `outcome`, or the gate's default without it."""
        strength = outcome or self.default
        given = tuple(finding.model_copy(update={"outcome": strength}) for finding in findings)
        return Opinion(strength, reason, given, tuple(evidence))


def judge(gate: Gate, case: Case) -> GateResult:
    """Let one gate look at one case, time it, and let policy and waivers have their word on each finding.

    A gate that breaks off could not run, which is never a pass.
    """
    started = time.perf_counter()
    try:
        opinion = _opinion(gate, case)
        ruling = Ruled(opinion.outcome, opinion.reason, opinion.findings)
        if opinion.findings and opinion.outcome != "could_not_run":
            ruling = ruled(gate.id, ruling, case, may_be_milder=gate.may_be_waived)
        evidence = opinion.evidence
    except Exception as error:
        logging.getLogger(__name__).debug("%s broke off", gate.id, exc_info=True)
        ruling, evidence = Ruled("could_not_run", _broke_off(gate, error), ()), ()
    return GateResult(
        id=gate.id,
        name=gate.name,
        stage=gate.stage,
        outcome=ruling.outcome,
        reason=ruling.reason,
        seconds=round(time.perf_counter() - started, 4),
        findings=ruling.findings,
        evidence=evidence,
    )


def _opinion(gate: Gate, case: Case) -> Opinion:
    missing = [part for part in gate.needs if not getattr(case, part)]
    if missing:
        return gate.not_applicable(MISSING[missing[0]])
    opinion = gate.judge(case)
    if not isinstance(opinion, Opinion):
        raise TypeError(f"its judge() gives {type(opinion).__name__} and no Opinion")
    return opinion


def _broke_off(gate: Gate, error: Exception) -> str:
    """One sentence that names the gate, the error, and the line of code where it came up."""
    said = " ".join(str(error).split()).rstrip(".")
    last = list(traceback.walk_tb(error.__traceback__))[-1]
    where = f"{last[0].f_globals.get('__name__', 'unknown code')}:{last[1]}"
    what = f"{type(error).__name__} at {where}" + (f": {said}" if said else "")
    return f"{gate.id} {gate.name} broke off and judged nothing ({what}); tell its makers, with the change at hand"


@dataclass(frozen=True)
class Catalogue:
    """Gates by id, in the order of their ids; `packages` names, by id, the package of each that is not our own."""

    gates: Mapping[str, Gate] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    def of_subject(self, *subjects: str) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates.values() if gate.subject in subjects)

    def of_stage(self, stage: StageId) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates.values() if gate.stage == stage)
