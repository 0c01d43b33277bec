"""Credentials in file contents, found by CredSweeper: see docs/decisions/0002-secret-scanner.md."""

import io
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_IDENTIFIERS = frozenset({"UUID"})
"""Kinds that name a thing and open none: Great Expectations puts a UUID on every object."""

_IMAGE_DEFAULTS = frozenset(
    {"airflow", "postgres", "mysql", "dagster", "prefect", "root", "admin", "guest", "minioadmin"}
)
"""The passwords that the public development images come with; they guard nothing, yet must not spread."""

_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Leak:
    """A credential at `lines` of `path`. It never holds the value; `hint` tells its name and length."""

    path: str
    lines: frozenset[int]
    kind: str
    hint: str
    is_image_default: bool


def printable(data: bytes) -> bytes:
    """The text that is inside binary data, one piece a line; UTF-16 text of ASCII letters comes out whole."""
    return _UNPRINTABLE.sub(
        b"\n", data.replace(b"\0", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    )


def leaks_in(files: Mapping[str, bytes]) -> tuple[Leak, ...]:
    """Every credential in text files given by path, at most one a line, in the order of path and line."""
    # The import takes three seconds, and most commands look for no credential.
    from credsweeper import CredSweeper, FilesProvider

    # Its log repeats pieces of what it scans.
    logging.getLogger("credsweeper").setLevel(logging.CRITICAL + 1)
    # `pedantic` makes it look at every kind of file.
    sweeper = CredSweeper(pedantic=True)
    sweeper.run(FilesProvider([(Path(path), io.BytesIO(data)) for path, data in files.items()]))
    found: dict[tuple[str, int], Leak] = {}
    for candidate in sweeper.credential_manager.get_credentials():
        place = candidate.line_data_list[0]
        if candidate.rule_name in _IDENTIFIERS:
            continue
        value = place.value or ""
        leak = Leak(
            path=str(place.path),
            lines=frozenset(line.line_num for line in candidate.line_data_list),
            kind=candidate.rule_name,
            hint=f"{place.variable or 'a value'} of {len(value)} characters",
            is_image_default=value.casefold() in _IMAGE_DEFAULTS,
        )
        found.setdefault((leak.path, min(leak.lines)), leak)
    return tuple(found[key] for key in sorted(found))
