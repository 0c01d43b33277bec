"""Which schedulers a repository uses, and which folders hold their pipelines."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.found.answer import listed
from meta_pipeline.schedulers.found.code_locations import code_locations
from meta_pipeline.schedulers.found.dbt_projects import projects_of

KINDS: tuple[SchedulerKind, ...] = ("airflow", "dagster", "prefect", "dbt")
MAX_NAMED_FILES = 3

_IMPORTS: dict[SchedulerKind, re.Pattern[bytes]] = {
    kind: re.compile(rb"^[ \t]*(?:from|import)[ \t]+" + kind.encode() + rb"(?=[\s.,])", re.MULTILINE)
    for kind in KINDS
}
_PIPELINES: dict[SchedulerKind, re.Pattern[bytes]] = {
    "airflow": re.compile(
        rb"\bDAG[ \t]*\(|^[ \t]*@(?:\w+\.)*(?:dag|asset)\b|\w(?:Dag|DAG)[ \t]*\(", re.MULTILINE
    ),
    "dagster": re.compile(
        rb"\bDefinitions[ \t]*\(|^[ \t]*@(?:\w+\.)*(?:asset|multi_asset|job|op|graph|definitions|schedule|sensor)\b",
        re.MULTILINE,
    ),
    "prefect": re.compile(rb"^[ \t]*@(?:\w+\.)*flow\b", re.MULTILINE),
}
_MANIFEST = re.compile(
    r"(?:requirements|constraints)[^/]*\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)|Pipfile|environment\.ya?ml"
)
_NAMED: dict[SchedulerKind, re.Pattern[bytes]] = {
    "airflow": re.compile(rb"(?<![\w-])apache[-_]airflow(?![\w-])", re.IGNORECASE),
    "dagster": re.compile(rb"(?<![\w-])dagster(?![\w-])", re.IGNORECASE),
    "prefect": re.compile(rb"(?<![\w-])prefect(?![\w-])", re.IGNORECASE),
    "dbt": re.compile(rb"(?<![\w-])dbt[-_]core(?![\w-])", re.IGNORECASE),
}
_ENTRYPOINT = re.compile(r"^\s*-?\s*entrypoint:\s*[\"']?(?P<file>[^\s\"':]+\.py):", re.MULTILINE)
_IMAGE = re.compile(rb"\bapache/airflow:")
_SKIPPED = re.compile(r"(?:^|/)(?:\.git|\.venv|venv|node_modules|site-packages|dbt_packages|tests?)/")


@dataclass(frozen=True)
class Detected:
    """One scheduler in use; `paths` are folders of pipelines (`.` is the root), `reasons` say how that is known."""

    kind: SchedulerKind
    paths: tuple[str, ...]
    reasons: tuple[str, ...]


def detect(tree: Tree) -> tuple[Detected, ...]:
    """The schedulers that `tree` uses, in the order airflow, dagster, prefect, dbt.

    A scheduler that is only named as a dependency is not in use: there must be pipelines or its project file.
    """
    paths = [path for path in sorted(tree.entries()) if not _SKIPPED.search(path)]
    return tuple(found for kind in KINDS if (found := _detect_kind(tree, paths, kind)))


def _detect_kind(tree: Tree, paths: list[str], kind: SchedulerKind) -> Detected | None:
    folders, reasons = _project_files(tree, paths, kind)
    if kind != "dbt":
        files = [
            path for path in paths if path.endswith(".py") and _holds_pipelines(tree.read(path) or b"", kind)
        ]
        if files:
            folders = folders or _common_folders(files, kind)
            more = f" and {len(files) - MAX_NAMED_FILES} more" if len(files) > MAX_NAMED_FILES else ""
            verbs = ("imports", "defines") if len(files) == 1 else ("import", "define")
            named = f"{', '.join(files[:MAX_NAMED_FILES])}{more}"
            reasons.append(f"{named} {verbs[0]} {kind} and {verbs[1]} pipelines")
    if not folders:
        return None
    reasons += [f"{path} names {_package(kind)}" for path in _manifests(tree, paths, kind)]
    return Detected(kind, tuple(folders), tuple(reasons))


def _package(kind: SchedulerKind) -> str:
    return {"airflow": "apache-airflow", "dbt": "dbt-core"}.get(kind, kind)


@lru_cache(maxsize=16_384)
def _holds_pipelines(data: bytes, kind: SchedulerKind) -> bool:
    return bool(_IMPORTS[kind].search(data) and _PIPELINES[kind].search(data))


def _manifests(tree: Tree, paths: Iterable[str], kind: SchedulerKind) -> list[str]:
    found = [
        path
        for path in paths
        if _MANIFEST.fullmatch(posixpath.basename(path)) and _NAMED[kind].search(tree.read(path) or b"")
    ]
    if kind == "airflow":
        found += [
            path
            for path in paths
            if posixpath.basename(path).startswith(("Dockerfile", "docker-compose"))
            and _IMAGE.search(tree.read(path) or b"")
        ]
    return found


def _project_files(tree: Tree, paths: list[str], kind: SchedulerKind) -> tuple[list[str], list[str]]:
    """The folders that a scheduler's own project files name, and why."""
    if kind == "dagster":
        # What developers load counts; `init` tells where what is deployed is more than that.
        located = list(islice(code_locations(tree), 1))
        return [folder for each in located for folder in each.folders], [each.reason for each in located]
    if kind == "prefect":
        return _deployed_flows(tree, paths)
    if kind == "dbt":
        projects = projects_of(tree)
        return [each.folder for each in projects], [f"{each.path} is there" for each in projects]
    found = [path for path in paths if posixpath.basename(path) == ".airflowignore"]
    folders = [posixpath.dirname(path) or "." for path in found]
    return list(dict.fromkeys(folders)), [f"{path} is there" for path in found]


def _deployed_flows(tree: Tree, paths: list[str]) -> tuple[list[str], list[str]]:
    """The folders of the flows that `prefect.yaml` files deploy; of a file without any, its own."""
    there = set(paths)
    flows: list[str] = []
    folders: list[str] = []
    reasons = []
    for path in paths:
        if posixpath.basename(path) == "prefect.yaml":
            text = (tree.read(path) or b"").decode("utf-8", "replace")
            named = {posixpath.normpath(match["file"]) for match in _ENTRYPOINT.finditer(text)} & there
            flows += named
            folders += [] if named else [posixpath.dirname(path) or "."]
            reasons.append(f"{path} deploys {listed(sorted(named))}" if named else f"{path} is there")
    return _outermost([*_common_folders(flows, "prefect"), *folders]), reasons


def _common_folders(files: list[str], kind: SchedulerKind) -> list[str]:
    """The outermost `dags` (or `flows`) folder over each file; where there is none, the file's own folder."""
    usual = {"airflow": "dags", "prefect": "flows"}.get(kind)
    folders = set()
    for path in files:
        parts = path.split("/")[:-1]
        cut = parts.index(usual) + 1 if usual in parts else len(parts)
        folders.add("/".join(parts[:cut]) or ".")
    return _outermost(folders)


def _outermost(folders: Iterable[str]) -> list[str]:
    """The folders that lie in no other one."""
    found = set(folders)
    return sorted(
        folder
        for folder in found
        if not any(other == "." or folder.startswith(f"{other}/") for other in found if other != folder)
    )
