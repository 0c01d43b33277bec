"""What a person just decided: small files that tell the sensors which delivery can go on."""

from dataclasses import dataclass

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import Frozen, chunk_id, digest
from meta_pipeline.evidence.store import Folder, readable_json


class Signal(Frozen):
    """A delivery can go on; `cause` is the digest of the ledger entry that says why."""

    delivery: str
    cause: str

    @property
    def name(self) -> str:
        """The signal's file name, and the key of the run that it asks for."""
        return f"{self.delivery.replace('/', '.')}.{chunk_id(digest(self))}"


@dataclass(frozen=True)
class Signals:
    """The signals of one target that no run has taken up yet."""

    folder: Folder

    @classmethod
    def of(cls, home: str, target: str) -> "Signals":
        return cls(Folder.at(home).below("signals", target))

    def give(self, delivery: DeliveryId, cause: str) -> None:
        signal = Signal(delivery=str(delivery), cause=cause)
        self.folder.create(f"{signal.name}.json", readable_json(signal))

    def waiting(self) -> tuple[Signal, ...]:
        """All signals, in the order of their names."""
        found = ((name, self.folder.read(name)) for name in self.folder.names() if name.endswith(".json"))
        return tuple(Signal.model_validate_json(data) for _, data in found if data)

    def taken(self, signal: Signal) -> None:
        """Forget a signal: a run has taken it up."""
        self.folder.remove(f"{signal.name}.json")
