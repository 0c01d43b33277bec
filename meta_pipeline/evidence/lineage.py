"""The last survey of a target, kept as JSON for Dagster to load, and which deliveries touched each thing of it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.lineage.cards import LINEAGE_VERSION, Key, Lineage
from meta_pipeline.delivery.model import Frozen, canonical_json
from meta_pipeline.evidence.store import Folder

MOST_ROWS = 50
"""So many deliveries of one thing are listed, the newest first; Dagster keeps the events of all."""


class DeliveryRow(Frozen):
    """How one delivery touched a thing: `outcome` is how far it came.

    `paper` is the file that tells of its evidence, below the operator's folder; `at` is UTC in ISO 8601.
    """

    delivery: str
    issue: str
    outcome: str
    commit: str | None
    paper: str
    at: str


class DeliveryRows(Frozen):
    """The deliveries that touched one thing, the newest first."""

    rows: tuple[DeliveryRow, ...] = ()


@dataclass(frozen=True, slots=True)
class NotKept:
    """There is no survey to show; `reason` is a sentence for the operator."""

    reason: str


@dataclass(frozen=True)
class LineageStore:
    """What is kept of one target's lineage, below the operator's folder."""

    home: Path
    target: str

    @property
    def file(self) -> Path:
        """Where the last survey is."""
        return self.home / "lineage" / f"{self.target}.json"

    def read(self) -> Lineage | NotKept:
        """The last survey. Reads one file and nothing of the target; whatever is wrong with it is `NotKept`."""
        try:
            data = self.file.read_bytes()
        except FileNotFoundError:
            return NotKept(f"{self.target} was not surveyed yet")
        except OSError as error:
            return NotKept(f"{self.file} cannot be read: {error.strerror}")
        try:
            found = Lineage.model_validate_json(data)
        except ValidationError:
            return NotKept(_what_is_wrong(self.file, data))
        if found.target != self.target:
            return NotKept(f"{self.file} is about {found.target}; remove it")
        return found

    def write(self, lineage: Lineage) -> None:
        """Replace the last survey; a reader sees the old one or the new one, never a part."""
        self._folder.write(self.file.name, canonical_json(lineage))

    def rows(self, key: Key) -> tuple[DeliveryRow, ...]:
        """The deliveries that touched a thing, the newest first; none where the file was lost or altered."""
        try:
            return DeliveryRows.model_validate_json(self._folder.read(self._rows_name(key)) or b"{}").rows
        except ValidationError:
            return ()

    def note(self, key: Key, row: DeliveryRow) -> tuple[DeliveryRow, ...]:
        """Put a delivery first among those that touched a thing, in place of what was said of it; give them all."""
        from filelock import FileLock

        (self.file.parent / self.target).mkdir(parents=True, exist_ok=True)
        with FileLock(self.file.parent / self.target / "rows.lock"):
            others = (known for known in self.rows(key) if known.delivery != row.delivery)
            rows = (row, *others)[:MOST_ROWS]
            self._folder.write(self._rows_name(key), canonical_json(DeliveryRows(rows=rows)))
        return rows

    @property
    def _folder(self) -> Folder:
        return Folder.at(str(self.file.parent))

    def _rows_name(self, key: Key) -> str:
        return f"{self.target}/{_short(key)}.json"


def _short(key: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]


def _what_is_wrong(file: Path, data: bytes) -> str:
    try:
        version = json.loads(data).get("schema_version")
    except (ValueError, AttributeError):
        version = None
    if isinstance(version, int) and version > LINEAGE_VERSION:
        return f"{file} was written by a newer meta-pipeline; run that one, or remove the file"
    return f"{file} is not whole; remove it, and the next survey writes it again"
