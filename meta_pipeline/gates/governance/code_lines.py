"""What lines of Python, SQL and Terraform say of sensitive data and retention, and a change says less of."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.tree import FileChange, Line
from meta_pipeline.gates.governance.words import MARK_KEY, PERSONAL, RETENTION_KEY, length_of, says_yes

CODE = (".py", ".sql", ".tf", ".hcl", ".hql", ".ddl", ".toml", ".cfg", ".ini", ".conf", ".properties")
_KEY = rf"(?:{MARK_KEY.pattern}|{RETENTION_KEY.pattern})"
_ASSIGNED = re.compile(
    rf"""(?<![\w.])["']?(?P<key>{_KEY})["']?\s*(?:=>|[:=])\s*(?P<value>[^=\n][^#\n]*?)\s*,?\s*(?:\)\s*[,;)\]]*)?\s*$"""
    rf"""|(?<![\w.])["']?(?P<key2>{_KEY})["']?\s*(?:=>|[:=])\s*(?P<value2>"[^"]*"|'[^']*'|\[[^\]]*\]|[\w.]+)""",
    re.IGNORECASE,
)
_MASKED = re.compile(
    r"\b(?P<how>\w*(?:mask|redact|anonymi[sz]e|pseudonymi[sz]e|tokeni[sz]e|encrypt)\w*"
    r"|sha1|sha2|sha256|sha512|sha|md5|hash|hmac|farm_fingerprint|to_hex)\s*\(\s*(?:\w+\s*\(\s*)*"
    r"(?:cast\s*\(\s*)?[\"'`]?(?:\w+\.)*(?P<what>\w+)",
    re.IGNORECASE,
)
_PLAIN_HASH = re.compile(r"sha\d*|md5|hash|hmac|farm_fingerprint|to_hex", re.IGNORECASE)
_UNSET = re.compile(
    r"\b(?:unset\s+(?:masking\s+policy|tag)|drop\s+(?:masking|row\s+access)\s+policy|drop\s+(?:all\s+)?row\s+access\s+polic\w+"
    r"|drop\s+mask|detach\s+masking\s+policy|disable\s+row\s+level\s+security|no\s+force\s+row\s+level\s+security)\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"^\s*(?:#|--|//)")


Kind = Literal["retention", "mark", "unmasked", "policy"]


@dataclass(frozen=True, slots=True)
class Lost:
    """One thing that code no longer says, or says otherwise: `line` is of the head, or of the base where it is gone."""

    kind: Kind
    line: int
    subject: str
    before: str
    after: str | None


def lost_in_code(file: FileChange, added_elsewhere: Counter[str]) -> Iterator[Lost]:
    """What a changed file says less of; `added_elsewhere` counts the stripped lines that the change adds anywhere."""
    if not file.path.endswith(CODE) or file.old is None or file.new is None:
        return
    removed = [one for one in file.removed if not _COMMENT.match(one.text)]
    added = [one for one in file.added if not _COMMENT.match(one.text)]
    removed = [one for one in removed if added_elsewhere[one.text.strip()] == 0]
    yield from _assignments(removed, added)
    yield from _unmasked(file, removed, added)
    for one in added:
        if found := _UNSET.search(one.text):
            yield Lost("policy", one.number, found[0].casefold(), found[0], None)


def _assigned(lines: Sequence[Line]) -> list[tuple[str, str, int]]:
    found = []
    for one in lines:
        match = _ASSIGNED.search(one.text)
        if match:
            key, value = match["key"] or match["key2"], match["value"] or match["value2"]
            found.append((key, value.strip(), one.number))
    return found


def _assignments(removed: Sequence[Line], added: Sequence[Line]) -> Iterator[Lost]:
    now: dict[str, list[tuple[str, int]]] = {}
    for key, value, line in _assigned(added):
        now.setdefault(key.casefold(), []).append((value, line))
    for key, value, line in _assigned(removed):
        instead = now.get(key.casefold())
        new, at = instead.pop(0) if instead else (None, line)
        if RETENTION_KEY.fullmatch(key):
            before, after = length_of(value), length_of(new) if new is not None else None
            if before is None or not before:
                continue
            if new is None or after is not None:
                yield Lost("retention", at, key, value, new)
        elif says_yes(value) and (new is None or not says_yes(new)):
            yield Lost("mark", at, key, value, new)


def _unmasked(file: FileChange, removed: Sequence[Line], added: Sequence[Line]) -> Iterator[Lost]:
    """Columns that were masked or hashed, and that lines of the head now name as they are."""
    held = Counter(_masks((file.new or b"").decode("utf-8", errors="replace")))
    for one in removed:
        for how, what in _masks(one.text):
            if held[(how, what)] or any(column == what for _, column in held):
                continue
            word = re.compile(rf"(?<!\w){re.escape(what)}(?!\w)", re.IGNORECASE)
            now = next((line for line in added if word.search(line.text)), None)
            if now is not None:
                yield Lost("unmasked", now.number, what, f"{how}({what})", now.text.strip())


def _masks(text: str) -> Iterator[tuple[str, str]]:
    for found in _MASKED.finditer(text):
        how, what = found["how"].casefold(), found["what"].casefold()
        # A hash makes a key as often as it hides somebody.
        if not _PLAIN_HASH.fullmatch(how) or PERSONAL.search(what):
            yield how, what
