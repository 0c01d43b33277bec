"""What files of YAML and JSON say of owners, sensitive data and retention, and of what they say it."""

import re
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_documents
from meta_pipeline.gates.governance.words import (
    MARK_KEY,
    OWNER_KEY,
    RETENTION_KEY,
    SENSITIVE,
    says_yes,
)

Kind = Literal["mark", "owner", "retention"]
_NAMED_BY = ("name", "id", "column", "property", "key", "fieldPath", "table_id", "dataset")
_OF_NO_DATASET = re.compile(
    r"(?:^|/)(?:\.github|\.circleci|node_modules)/|(?:^|/)\.[^/]+$|package(?:-lock)?\.json$"
)
_HINT = re.compile(
    rb"pii|phi|gdpr|sensitiv|classification|policy_?tag|mask|owner|steward|retention|expiration|ttl|confidential|personal"
    rb"|restricted|privacy|critical|max_?age|keep|retain|expir|_after_|history_",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that is said: `of` are the names around it, the outermost first; `key` and `value` are as written."""

    kind: Kind
    of: tuple[str, ...]
    key: str
    value: str
    line: int

    @property
    def subject(self) -> str:
        """What it is said of, in a reader's words."""
        return ".".join(self.of[-2:]) or "the file"


@dataclass(frozen=True)
class Declarations:
    """All that a file says, and everything in it that has a name."""

    said: tuple[Said, ...]
    named: frozenset[tuple[str, ...]]


def declarations(path: str, data: bytes) -> Declarations | None:
    """What a file says; None where it says nothing of this kind, or cannot be read."""
    if _OF_NO_DATASET.search(path):
        return None
    read = read_documents(data.decode("utf-8", errors="replace"), path)
    if isinstance(read, Unreadable):
        return None
    walk = _Walk()
    for document in read:
        walk.value(document, ())
    return Declarations(tuple(walk.said), frozenset(walk.named))


def may_say(data: bytes) -> bool:
    """Whether a text holds any of the words at all."""
    return bool(_HINT.search(data))


class _Walk:
    def __init__(self) -> None:
        self.said: list[Said] = []
        self.named: set[tuple[str, ...]] = {()}

    def value(self, value: Located, of: tuple[str, ...]) -> None:
        if isinstance(value.value, list):
            for item in value.each():
                self.value(item, self._within(item, of))
        elif isinstance(value.value, dict):
            self._entries(value, of)

    def _within(self, item: Located, of: tuple[str, ...]) -> tuple[str, ...]:
        name = next((item.get(key).text for key in _NAMED_BY if item.get(key).text), "")
        inner = (*of, name) if name else of
        self.named.add(inner)
        return inner

    def _entries(self, mapping: Located, of: tuple[str, ...]) -> None:
        prop = mapping.get("property").text
        if prop and RETENTION_KEY.fullmatch(prop):
            length = f"{mapping.get('value').text} {mapping.get('unit').text}".strip()
            self.said.append(Said("retention", of, prop, length, mapping.line))
        for key, value in mapping.pairs():
            bare = key.lstrip("+")
            if bare in ("tags", "labels"):
                self._tags(bare, value, of)
            elif MARK_KEY.fullmatch(bare) and not _is_table(value):
                if says_yes(_flat(value)):
                    self.said.append(Said("mark", of, bare, _flat(value), value.line))
            elif OWNER_KEY.fullmatch(bare) and _flat(value):
                self.said.append(Said("owner", of, bare, _flat(value), value.line))
            elif RETENTION_KEY.fullmatch(bare) and value.text:
                self.said.append(Said("retention", of, bare, value.text, value.line))
            elif isinstance(value.value, dict):
                # What `meta` and `config` say is said of what they stand in.
                inner = (
                    of if bare in ("meta", "config", "metadata", "default_args", "fields") else (*of, bare)
                )
                self.named.add(inner)
                self.value(value, inner)
            else:
                self.value(value, of)

    def _tags(self, key: str, value: Located, of: tuple[str, ...]) -> None:
        pairs = (f"{name}: {held.text}" for name, held in value.pairs())
        for text in (*value.texts(), *pairs):
            if SENSITIVE.search(text) and says_yes(text.rpartition(": ")[2]):
                self.said.append(Said("mark", of, key, text, value.line))


def _is_table(value: Located) -> bool:
    """Whether this is a section of its own, such as the definitions of all policies."""
    return isinstance(value.value, list) and any(
        isinstance(item.value, dict) and "name" in item for item in value.each()
    )


def _flat(value: Located) -> str:
    if isinstance(value.value, dict):
        named = value.get("name").text or value.get("email").text
        return named or " ".join(sorted(filter(None, (_flat(held) for _, held in value.pairs()))))
    if isinstance(value.value, list):
        return " ".join(filter(None, map(_flat, value.each())))
    return value.text
