"""Which lines the scanners of `leaks` must look at, told by their own first conditions and without loading them.

Both scanners read line by line and begin with regular expressions; a line that none of those matches is none of
their findings. Loading CredSweeper takes seconds, and hardly any change has a line for it.
"""

import importlib.util
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LONGEST_LINE = 8000
"""CredSweeper cuts longer lines into pieces, whose ends may match where the line does not."""

_ASSIGNED = re.compile(r"[:=]|<<<|%3d|u003d", re.IGNORECASE)
_DIRECTIVE = re.compile(r"define|%global|set", re.IGNORECASE)
"""What makes a keyword a name that is given a value: a sign between the two, or a directive before them."""

_SHAPE = re.compile(
    r"AKC[a-zA-Z0-9]{10}|AP[\dA-F][a-zA-Z0-9]{8}|(?:A3T|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}|AccountKey="
    r"|[0-9A-Za-z/+]{40}|[MNO][\w-]{23,25}\.|gh[opsur]_|gl[a-z]{2,6}-|GR1348941|eyJ|[0-9a-z]{32}-us|_authToken"
    r"|T3BlbkFJ|PRIVATE|PuTTY|pypi-Ag|SG\.|(?i:xox[aboprs]-)|(?i:hooks\.slack)|sq0csp-|[rs]k_live_|\d{8,10}:[\w-]{35}"
    r"|(?:AC|SK)[a-z0-9]{32}"
)
"""What the vendors' formats of detect-secrets have in common with few other texts; a test holds it against them."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """The first conditions of one rule of CredSweeper: one of `parts`, in lower case, then `required` and `pattern`.

    Where `is_keyword`, `pattern` is only the name; `is_spread` rules join several lines.
    """

    parts: tuple[str, ...]
    required: str
    pattern: str
    is_keyword: bool
    is_spread: bool

    def fits(self, line: str, lowered: str) -> bool:
        if self.parts and not any(part in lowered for part in self.parts):
            return False
        if self.required and not re.search(self.required, line):
            return False
        if not self.is_keyword:
            return re.search(self.pattern, line) is not None
        name = re.search(self.pattern, line, re.IGNORECASE)
        return name is not None and bool(_ASSIGNED.search(line, name.end()) or _DIRECTIVE.search(line))


def worth_weighing(path: str, data: bytes, numbers: Collection[int]) -> bool:
    """Whether CredSweeper can find anything in a file that concerns the lines of these numbers, counted from 1."""
    rules = _rules()
    text = _plain(path, data)
    if rules is None or text is None:
        return True
    lines = text.split("\n")
    wanted = [lines[number - 1] for number in numbers if number <= len(lines)]
    if any(len(line) > _LONGEST_LINE for line in wanted):
        return True
    return any(_fits(line, rules) for line in wanted) or any(
        _fits(line, [rule for rule in rules if rule.is_spread]) for line in lines
    )


def shaped_lines(text: str, numbers: Collection[int]) -> Iterator[tuple[int, str]]:
    """The lines of these numbers that may hold a value in a vendor's format."""
    for number, line in enumerate(text.split("\n"), start=1):
        if number in numbers and _SHAPE.search(line):
            yield number, line


def _fits(line: str, rules: Collection[_Rule]) -> bool:
    lowered = line.lower()
    return any(rule.fits(line, lowered) for rule in rules)


def _plain(path: str, data: bytes) -> str | None:
    """The text as CredSweeper reads it; None where it does more than to decode UTF-8 and to split the lines."""
    if path.casefold().endswith(".xml") or b"\0" in data[:2]:
        return None
    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n")
    return None if "�" in text else text


@cache
def _rules() -> tuple[_Rule, ...] | None:
    """The rules for source code that the installed CredSweeper comes with; None where they are not as known here."""
    package = importlib.util.find_spec("credsweeper")
    folders = package.submodule_search_locations if package else None
    try:
        written = Path(next(iter(folders or ())), "rules", "config.yaml").read_bytes()
        return tuple(
            _rule(given) for given in yaml.load(written, yaml.CSafeLoader) if "code" in given["target"]
        )
    except (OSError, StopIteration, LookupError, TypeError, ValueError, yaml.YAMLError):
        return None


def _rule(given: Mapping[str, Any]) -> _Rule:
    kind = str(given["type"])
    if kind not in ("pattern", "keyword", "multi", "pem_key"):
        raise ValueError(f"the kind of rule '{kind}' is not known here")
    patterns = given["values"]
    return _Rule(
        parts=tuple(part.strip().lower() for part in given.get("required_substrings", ())),
        required=given.get("required_regex") or "",
        # A rule of other kinds with several patterns needs the first one in any case.
        pattern="|".join(f"(?:{each})" for each in patterns) if kind == "keyword" else patterns[0],
        is_keyword=kind == "keyword",
        is_spread=kind in ("multi", "pem_key"),
    )
