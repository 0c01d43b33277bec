"""The JSON documents that commands print; their schemas are published in `docs/schemas/`."""

from typing import Literal

from meta_pipeline.cli.judged_documents import GateDocument
from meta_pipeline.delivery.judgement import Decision, Outcome
from meta_pipeline.delivery.lineage.cards import Kind
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.states import State


class ExampleListing(Frozen):
    """A case that a gate is tested with, in a few words, and the outcome that it must give."""

    title: str
    outcome: Outcome


class GateListing(Frozen):
    """One gate of the catalogue; `unloadable` says why the gate of a package cannot be judged, where it cannot."""

    id: str
    name: str
    stage: StageId
    shown_on: str
    default: str
    may_be_waived: bool
    package: str
    unloadable: str | None
    rationale: str
    examples: tuple[ExampleListing, ...]


class GatesDocument(Frozen):
    """What `gates` prints."""

    schema_version: Literal[1] = 1
    gates: tuple[GateListing, ...]


class StageDocument(Frozen):
    """One stage of a delivery; `decision` is None where it was not judged yet."""

    stage: StageId
    decision: Decision | None
    artifacts: tuple[str, ...]
    absent: tuple[str, ...]
    gates: tuple[GateDocument, ...]


class QuestionDocument(Frozen):
    id: str
    text: str
    why: str


class TouchedDocument(Frozen):
    """One pipeline, asset, model or dataset that a delivery's change touches. `page` is its asset key in Dagster."""

    kind: Kind
    name: str
    page: str
    change: Literal["added", "changed", "removed"]
    differences: tuple[str, ...]


class DeliveryDocument(Frozen):
    """Where one delivery stands. `folder` holds its ledger, artifacts and thread; `summary` is its readable page.

    `touches` is empty until the change is written; it names pipelines before what they make.
    """

    schema_version: Literal[1] = 1
    delivery: str
    title: str | None
    state: State
    stage: StageId
    revision: int
    why: str | None
    next_action: str
    questions: tuple[QuestionDocument, ...]
    branch: str
    commit: str | None
    touches: tuple[TouchedDocument, ...]
    folder: str
    summary: str | None
    guidance: str | None
    stages: tuple[StageDocument, ...]


class DeliveryLine(Frozen):
    delivery: str
    title: str | None
    state: State
    stage: StageId
    why: str | None


class StatusDocument(Frozen):
    """What `status` prints without a delivery."""

    schema_version: Literal[1] = 1
    held: str | None
    deliveries: tuple[DeliveryLine, ...]


class ToolDocument(Frozen):
    name: str
    found: str | None
    needed_for: str
    how_to_get: str


class DoctorDocument(Frozen):
    """What `doctor` prints."""

    schema_version: Literal[1] = 1
    home: str
    tools: tuple[ToolDocument, ...]


class FoundDocument(Frozen):
    """One value of the policy that `init` wrote, by its dotted key, and what it comes from."""

    key: str
    value: str
    why: str


class InitDocument(Frozen):
    """What `init` prints: what it found and is unsure of, and the commands to run next, in their order."""

    schema_version: Literal[1] = 1
    written: str
    unsure: tuple[str, ...]
    found: tuple[FoundDocument, ...]
    notes: tuple[str, ...]
    next: tuple[str, ...]


class WaiveDocument(Frozen):
    """What `waive` prints: the files that it wrote, and who signed."""

    schema_version: Literal[1] = 1
    written: str
    signature: str
    by: str
    next_action: str


class DoneDocument(Frozen):
    """What a decision of a person prints."""

    schema_version: Literal[1] = 1
    delivery: str | None
    done: str
    next_action: str


class ErrorDocument(Frozen):
    """What any command prints under `--json` where it cannot do what was asked."""

    schema_version: Literal[1] = 1
    error: str
