"""Which Airflow a repository is written for, as far as its files tell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.airflow.static.ignore import Syntax

_MANIFEST = re.compile(
    r"(?:.*/)?(?:requirements[^/]*\.(?:txt|in|lock)|pylock\.toml|constraints[^/]*\.txt|pyproject\.toml|setup\.(?:py|cfg)"
    r"|Pipfile|Dockerfile[^/]*|[^/]*\.Dockerfile|docker-compose[^/]*\.ya?ml|uv\.lock|poetry\.lock|environment\.ya?ml)"
)
_REQUIREMENT = re.compile(
    rb"(?<![\w-])apache[-_]airflow(?:-core)?(?:\[[^\]\n]*\])?[\"']?\s*(?:[=~>^]=?=?\s*|=\s*[\"'][=~>^]*\s*)"
    rb"[\"']?(\d+(?:\.\d+){0,2})"
)
_LOCKED = re.compile(rb'name = "apache-airflow"\s+version = "(\d+(?:\.\d+){0,2})')
_IMAGE = re.compile(rb"apache/airflow:(?:slim-)?(\d+(?:\.\d+){0,2})")
_THREE = re.compile(rb"\bairflow\.sdk\b")
_TWO = re.compile(
    rb"\bschedule_interval\s*=|\bairflow\.utils\.dates\b|\bairflow\.operators\.\w+_operator\b|\bairflow\.contrib\b"
    rb"|\bairflow\.operators\.(?:dummy|subdag)\b"
)


_SETTINGS = re.compile(
    r"(?:.*/)?(?:airflow\.cfg|Dockerfile[^/]*|[^/]*\.Dockerfile|[^/]*compose[^/]*\.ya?ml|[^/]*\.env|values[^/]*\.ya?ml)"
)
_SYNTAX = re.compile(
    rb"(?:AIRFLOW__CORE__)?DAG_IGNORE_FILE_SYNTAX[\"']?\s*[=:\s]\s*[\"']?(glob|regexp)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class AirflowVersion:
    """`text` is what the files say (`unresolved` where they say nothing); `major` is None where they disagree."""

    text: str
    major: int | None


def airflow_version(tree: Tree, dag_files: Iterable[bytes]) -> AirflowVersion:
    """The version in the dependency manifests and images; else what the imports of the DAG files need."""
    named = sorted(
        {
            version
            for path, entry in tree.entries().items()
            if _MANIFEST.fullmatch(path)
            for version in _named_in(tree.read(path) or b"", entry.content)
        }
    )
    majors = {int(version.partition(".")[0]) for version in named}
    if len(majors) == 1:
        return AirflowVersion(max(named, key=len), majors.pop())
    found = {major for data in dag_files for major in _needed_by(data)}
    if len(found) == 1:
        major = found.pop()
        return AirflowVersion(str(major), major)
    return AirflowVersion("unresolved", None)


def ignore_syntax(tree: Tree, major: int | None) -> Syntax:
    """How `.airflowignore` files are written: as the settings in the repository say, or by Airflow's default."""
    for path, entry in sorted(tree.entries().items()):
        if _SETTINGS.fullmatch(path):
            chosen = _syntax_in(tree.read(path) or b"", entry.content)
            if chosen:
                return "glob" if chosen == "glob" else "regexp"
    return "regexp" if major == 2 else "glob"


@lru_cache(maxsize=1024)
def _syntax_in(data: bytes, content: str) -> str | None:
    found = _SYNTAX.search(data)
    return found[1].decode().lower() if found else None


@lru_cache(maxsize=1024)
def _named_in(data: bytes, content: str) -> tuple[str, ...]:
    found = [*_REQUIREMENT.findall(data), *_LOCKED.findall(data), *_IMAGE.findall(data)]
    return tuple(version.decode() for version in found)


@lru_cache(maxsize=4096)
def _needed_by(data: bytes) -> tuple[int, ...]:
    return (*((3,) if _THREE.search(data) else ()), *((2,) if _TWO.search(data) else ()))
