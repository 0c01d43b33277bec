"""The JSON document of a check, and of each gate wherever one is told of; see `documents` for the others."""

from typing import Literal

from meta_pipeline.delivery.judgement import Decision, GateResult, Outcome, Strength
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.stages import StageId


class WaivedDocument(Frozen):
    """Who took a finding upon themselves, why and until which day; `file` is the waiver in the repository."""

    by: str
    why: str
    until: str
    file: str

    @property
    def sentence(self) -> str:
        """All of it, as a person reads it."""
        return f"waived by {self.by} until {self.until}: {self.why} ({self.file})"


class FindingDocument(Frozen):
    """One finding. `outcome` is what it alone makes of its gate; one that is `waived` makes nothing of it."""

    path: str | None
    line: int | None
    message: str
    fix: str
    pipelines: tuple[str, ...] = ()
    outcome: Strength | None = None
    waived: WaivedDocument | None = None


class GateDocument(Frozen):
    """One gate's result."""

    id: str
    name: str
    stage: StageId
    outcome: Outcome
    reason: str
    seconds: float
    findings: tuple[FindingDocument, ...]

    @classmethod
    def of(cls, result: GateResult) -> "GateDocument":
        findings = tuple(FindingDocument(**finding.model_dump()) for finding in result.findings)
        return cls(**result.model_dump(exclude={"findings", "evidence"}), findings=findings)


class CheckDocument(Frozen):
    """What `check` prints.

    `base` is the commit that the head was judged against: where the head left the base that was named. `head` is a
    commit too, or the tree of what is staged. `notes` say what a reader does not expect of them.
    """

    schema_version: Literal[1] = 1
    verdict: Decision
    base: str
    head: str
    level: Literal["static", "full"]
    notes: tuple[str, ...] = ()
    gates: tuple[GateDocument, ...]
