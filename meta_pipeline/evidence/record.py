"""The record of one delivery: its ledger, its artifacts, its thread."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from pydantic import BaseModel

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import GENESIS, BrokenChainError, Entry, Event, Messaged, verify_chain
from meta_pipeline.delivery.model import digest_bytes
from meta_pipeline.delivery.states import STATES, Standing, State, standing
from meta_pipeline.evidence.store import EvidenceStore, Folder, readable_json

Model = TypeVar("Model", bound=BaseModel)
_ATTEMPTS = 50


class Clock(Protocol):
    """Tells the time; UTC."""

    def __call__(self) -> datetime: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


class ArtifactMissingError(LookupError):
    """An artifact that was asked for has not been made."""


@dataclass(frozen=True)
class DeliveryRecord:
    """Everything that is kept about one delivery, under one folder.

    `ledger/` holds one file per entry, `artifacts/` the newest JSON of each asset, `thread/` the messages.
    """

    delivery: DeliveryId
    folder: Folder
    evidence: EvidenceStore
    clock: Clock = utc_now

    def entries(self) -> tuple[Entry, ...]:
        """The whole ledger; raises `BrokenChainError` where it was altered."""
        ledger = self.folder.below("ledger")
        entries = tuple(_entry(ledger, name) for name in ledger.names() if name.endswith(".json"))
        verify_chain(entries)
        return entries

    def standing(self) -> Standing:
        """Where the delivery stands; raises `ValueError` where nobody opened it."""
        return standing(self.entries())

    def next_action(self, state: State | None = None) -> str:
        """What a person does next, where the delivery stands now or once it is in `state`."""
        action = STATES[state or self.standing().state].next_action
        return action.format(delivery=self.delivery, folder=self.folder.root)

    def append(self, *events: Event) -> tuple[Entry, ...]:
        """Add events to the ledger in this order; another writer in between is waited out."""
        added: list[Entry] = []
        for event in events:
            added.append(self._append(event))
        return tuple(added)

    def _append(self, event: Event) -> Entry:
        for _ in range(_ATTEMPTS):
            entries = self.entries()
            entry = Entry(
                number=len(entries) + 1,
                at=self.clock().isoformat(timespec="milliseconds"),
                previous=entries[-1].digest if entries else GENESIS,
                event=event,
            )
            if self.folder.below("ledger").create(f"{entry.number:06}.json", readable_json(entry)):
                return entry
        raise RuntimeError(f"the ledger of {self.delivery} is being written by too many at once; try again")

    def save(self, artifact: str, value: BaseModel) -> None:
        """Keep the newest value of an artifact as readable JSON."""
        self.folder.write(f"artifacts/{artifact}.json", readable_json(value))

    def load(self, artifact: str, model: type[Model]) -> Model:
        """The newest value of an artifact; raises `ArtifactMissingError` where it was never made."""
        data = self.folder.read(f"artifacts/{artifact}.json")
        if data is None:
            raise ArtifactMissingError(
                f"{artifact} of {self.delivery} has not been made yet; materialize it first "
                f"(or run: meta-pipeline deliver for this issue)."
            )
        return model.model_validate_json(data)

    def find(self, artifact: str, model: type[Model]) -> Model | None:
        """The newest value of an artifact, or None."""
        try:
            return self.load(artifact, model)
        except ArtifactMissingError:
            return None

    def post(self, message: str, text: str) -> str:
        """Add a message to the thread, once per content; returns the path a person can open."""
        data = text.encode()
        name = f"thread/{message}-{digest_bytes(data)[7:15]}.md"
        event = Messaged.model_validate({"message": message, "digest": digest_bytes(data)})
        if self.folder.create(name, data):
            self.evidence.put(data, f"{message} of {self.delivery}", "document")
            self.append(event)
        return self.folder.path(name)


def _entry(ledger: Folder, name: str) -> Entry:
    data = ledger.read(name)
    try:
        return Entry.stored(json.loads(data or b""))
    except ValueError as error:
        raise BrokenChainError(
            f"{ledger.path(name)}: this ledger entry cannot be read; restore it from a copy."
        ) from error
