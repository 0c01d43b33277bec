"""Credentials in file contents: see docs/decisions/0023-secret-scanner-anew.md."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.gates.secrets.assigned import assigned
from meta_pipeline.gates.secrets.shapes import shaped
from meta_pipeline.gates.secrets.values import looks_random

Weakness = Literal["image", "test"]

_IMAGE_DEFAULTS = frozenset(
    {"airflow", "postgres", "mysql", "dagster", "prefect", "root", "admin", "guest", "minioadmin"}
)
"""The passwords that the public development images come with; they guard nothing, yet must not spread."""

_OF_TESTS = re.compile(
    r"(?:^|/)(?:tests?|testing|conftest\.py|test_[^/]*|[^/]*_test\.\w+)(?:/|\Z)", re.IGNORECASE
)
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?P<body>.*?)(?:-----END|\Z)"
    r"|PuTTY-User-Key-File-\d(?P<putty>.*)",
    re.DOTALL,
)
_PEM_BODY = re.compile(r"(?:\\[nr]|\s|\"|')*(?:Proc-Type|Version:|Comment:|[A-Za-z0-9+/=]{6})")
_PGPASS = re.compile(r"[^:#\s]+:(?:\d+|\*):[^:]+:[^:]+:(?P<value>\S+)")
_ENVIRONMENT = re.compile(r"(?:^|/)\.env(?:\.(?:prod\w*|staging|stage|live))?\Z")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Leak:
    """A credential at `lines` of `path`. It never holds the value; `hint` tells its name and length.

    `weakness` says why it guards little: the default of a development `image`, or the simple password of a `test`.
    """

    path: str
    lines: frozenset[int]
    kind: str
    hint: str
    weakness: Weakness | None = None


def printable(data: bytes) -> bytes:
    """The text that is inside binary data, one piece a line; UTF-16 text of ASCII letters comes out whole."""
    return _UNPRINTABLE.sub(
        b"\n", data.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    )


def leaks_in(files: Mapping[str, bytes], lines: Mapping[str, AbstractSet[int]]) -> tuple[Leak, ...]:
    """Every credential at these lines of text files, at most one a line, in the order of path and line.

    Both are given by path; lines are counted from 1. A credential of several lines counts where one of them is given.
    """
    found: dict[tuple[str, int], Leak] = {}
    for path, data in files.items():
        text = _LONE_RETURN.sub(b" ", data).decode("utf-8", errors="replace").replace("\r\n", "\n")
        for leak in _of_file(path, text, lines[path]):
            known = found.get((path, min(leak.lines)))
            if known is None or (known.weakness and not leak.weakness):
                found[path, min(leak.lines)] = leak
    return tuple(found[key] for key in sorted(found))


def _of_file(path: str, text: str, numbers: AbstractSet[int]) -> Iterator[Leak]:
    for match in _PEM.finditer(text) if "PRIVATE KEY" in text or "PuTTY" in text else ():
        first = text.count("\n", 0, match.start()) + 1
        lines = frozenset(range(first, first + match.group().count("\n") + 1))
        if lines & numbers and (match.group("putty") or _PEM_BODY.match(match.group("body"))):
            yield Leak(path, lines, "Private Key", f"a value of {len(match.group())} characters")
    for number, kind, value in shaped(text, numbers):
        yield Leak(path, frozenset({number}), kind, f"a value of {len(value)} characters")
    if path.rpartition("/")[2] in ("pgpass", ".pgpass", "pgpass.conf"):
        for number, line in enumerate(text.split("\n"), start=1):
            kept = _PGPASS.fullmatch(line.strip()) if number in numbers else None
            if kept:
                hint = f"a password of {len(kept.group('value'))} characters"
                yield Leak(path, frozenset({number}), "Password file of Postgres", hint)
    for one in assigned(path, text, numbers, is_environment=_ENVIRONMENT.search(path) is not None):
        hint = f"{one.name} of {len(one.value)} characters"
        yield Leak(path, frozenset({one.line}), one.kind, hint, _weakness(path, one.value))


def _weakness(path: str, value: str) -> Weakness | None:
    if value.strip("-").casefold() in _IMAGE_DEFAULTS:
        return "image"
    return "test" if _OF_TESTS.search(path) and not looks_random(value) else None
