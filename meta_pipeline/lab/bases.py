"""The files into which changes are seeded, and which part of the laboratory each belongs to."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, Tree
from meta_pipeline.lab.environments import policy_at
from meta_pipeline.lab.mutation import Base
from meta_pipeline.schedulers.airflow.static.reader import ignored_paths
from meta_pipeline.schedulers.detect import detect

Part = Literal["tuning", "scored"]

LARGEST_BYTES = 200_000
_SEEN = re.compile(
    r"\.(?:py|sql|ya?ml|toml|cfg|ini|txt|in|lock|ipynb|j2|jinja2?|json|md|sh|env[\w.]*)\Z"
    r"|(?:^|/)(?:Dockerfile[\w.]*|CODEOWNERS|Makefile|\.env[\w.]*|\.[\w-]+rc)\Z"
)
_NOT_SEEN = re.compile(
    r"(?:^|/)(?:node_modules|dbt_packages|site-packages|\.venv|target|package-lock\.json)(?:/|\Z)"
)


@dataclass(frozen=True)
class Based:
    """A base with the part that it belongs to. It `is_linted` where the repository runs a linter of its own."""

    base: Base
    part: Part
    is_linted: bool = False


def bases_of(repository: str, tree: Tree, family: str, pinned: Part | None) -> Iterator[Based]:
    """The text files of a repository, each with the scheduler in whose folders it lies.

    A file outside of all of them, such as a CI workflow, belongs to the scheduler that is detected first. `pinned` is
    the part of all files, where the repository was known to those who built the gates.
    """
    is_linted = policy_at(tree).commands.lint is not None
    for base in bases_in(repository, tree, tree.entries()):
        yield Based(base, pinned or part_of(family, base.path), is_linted)


def bases_in(repository: str, tree: Tree, paths: Iterable[str]) -> Iterator[Base]:
    """The text files among these paths, sorted; none where the tree holds no pipelines.

    A file that Airflow is told to leave alone is none: whatever stands in it harms nobody.
    """
    detected = detect(tree)
    folders = {folder: found.kind for found in detected for folder in reversed(found.paths)}
    if not folders:
        return
    entries = tree.entries()
    airflow = [folder for folder, kind in folders.items() if kind == "airflow"]
    ignored = [ignored_paths(tree, folder) for folder in airflow]
    for path in sorted(path for path in paths if path in entries):
        if any(_is_in(path, folder) and says(path) for folder, says in zip(airflow, ignored, strict=True)):
            continue
        if entries[path].mode in (SYMLINK, SUBMODULE) or not _SEEN.search(path) or _NOT_SEEN.search(path):
            continue
        data = tree.read(path)
        if data is None or len(data) > LARGEST_BYTES or b"\0" in data[:8000]:
            continue
        yield Base(repository, _scheduler(path, folders) or detected[0].kind, tree, path)


def part_of(family: str, path: str) -> Part:
    """Half of the files are for tuning, by a digest of the family and the path, which nobody chooses.

    A family is a repository, or releases of one package: what two of them share stays in one part.
    """
    name = hashlib.sha256(f"{family}\0{path}".encode()).digest()
    return "tuning" if name[0] < 128 else "scored"


def _scheduler(path: str, folders: dict[str, SchedulerKind]) -> SchedulerKind | None:
    """That of the innermost folder around the file."""
    around = [folder for folder in folders if _is_in(path, folder)]
    return folders[max(around, key=lambda folder: 0 if folder == "." else len(folder))] if around else None


def _is_in(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")
