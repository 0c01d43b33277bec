"""Which Python runs a repository's pipelines."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.schedulers.found.answer import Answer, Doubt, own_paths

KEY = "environment.python"
DEFAULT = EnvironmentPolicy().python
_KNOWN = tuple(f"3.{minor}" for minor in range(8, 15))

_PINNED = re.compile(r"^[ \t]*(?:cpython-)?(?P<version>3\.\d+)", re.MULTILINE)
_ARGUMENT = re.compile(r"^[ \t]*ARG\s+(?P<name>\w+)=[\"']?(?P<value>[^\s\"']+)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(r"^[ \t]*FROM\s+(?:--\S+\s+)*(?P<image>\S+)", re.IGNORECASE | re.MULTILINE)
_VARIABLE = re.compile(r"\$\{?(?P<name>\w+)(?::-[^}]*)?\}?")
_IN_IMAGE = re.compile(r"(?:^|[/:-])python:?(?P<version>3\.\d+)")
_COMPILED_FOR = re.compile(r"^#.*\b(?:with Python|--python-version[ =])\s*(?P<version>3\.\d+)", re.MULTILINE)
_IN_WORKFLOW = re.compile(r"python-version:\s*[\"']?(?P<version>3\.\d+)")
_SETUP_RANGE = re.compile(r"python_requires\s*=\s*[\"']?(?P<range>[^\"'\n#]+)")


@dataclass(frozen=True, slots=True)
class _Said:
    """A version that a file names, and how it does."""

    version: str
    reason: str


def python_version(tree: Tree) -> Answer[str]:
    """The version as `3.11`: what `.python-version` or an image pins, else one that the project allows.

    Patch versions are left out, as any of them runs the same code and not all of them are on a machine.
    """
    paths = own_paths(tree)
    pinned = [*_from_python_version(tree), *_from_images(tree, paths)]
    allowed = _allowed(tree)
    if allowed and not (pinned and pinned[0].reason.startswith(".python-version")):
        fitting = [said for said in pinned if allowed[0].contains(said.version)]
        return _settled(fitting) if fitting else _within(*allowed, others=pinned)
    if pinned:
        return _settled(pinned)
    used = [*_from_compiled(tree, paths), *_from_workflows(tree, paths)]
    if used:
        return _settled(used)
    sentence = f'no file says which Python runs the pipelines, so {DEFAULT} is taken; write it under {KEY}, as "3.12".'
    return Answer(DEFAULT, doubts=(Doubt(KEY, sentence),))


def _settled(said: list[_Said]) -> Answer[str]:
    first = said[0]
    other = next((each for each in said if each.version != first.version), None)
    if other is None:
        return Answer(first.version, first.reason)
    sentence = f"{first.reason}, but {other.reason}; see that {KEY} is the version that runs the pipelines."
    return Answer(first.version, first.reason, (Doubt(KEY, sentence),))


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
    match = _PINNED.search(text_of(tree, ".python-version") or "")
    if match:
        yield _Said(match["version"], f".python-version says {match['version']}")


def _from_images(tree: Tree, paths: tuple[str, ...]) -> Iterator[_Said]:
    files = [path for path in paths if path.rpartition("/")[2].startswith("Dockerfile")]
    for path in sorted(files, key=lambda path: (path.count("/"), path)):
        for image in images_of(text_of(tree, path) or ""):
            match = _IN_IMAGE.search(image)
            if match:
                yield _Said(match["version"], f"{path} is built on {image}")


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
            match = _COMPILED_FOR.search((text_of(tree, path) or "")[:2000])
            if match:
                yield _Said(match["version"], f"{path} was compiled for Python {match['version']}")


def _from_workflows(tree: Tree, paths: tuple[str, ...]) -> Iterator[_Said]:
    for path in paths:
        if path.startswith(".github/workflows/"):
            for match in _IN_WORKFLOW.finditer(text_of(tree, path) or ""):
                yield _Said(match["version"], f"{path} uses Python {match['version']}")


def _allowed(tree: Tree) -> tuple[SpecifierSet, str] | None:
    for path, text in _ranges(tree):
        try:
            return SpecifierSet(_as_specifiers(text)), f"{path} asks for Python {text.strip()}"
        except InvalidSpecifier:
            continue
    return None


def _ranges(tree: Tree) -> Iterator[tuple[str, str]]:
    document = toml_of(tree, "pyproject.toml")
    project = table(document, "project").get("requires-python")
    poetry = table(document, "tool", "poetry", "dependencies").get("python")
    for value in (project, poetry):
        if isinstance(value, str):
            yield "pyproject.toml", value
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


def toml_of(tree: Tree, path: str) -> Mapping[str, Any]:
    """A TOML file; empty where it is absent or cannot be read."""
    try:
        return tomllib.loads(text_of(tree, path) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """A table inside a TOML document; empty where there is none."""
    node: Any = document
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}
