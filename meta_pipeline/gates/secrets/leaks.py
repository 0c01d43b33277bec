"""Credentials in file contents, found by two scanners: see docs/decisions/0002-secret-scanner.md."""

import io
import logging
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from meta_pipeline.gates.secrets.credential_marks import shaped_lines, worth_weighing

if TYPE_CHECKING:
    from credsweeper.credentials.candidate import Candidate
    from detect_secrets.plugins.base import BasePlugin

_IDENTIFIERS = frozenset({"UUID"})
"""Kinds that name a thing and open none: Great Expectations puts a UUID on every object."""

_NAMING_URN = re.compile(r"\burn:(?:[\w-]+:)+[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
"""A URN that ends in a UUID is a name as the UUID is, though a part of it, such as `auth:`, reads as a keyword."""

_IMAGE_DEFAULTS = frozenset(
    {"airflow", "postgres", "mysql", "dagster", "prefect", "root", "admin", "guest", "minioadmin"}
)
"""The passwords that the public development images come with; they guard nothing, yet must not spread."""

_PASSWORD = "Password"  # noqa: S105  the name of a rule
_MODEL_THRESHOLD = 0.1
"""Least probability that CredSweeper's model gives a credential; at its own 0.5 it overlooks short passwords."""

_PLACEHOLDER = re.compile(
    r"change[-_]?(me|it|this)|pass(word)?|secret|dummy|example|placeholder|test|x+|\*+|\.+|<.*|\$.*|your[-_ ].*",
    re.IGNORECASE,
)

_PLAIN_NAME = re.compile(r"[\w.-]+")

_SHAPES = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
"""The detectors that know one vendor's format; those that go by entropy or keyword raise false alarms."""

_LONE_RETURN = re.compile(rb"\r(?!\n)")
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


def leaks_in(files: Mapping[str, bytes], lines: Mapping[str, AbstractSet[int]]) -> tuple[Leak, ...]:
    """Every credential at these lines of text files, at most one a line, in the order of path and line.

    Both are given by path; lines are counted from 1. A credential of several lines counts where one of them is given.
    """
    # A carriage return ends a line for CredSweeper alone, whose numbers would then be others than git's.
    files = {path: _LONE_RETURN.sub(b" ", data) for path, data in files.items()}
    found: dict[tuple[str, int], Leak] = {}
    for leak in (*_in_context(files, lines), *_by_shape(files, lines)):
        if leak.lines & lines[leak.path]:
            found.setdefault((leak.path, min(leak.lines)), leak)
    return tuple(found[key] for key in sorted(found))


def _in_context(files: Mapping[str, bytes], lines: Mapping[str, AbstractSet[int]]) -> Iterator[Leak]:
    """What CredSweeper finds by a value's surroundings; its model is not asked about passwords, which it underrates."""
    suspects = {path: data for path, data in files.items() if worth_weighing(path, data, lines[path])}
    if not suspects:
        return
    candidates = [each for each in _swept(suspects, 0) if _numbers(each) & lines[_path(each)]]
    doubtful = {_path(each) for each in candidates if each.use_ml}
    yield from map(_leak, _swept({path: suspects[path] for path in sorted(doubtful)}, _MODEL_THRESHOLD))
    for each in candidates:
        place = each.line_data_list[0]
        if _path(each) not in doubtful or _is_password(each.rule_name, place.variable):
            yield _leak(each)


def _swept(files: Mapping[str, bytes], threshold: float) -> Iterator["Candidate"]:
    """CredSweeper's candidates that name no mere thing and no placeholder; a threshold of 0 leaves its model out."""
    if not files:
        return
    # The import takes two seconds.
    from credsweeper import CredSweeper, FilesProvider

    # Its log repeats pieces of what it scans.
    logging.getLogger("credsweeper").setLevel(logging.CRITICAL + 1)
    # `pedantic` makes it look at every kind of file.
    sweeper = CredSweeper(pedantic=True, ml_threshold=threshold)
    sweeper.run(FilesProvider([(Path(path), io.BytesIO(data)) for path, data in files.items()]))
    for candidate in sweeper.credential_manager.get_credentials():
        value = str(candidate.line_data_list[0].value or "")
        if (
            candidate.rule_name not in _IDENTIFIERS
            and not _PLACEHOLDER.fullmatch(value)
            and not _is_in_urn(candidate)
        ):
            yield candidate


def _is_in_urn(candidate: "Candidate") -> bool:
    place = candidate.line_data_list[0]
    return any(
        urn.start() <= place.value_start < urn.end() for urn in _NAMING_URN.finditer(str(place.line or ""))
    )


def _leak(candidate: "Candidate") -> Leak:
    place = candidate.line_data_list[0]
    value = str(place.value or "")
    return Leak(
        path=_path(candidate),
        lines=_numbers(candidate),
        kind=candidate.rule_name,
        hint=f"{place.variable or 'a value'} of {len(value)} characters",
        is_image_default=value.strip("-").casefold() in _IMAGE_DEFAULTS,
    )


def _path(candidate: "Candidate") -> str:
    return str(candidate.line_data_list[0].path)


def _numbers(candidate: "Candidate") -> frozenset[int]:
    return frozenset(line.line_num for line in candidate.line_data_list)


def _is_password(rule: str, variable: str | None) -> bool:
    """Whether a plain name was given the value; `airflow[password]==2.10` names no password."""
    return rule == _PASSWORD and _PLAIN_NAME.fullmatch(variable or "") is not None


def _by_shape(files: Mapping[str, bytes], lines: Mapping[str, AbstractSet[int]]) -> Iterator[Leak]:
    """What detect-secrets finds by a vendor's format, also where a checksum inside does not hold."""
    shaped = [
        (path, number, line)
        for path, data in files.items()
        for number, line in shaped_lines(data.decode("utf-8", errors="replace"), lines[path])
    ]
    if not shaped:
        return
    from detect_secrets.core.plugins.initialize import from_plugin_classname

    detectors: list[BasePlugin] = [from_plugin_classname(name) for name in _SHAPES]
    for path, number, line in shaped:
        for detector in detectors:
            for value in detector.analyze_string(line):
                hint = f"a value of {len(value)} characters"
                yield Leak(path, frozenset({number}), detector.secret_type, hint, is_image_default=False)
