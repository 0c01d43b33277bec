"""Dependency manifests and locks of a repository, and whether they name exact versions."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.context import Manifest
from meta_pipeline.delivery.tree import Tree, text_of

_Reading = tuple[bool, int]
"""Whether every package has an exact version, and how many packages there are."""

_PINNED = re.compile(r"[^=!<>~]===?\s*[\w.!+]+(?![\w.*])|\s@\s")
_IMAGE = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<alias>\S+))?", re.IGNORECASE | re.MULTILINE
)


def manifests_of(tree: Tree) -> tuple[Manifest, ...]:
    """Every manifest and lock, in the order of the paths; one that cannot be parsed counts as unlocked and empty."""
    found = []
    for path in sorted(tree.entries()):
        kind = _kind(path)
        if kind is None:
            continue
        try:
            locked, packages = _READERS[kind](text_of(tree, path) or "")
        except (ValueError, YAMLError, TypeError, AttributeError, RecursionError):
            locked, packages = False, 0
        found.append(Manifest(path=path, kind=kind, locked=locked, packages=packages))
    return tuple(found)


def _kind(path: str) -> str | None:
    name = PurePosixPath(path).name
    if re.fullmatch(r"[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in|lock)", name):
        return "pip-compile" if name.endswith(".in") else "requirements"
    if name == "Dockerfile" or name.startswith("Dockerfile.") or name.endswith(".Dockerfile"):
        return "container"
    return _NAMES.get(name)


def _requirements(text: str) -> _Reading:
    lines = [line.split(" #")[0].strip() for line in text.replace("\\\n", " ").splitlines()]
    wanted = [line for line in lines if line and not line.startswith(("#", "-"))]
    return all(_PINNED.search(line.split(";")[0]) for line in wanted), len(wanted)


def _pyproject(text: str) -> _Reading:
    document = tomllib.loads(text)
    project = document.get("project", {})
    wanted = list(project.get("dependencies", []))
    for group in project.get("optional-dependencies", {}).values():
        wanted += group
    poetry = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return False, len(wanted) + sum(name != "python" for name in poetry)


def _toml_lock(text: str) -> _Reading:
    return True, len(tomllib.loads(text).get("package", []))


def _pipfile_lock(text: str) -> _Reading:
    document = json.loads(text)
    return True, sum(len(document.get(group, {})) for group in ("default", "develop"))


def _toml_counting(*tables: str) -> Callable[[str], _Reading]:
    def read(text: str) -> _Reading:
        document = tomllib.loads(text)
        return False, sum(len(document.get(table, {})) for table in tables)

    return read


def _code(text: str) -> _Reading:
    # What code installs cannot be known without running it.
    return False, text.count("install_requires")


def _container(text: str) -> _Reading:
    stages = {match["alias"] for match in _IMAGE.finditer(text) if match["alias"]}
    images = [match["image"] for match in _IMAGE.finditer(text) if match["image"] not in stages | {"scratch"}]
    return all("@sha256:" in image for image in images), len(images)


def _conda(text: str) -> _Reading:
    wanted: list[Any] = (YAML(typ="safe").load(text) or {}).get("dependencies") or []
    flat = [
        str(item)
        for entry in wanted
        for item in (entry.get("pip", []) if isinstance(entry, dict) else [entry])
    ]
    return all(re.search(r"={1,2}\d[\w.]*", item) for item in flat if item != "pip"), len(flat)


def _conda_lock(text: str) -> _Reading:
    return True, len((YAML(typ="safe").load(text) or {}).get("package") or [])


def _dbt_packages(text: str) -> _Reading:
    packages = (YAML(typ="safe").load(text) or {}).get("packages") or []
    return all(isinstance(p.get("version", p.get("revision")), str) for p in packages), len(packages)


_READERS: dict[str, Callable[[str], _Reading]] = {
    "requirements": _requirements,
    "pip-compile": lambda text: (False, _requirements(text)[1]),
    "pyproject": _pyproject,
    "poetry-lock": _toml_lock,
    "uv-lock": _toml_lock,
    "pipfile": _toml_counting("packages", "dev-packages"),
    "pipfile-lock": _pipfile_lock,
    "setup": _code,
    "container": _container,
    "conda": _conda,
    "conda-lock": _conda_lock,
    "dbt-packages": _dbt_packages,
}
_NAMES = {
    "pyproject.toml": "pyproject",
    "poetry.lock": "poetry-lock",
    "uv.lock": "uv-lock",
    "pylock.toml": "uv-lock",
    "Pipfile": "pipfile",
    "Pipfile.lock": "pipfile-lock",
    "setup.py": "setup",
    "setup.cfg": "setup",
    "environment.yml": "conda",
    "environment.yaml": "conda",
    "conda-lock.yml": "conda-lock",
    "packages.yml": "dbt-packages",
}
