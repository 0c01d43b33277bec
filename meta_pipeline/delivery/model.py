"""The base of every domain type, and the one way a value becomes a digest."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

CHUNK_ID_LENGTH = 12


class Frozen(BaseModel):
    """An immutable value that refuses unknown fields.

    Its validator is built when the first value is: a command meets few of the many types that it imports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no white space: equal values give equal bytes.

    `value` is a pydantic model or anything `json` accepts. NaN and infinity raise `ValueError`,
    as no two JSON readers agree on them.
    """
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    text = json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_as_json,
    )
    return text.encode()


def _as_json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def digest(value: Any) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the canonical JSON of `value`."""
    return digest_bytes(canonical_json(value))


def digest_bytes(data: bytes) -> str:
    """`sha256:` and the hexadecimal SHA-256 of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def chunk_id(full_digest: str) -> str:
    """The short form of a digest that notes cite: its first twelve hexadecimal digits."""
    return full_digest.removeprefix("sha256:")[:CHUNK_ID_LENGTH]
