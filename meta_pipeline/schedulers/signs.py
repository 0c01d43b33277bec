"""How one scheduler is known in a repository: by its project files, or by what Python files import and define."""

import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.source.contents import ContentTest

MAX_NAMED_FILES = 3

_MANIFEST = re.compile(
    r"(?:^|/)(?:(?:requirements|constraints)[^/]*\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)|Pipfile"
    r"|environment\.ya?ml)\Z"
)
_MANIFEST_ENDS = (
    *(".txt", ".in", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "environment.yml"),
    "environment.yaml",
)
_CONTAINER = re.compile(r"(?:^|/)(?:Dockerfile|docker-compose)[^/]*\Z")

ProjectFiles = Callable[[Tree, Sequence[str]], tuple[list[str], list[str]]]
"""The folders that a scheduler's own project files among these paths name, and how that is known."""


@dataclass(frozen=True)
class Detected:
    """One scheduler in use; `paths` are folders of pipelines (`.` is the root), `reasons` say how that is known."""

    kind: SchedulerKind
    paths: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Signs:
    """What tells that a repository uses a scheduler.

    `package` is its distribution. `pipelines` matches source that defines some, where they are Python at all;
    `usual_folder` is what their folder is mostly called, `library_folder` that of code which they import. `builders`
    are packages that make pipelines of other files, so that code imports them in place of the scheduler. `image`
    matches a container file that brings the scheduler.
    """

    kind: SchedulerKind
    package: str
    project_files: ProjectFiles
    pipelines: re.Pattern[bytes] | None = None
    usual_folder: str | None = None
    library_folder: str | None = None
    builders: tuple[str, ...] = ()
    image: re.Pattern[bytes] | None = None


def detected(tree: Tree, paths: Sequence[str], signs: Signs) -> Detected | None:
    """The scheduler, where files among `paths` show that it is in use.

    That a dependency names it is no use of it: there must be pipelines, or its own project file.
    """
    folders, reasons = signs.project_files(tree, paths)
    if signs.pipelines is not None:
        files = _defines_pipelines(signs).among(tree, (path for path in paths if path.endswith(".py")))
        if files:
            files = [path for path in files if signs.library_folder not in path.split("/")[:-1]] or files
            folders = folders or common_folders(files, signs.usual_folder)
            reasons.append(_defined_in(files, signs.kind))
    if not folders:
        return None
    reasons += [f"{path} names {signs.package}" for path in _manifests(tree, paths, signs)]
    return Detected(signs.kind, tuple(folders), tuple(reasons))


def common_folders(files: Iterable[str], usual: str | None) -> list[str]:
    """The outermost folder called `usual` over each file; where there is none, the file's own folder."""
    folders = set()
    for path in files:
        parts = path.split("/")[:-1]
        cut = parts.index(usual) + 1 if usual in parts else len(parts)
        folders.add("/".join(parts[:cut]) or ".")
    return outermost(folders)


def outermost(folders: Iterable[str]) -> list[str]:
    """The folders that lie in no other one, in order; no file below them is in two of them."""
    found = {posixpath.normpath(folder.strip("/") or ".") for folder in folders}
    return sorted(
        folder
        for folder in found
        if not any(other == "." or folder.startswith(f"{other}/") for other in found if other != folder)
    )


def _defined_in(files: Sequence[str], kind: SchedulerKind) -> str:
    more = f" and {len(files) - MAX_NAMED_FILES} more" if len(files) > MAX_NAMED_FILES else ""
    verbs = ("imports", "defines") if len(files) == 1 else ("import", "define")
    return f"{', '.join(files[:MAX_NAMED_FILES])}{more} {verbs[0]} {kind} and {verbs[1]} pipelines"


@lru_cache
def _defines_pipelines(signs: Signs) -> ContentTest:
    imports, pipelines = _imports(signs.kind, *signs.builders), signs.pipelines
    assert pipelines is not None
    return ContentTest(
        f"defines pipelines of {signs.kind}",
        lambda data: bool(imports.search(data) and pipelines.search(data)),
    )


@lru_cache
def _imports(*packages: str) -> re.Pattern[bytes]:
    names = b"|".join(name.encode() for name in packages)
    return re.compile(rb"^[ \t]*(?:from|import)[ \t]+(?:" + names + rb")(?=[\s.,])", re.MULTILINE)


@lru_cache
def _named(package: str) -> re.Pattern[bytes]:
    spelled = re.escape(package.encode()).replace(rb"\-", rb"[-_]")
    return re.compile(rb"(?<![\w-])" + spelled + rb"(?![\w-])", re.IGNORECASE)


def _manifests(tree: Tree, paths: Iterable[str], signs: Signs) -> list[str]:
    manifests = (path for path in paths if path.endswith(_MANIFEST_ENDS) and _MANIFEST.search(path))
    found = [path for path in manifests if _named(signs.package).search(tree.read(path) or b"")]
    if signs.image is not None:
        containers = (path for path in paths if "ocker" in path and _CONTAINER.search(path))
        found += [path for path in containers if signs.image.search(tree.read(path) or b"")]
    return found
