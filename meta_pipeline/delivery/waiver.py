"""A waiver: somebody takes certain findings of a gate upon themselves, until a day."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from meta_pipeline.delivery.model import Frozen, canonical_json

WAIVERS = ".meta-pipeline/waivers"
"""The folder of waivers in a repository: `<name>.yaml`, and its signature beside it as `<name>.yaml.sig`."""


class Waiver(Frozen):
    """The findings of `gate` at `path`, about `pipeline` and with `message` count for nothing, through the day `until`.

    Of the three, those that are given must all fit: `path` is a file or folder from the root of the repository,
    `pipeline` an id, both with `*` for any text; `message` is a part of what the finding says. `target` is the name of
    the target in its policy, so that a waiver holds in one repository alone.
    """

    version: Literal[1] = 1
    target: str
    gate: str
    path: str | None = None
    pipeline: str | None = None
    message: str | None = None
    until: date
    why: str

    @model_validator(mode="after")
    def _says_what_and_why(self) -> Self:
        if not (self.path or self.pipeline or self.message):
            raise ValueError("it names no finding; write 'path', 'pipeline' or 'message'")
        if not self.why.strip():
            raise ValueError("it gives no reason; write 'why'")
        return self

    @property
    def statement(self) -> bytes:
        """The exact bytes that a signer signs."""
        return canonical_json({"waiver": self})


@dataclass(frozen=True, slots=True)
class Granted:
    """A waiver in force: `by` is the identity that signed it, `file` where it is."""

    waiver: Waiver
    by: str
    file: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A waiver that does not count: why, and how to mend that."""

    file: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers that a base commit holds."""

    granted: tuple[Granted, ...] = ()
    refused: tuple[Refused, ...] = ()
