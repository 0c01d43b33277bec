"""Which Python runs a repository's pipelines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.schedulers.found.answer import Answer, Doubt, own_paths
from meta_pipeline.schedulers.found.ci import ci_files
from meta_pipeline.schedulers.found.toml_files import table, toml_of

KEY = "environment.python"
DEFAULT: str = EnvironmentPolicy.model_fields["python"].default
_KNOWN = tuple(f"3.{minor}" for minor in range(8, 15))

_PINNED = re.compile(r"^[ \t]*(?:cpython-)?(?P<version>3\.\d+)", re.MULTILINE)
_ARGUMENT = re.compile(r"^[ \t]*ARG\s+(?P<name>\w+)=[\"']?(?P<value>[^\s\"']+)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(r"^[ \t]*FROM\s+(?:--\S+\s+)*(?P<image>\S+)", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)(?::-[^}]*)?\}?")
_IN_IMAGE = re.compile(r"(?:^|[/:-])python:?(?P<version>3\.\d+)")
_COMPILED_FOR = re.compile(r"^#.*\b(?:with Python|--python-version[ =])\s*(?P<version>3\.\d+)", re.MULTILINE)
_IN_WORKFLOW = re.compile(
    r"(?:python[-_]version[\"']?:|image:\s*[\"']?(?:cimg/|circleci/)?python:|python:)(?P<versions>[^\n#]*)"
)
_VERSION = re.compile(r"(?<![\d.])3\.\d+")
_CHECKED_FOR = re.compile(
    r"^(?:target-version|python_version)\s*=\s*\[?[\"']?(?:py)?3\.?(?P<minor>\d+)", re.MULTILINE
)
_SETUP_RANGE = re.compile(r"python_requires\s*=\s*[\"']?(?P<range>[^\"'\n#]+)")


@dataclass(frozen=True, slots=True)
class _Said:
    """A version that a file names, where and how it does; `kind` is the kind of file."""

    version: str
    where: str
    how: str
    kind: str

    @property
    def reason(self) -> str:
        return f"{self.where} {self.how}"


def python_version(tree: Tree, projects: Sequence[str] = ("pyproject.toml",)) -> Answer[str]:
    """The version as `3.11`: what `.python-version` or an image pins, else one that all `projects` allow.

    Patch versions are left out, as any of them runs the same code and not all of them are on a machine.
    """
    paths = own_paths(tree)
    pinned = [*_from_python_version(tree), *_from_images(tree, paths)]
    used = [*_from_compiled(tree, paths), *_from_ci(tree), *_from_images(tree, paths, of_editors=True)]
    allowed = _allowed(tree, projects)
    if allowed and not (pinned and pinned[0].where.startswith(".python-version")):
        fitting = [said for said in (*pinned, *used) if allowed[0].contains(said.version)]
        return _settled(fitting) if fitting else _within(*allowed, others=pinned)
    if pinned or used:
        return _settled([*pinned, *used])
    checked = _checked_for(tree)
    if checked:
        return Answer(checked.version, checked.reason)
    sentence = f'no file says which Python runs the pipelines, so {DEFAULT} is taken; write it under {KEY}, as "3.12".'
    return Answer(DEFAULT, doubts=(Doubt(KEY, sentence),))


def _settled(said: list[_Said]) -> Answer[str]:
    """The first version, doubted where a file of another kind never names it."""
    first = said[0]
    by_kind: dict[str, list[_Said]] = {}
    for each in said:
        by_kind.setdefault(each.kind, []).append(each)
    for others in by_kind.values():
        if all(other.version != first.version for other in others):
            sentence = f"{first.reason}, but {others[0].reason}; see that {KEY} is the version that runs the pipelines."
            return Answer(first.version, first.reason, (Doubt(KEY, sentence),))
    return Answer(first.version, first.reason)


def _within(allowed: SpecifierSet, reason: str, others: list[_Said]) -> Answer[str]:
    fitting = [version for version in _KNOWN if allowed.contains(version)]
    if not fitting:
        sentence = (
            f"{reason}, which no Python from {_KNOWN[0]} to {_KNOWN[-1]} fits; write the version under {KEY}."
        )
        return Answer(DEFAULT, doubts=(Doubt(KEY, sentence),))
    version = DEFAULT if DEFAULT in fitting else fitting[0]
    if not others:
        return Answer(version, reason)
    sentence = f"{reason}, but {others[0].reason}; see that {KEY} is the version that runs the pipelines."
    return Answer(version, reason, (Doubt(KEY, sentence),))


def _from_python_version(tree: Tree) -> Iterator[_Said]:
    text = text_of(tree, ".python-version") or ""
    match = _PINNED.search(text)
    if match:
        yield _Said(match["version"], _at(".python-version", text, match), f"says {match['version']}", "pin")


def _from_images(tree: Tree, paths: tuple[str, ...], *, of_editors: bool = False) -> Iterator[_Said]:
    """The images of the outermost Dockerfiles: one further in is for a single tool or job.

    An image of a development container is what an editor runs in, and says less than what CI runs.
    """
    said = [
        _Said(match["version"], f"{path}:{line_number}", f"is built on {image}", "image")
        for path in paths
        if path.rpartition("/")[2].startswith("Dockerfile")
        for image, line_number in _images_with_lines(text_of(tree, path) or "")
        if (match := _IN_IMAGE.search(image)) and ("devcontainer" in image) == of_editors
    ]
    outermost = min((each.where.count("/") for each in said), default=0)
    yield from (each for each in said if each.where.count("/") == outermost)


def _images_with_lines(dockerfile: str) -> Iterator[tuple[str, int]]:
    starts = [match.start("image") for match in _FROM.finditer(dockerfile)]
    lines = (dockerfile.count("\n", 0, start) + 1 for start in starts)
    return zip(images_of(dockerfile), lines, strict=True)


def images_of(dockerfile: str) -> list[str]:
    """The images that a Dockerfile starts from, with the defaults of its arguments filled in."""
    arguments = {match["name"]: match["value"] for match in _ARGUMENT.finditer(dockerfile)}
    return [
        _VARIABLE.sub(lambda variable: arguments.get(variable["name"], variable[0]), match["image"])
        for match in _FROM.finditer(dockerfile)
    ]


def _from_compiled(tree: Tree, paths: tuple[str, ...]) -> Iterator[_Said]:
    for path in paths:
        if "/" not in path and path.startswith("requirements") and path.endswith((".txt", ".lock")):
            text = (text_of(tree, path) or "")[:2000]
            match = _COMPILED_FOR.search(text)
            if match:
                version = match["version"]
                yield _Said(version, _at(path, text, match), f"was compiled for Python {version}", "lock")


def _from_ci(tree: Tree) -> Iterator[_Said]:
    for path in ci_files(tree):
        text = text_of(tree, path) or ""
        for match in _IN_WORKFLOW.finditer(text):
            for version in _VERSION.findall(match["versions"]):
                yield _Said(version, _at(path, text, match), f"uses Python {version}", "ci")


def _checked_for(tree: Tree) -> _Said | None:
    """The version that the settings of a linter or type checker name: the least that says anything."""
    for path in ("pyproject.toml", "ruff.toml", ".ruff.toml", "mypy.ini"):
        text = text_of(tree, path) or ""
        match = _CHECKED_FOR.search(text)
        if match:
            version = f"3.{match['minor']}"
            return _Said(
                version, _at(path, text, match), f"has the code checked for Python {version}", "linter"
            )
    return None


def _at(path: str, text: str, match: re.Match[str]) -> str:
    return f"{path}:{text.count(chr(10), 0, match.start(match.lastgroup or 0)) + 1}"


def _allowed(tree: Tree, projects: Sequence[str]) -> tuple[SpecifierSet, str] | None:
    """What every project allows, and the words of the first that says so."""
    found: list[tuple[SpecifierSet, str]] = []
    for path, text in _ranges(tree, projects):
        try:
            found.append((SpecifierSet(_as_specifiers(text)), f"{path} asks for Python {text.strip()}"))
        except InvalidSpecifier:
            continue
    if not found:
        return None
    together = SpecifierSet(",".join(str(specifiers) for specifiers, _ in found))
    return together, found[0][1]


def _ranges(tree: Tree, projects: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in projects:
        document = toml_of(tree, path)
        project = table(document, "project").get("requires-python")
        poetry = table(document, "tool", "poetry", "dependencies").get("python")
        yield from ((path, value) for value in (project, poetry) if isinstance(value, str))
    for path in ("setup.cfg", "setup.py"):
        match = _SETUP_RANGE.search(text_of(tree, path) or "")
        if match:
            yield path, match["range"].strip()


def _as_specifiers(text: str) -> str:
    """Poetry's `^3.10` and `~3.10` as the specifiers that they stand for."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return ",".join(_as_specifier(part) for part in parts)


def _as_specifier(part: str) -> str:
    if part.startswith("^"):
        return f">={part[1:]},<4"
    if part.startswith("~") and not part.startswith("~="):
        return f"=={'.'.join(part[1:].split('.')[:2])}.*"
    return f"=={part}" if part[:1].isdigit() else part
