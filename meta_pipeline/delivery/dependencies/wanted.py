"""One dependency as a manifest asks for it, and how exactly."""

import re
from dataclasses import dataclass
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

Exactness = Literal["exact", "bounded", "tagged", "open"]
"""`exact` names one release or commit, `tagged` a git tag; `bounded` has an upper bound; `open` takes the newest."""

_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_TAG = re.compile(r"(release[-/_])?v?\d+(\.\d+)+\S*|[\w-]+[-_@/]v?\d+(\.\d+)+\S*")
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+(?P<url>[^\s#;]+)(?:#(?P<fragment>\S+))?")
_EGG = re.compile(r"(?:egg|name)=([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A dependency: `name` in its canonical form, `asks` as it is written, `line` in its file.

    `allows` are the releases it takes, None where they are no question of versions (a URL, a folder, a git revision).
    `conditional` marks one that only some platforms or extras install.
    """

    name: str
    asks: str
    line: int
    exactness: Exactness
    allows: SpecifierSet | None = None
    conditional: bool = False
    revision: str | None = None


def exactness_of(allows: SpecifierSet) -> Exactness:
    """How much freedom a set of specifiers leaves."""
    operators = {(one.operator, one.version.endswith(".*")) for one in allows}
    if operators & {("==", False), ("===", False)}:
        return "exact"
    return "bounded" if operators & {("==", True), ("~=", False), ("<", False), ("<=", False)} else "open"


def of_revision(revision: str | None) -> Exactness:
    """How exactly a git revision names what it brings: a commit never moves, a tag seldom, a branch always."""
    if revision and _COMMIT.fullmatch(revision):
        return "exact"
    return "tagged" if revision and _TAG.fullmatch(revision) else "open"


def satisfied(wanted: Wanted, versions: frozenset[str]) -> bool:
    """Whether one of these releases is what `wanted` takes; what is no release counts as taken."""
    if wanted.allows is None:
        return True
    try:
        found = [Version(version) for version in versions]
    except InvalidVersion:
        return True
    return not found or any(wanted.allows.contains(version, prereleases=True) for version in found)


def from_text(text: str, line: int) -> Wanted | None:
    """A requirement of PEP 508, or a git address as pip takes it; None where it is a folder or cannot be read."""
    plain = text.strip()
    vcs = _VCS.search(plain)
    if vcs is not None:
        return _of_address(plain, vcs, line)
    try:
        read = Requirement(plain)
    except InvalidRequirement:
        return None
    name = canonicalize_name(read.name)
    conditional = read.marker is not None
    if read.url is not None:
        exactness: Exactness = "exact"
        return Wanted(name, plain, line, exactness, None, conditional)
    return Wanted(name, plain, line, exactness_of(read.specifier), read.specifier, conditional)


def _of_address(plain: str, vcs: re.Match[str], line: int) -> Wanted | None:
    address, _, revision = vcs["url"].partition("://")[2].rpartition("@")
    if not address or "/" not in address:
        address, revision = vcs["url"], ""
    egg = _EGG.search(vcs["fragment"] or "")
    named = re.match(r"([\w.-]+)(?:\[[^\]]*\])?\s*@", plain)
    name = (
        named[1] if named else egg[1] if egg else address.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    )
    return Wanted(
        canonicalize_name(name), plain, line, of_revision(revision or None), None, False, revision or ""
    )


def from_caret(name: str, text: str, line: int, *, conditional: bool = False) -> Wanted:
    """A dependency as Poetry writes it: `^1.2`, `~1.2`, `1.2.*`, `*`, `>=1,<2` or a bare exact version."""
    plain = canonicalize_name(name)
    asks = f"{name} {text}"
    clauses = []
    for part in text.split("||", maxsplit=1)[0].replace(" ", "").split(","):
        clause = _clause(part)
        if clause is None:
            return Wanted(plain, asks, line, "open" if text.strip() == "*" else "bounded", None, conditional)
        clauses.append(clause)
    try:
        allows = SpecifierSet(",".join(clause for clause in clauses if clause))
    except InvalidSpecifier:
        return Wanted(plain, asks, line, "bounded", None, conditional)
    return Wanted(plain, asks, line, exactness_of(allows), None if "||" in text else allows, conditional)


def _clause(part: str) -> str | None:
    """Poetry's clause in the words of PEP 440; empty where it takes everything, None where it cannot be said."""
    if part in ("*", ""):
        return ""
    if part[0] == "^" or (part[0] == "~" and part[1:2] != "="):
        try:
            release = list(Version(part[1:]).release)
        except InvalidVersion:
            return None
        if part[0] == "^":
            kept = next((n for n, number in enumerate(release) if number), len(release) - 1)
        else:
            kept = min(1, len(release) - 1)
        upper = [*release[:kept], release[kept] + 1]
        return f">={part[1:]},<{'.'.join(map(str, upper))}"
    if part[0].isdigit():
        return f"=={part}"
    return part if not part.startswith("=") or part.startswith("==") else f"={part}"
