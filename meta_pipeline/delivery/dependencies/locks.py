"""What a lock holds: every package with its releases, whatever tool wrote it."""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.dependencies.kinds import kind_of_lock
from meta_pipeline.delivery.dependencies.manifests import read_manifest


@dataclass(frozen=True)
class Lock:
    """A lock: the releases of each package, and the names of the projects that it was made for.

    `elsewhere` are packages that come from git, a folder or a URL: their version says nothing of what was asked for.
    """

    path: str
    kind: str
    versions: Mapping[str, frozenset[str]]
    projects: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()


@lru_cache(maxsize=64)
def read_lock(path: str, text: str) -> Lock | None:
    """The lock at `path`; None where it is none, or cannot be parsed."""
    kind = kind_of_lock(path)
    try:
        if kind is None:
            return _compiled(path, text)
        return _READERS[kind](path, text)
    except (ValueError, YAMLError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _compiled(path: str, text: str) -> Lock | None:
    """A requirement file as a lock: its exact versions."""
    manifest = read_manifest(path, text)
    if manifest is None or manifest.kind != "requirements":
        return None
    versions: defaultdict[str, set[str]] = defaultdict(set)
    elsewhere = set()
    for wanted in manifest.wanted:
        pins = [one.version for one in wanted.allows or () if one.operator in ("==", "===")]
        versions[wanted.name].update(pins)
        if not pins:
            elsewhere.add(wanted.name)
    return Lock(path, "compiled", _frozen(versions), elsewhere=frozenset(elsewhere))


def _toml(kind: str) -> Callable[[str, str], Lock]:
    def read(path: str, text: str) -> Lock:
        versions: defaultdict[str, set[str]] = defaultdict(set)
        projects: dict[str, str] = {}
        elsewhere = set()
        document = tomllib.loads(text)
        for package in document.get("package") or document.get("packages") or []:
            name = canonicalize_name(str(package["name"]))
            source = package.get("source", {})
            if kind == "uv" and not {"registry", "git", "url", "path"} & set(source):
                projects[name] = str(next(iter(source.values()), "."))
                continue
            versions[name].update([str(package["version"])] if "version" in package else [])
            if not _from_index(source) or {"vcs", "directory", "archive", "git", "path", "url"} & set(
                package
            ):
                elsewhere.add(name)
        return Lock(path, kind, _frozen(versions), projects, frozenset(elsewhere))

    return read


def _from_index(source: Mapping[str, Any]) -> bool:
    return not source or "registry" in source or source.get("type") == "legacy"


def _pipfile(path: str, text: str) -> Lock:
    document = json.loads(text)
    versions: defaultdict[str, set[str]] = defaultdict(set)
    elsewhere = set()
    for group in ("default", "develop"):
        for name, value in document.get(group, {}).items():
            plain = canonicalize_name(name)
            versions[plain].update([value["version"].lstrip("=")] if "version" in value else [])
            if "version" not in value:
                elsewhere.add(plain)
    return Lock(path, "pipfile", _frozen(versions), elsewhere=frozenset(elsewhere))


def _dbt(path: str, text: str) -> Lock:
    versions: defaultdict[str, set[str]] = defaultdict(set)
    elsewhere = set()
    for package in (YAML(typ="safe").load(text) or {}).get("packages") or []:
        if "package" in package:
            versions[str(package["package"])].add(str(package.get("version", "")))
        elif "git" in package:
            name = str(package["git"]).rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
            versions[name].add(str(package.get("revision", "")))
            elsewhere.add(name)
    return Lock(path, "dbt", _frozen(versions), elsewhere=frozenset(elsewhere))


def _conda(path: str, text: str) -> Lock:
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for package in (YAML(typ="safe").load(text) or {}).get("package") or []:
        versions[canonicalize_name(str(package["name"]))].add(str(package["version"]))
    return Lock(path, "conda", _frozen(versions))


def _frozen(versions: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(found) for name, found in versions.items()}


def lock_paths(manifest: str, kind: str) -> Iterator[str]:
    """Where the lock of a manifest may lie, the likeliest first."""
    folder = PurePosixPath(manifest).parent
    name = PurePosixPath(manifest).name
    if kind == "requirements":
        if name.endswith(".in"):
            yield str(folder / f"{name.removesuffix('.in')}.txt")
            yield str(folder / f"{name.removesuffix('.in')}.lock")
    elif kind == "pipfile":
        yield str(folder / "Pipfile.lock")
    elif kind == "dbt":
        yield str(folder / "package-lock.yml")
    elif kind == "conda":
        yield str(folder / "conda-lock.yml")
    elif kind in ("pyproject", "poetry", "setup"):
        yield from (str(folder / lock) for lock in ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml"))
        yield from (str(parent / "uv.lock") for parent in folder.parents)


_READERS: dict[str, Callable[[str, str], Lock | None]] = {
    "uv": _toml("uv"),
    "poetry": _toml("poetry"),
    "pdm": _toml("pdm"),
    "pylock": _toml("pylock"),
    "pipfile": _pipfile,
    "dbt": _dbt,
    "conda": _conda,
}
_COMPILED = re.compile(r"autogenerated by (pip-compile|uv)|^\s*#\s+via\b", re.MULTILINE)


def is_compiled(text: str) -> bool:
    """Whether a requirement file says that a tool compiled it from another."""
    return bool(_COMPILED.search(text))
