"""What every form of `check` is written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from meta_pipeline.cli.judged_documents import CheckDocument, FindingDocument, GateDocument
    from meta_pipeline.delivery.judgement import Outcome

Weight = Literal["error", "warning", "note"]

WEIGHTS: "dict[Outcome, Weight]" = {
    "failed": "error",
    "could_not_run": "error",
    "needs_approval": "warning",
    "warned": "note",
}
"""How heavily a reader of other tools' reports takes an outcome; one that is not here says nothing to them."""


@dataclass(frozen=True)
class Judged:
    """The verdict as a document, with what only some forms tell.

    `next` is what a person does now; `gone` are the paths of findings that head no longer holds.
    """

    document: "CheckDocument"
    next: str
    gone: frozenset[str] = frozenset()

    @property
    def stopped(self) -> "tuple[GateDocument, ...]":
        """The gates that keep the change from passing, the most severe first."""
        return tuple(
            gate
            for outcome in ("failed", "could_not_run", "needs_approval")
            for gate in self.document.gates
            if gate.outcome == outcome
        )

    @property
    def told(self) -> "tuple[GateDocument, ...]":
        """All gates that have something to tell, the most severe first."""
        return (*self.stopped, *(gate for gate in self.document.gates if gate.outcome == "warned"))

    def findings(self) -> "Iterator[Told]":
        """Every finding that counts, with its gate; a gate that tells something without one stands with None."""
        for gate in self.told:
            counting = [finding for finding in gate.findings if finding.waived is None]
            if not counting:
                yield Told(gate, None, gate.outcome)
            for finding in counting:
                yield Told(gate, finding, finding.outcome or gate.outcome)

    def waived(self) -> "Iterator[Told]":
        """Every finding that somebody took upon themselves, whatever its gate comes to without it."""
        for gate in self.document.gates:
            for finding in gate.findings:
                if finding.waived is not None:
                    yield Told(gate, finding, finding.outcome or gate.outcome)


@dataclass(frozen=True)
class Told:
    """What one gate has to tell: a finding with its own outcome, or, without one, its reason."""

    gate: "GateDocument"
    finding: "FindingDocument | None"
    outcome: "Outcome"

    @property
    def weight(self) -> Weight:
        return WEIGHTS.get(self.outcome, "note")
