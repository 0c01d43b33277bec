"""The answer that one look at a repository gives, and the doubts that stay."""

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from meta_pipeline.delivery.file_kinds import is_of_others
from meta_pipeline.delivery.tree import SUBMODULE, SYMLINK, Tree

Value = TypeVar("Value")

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Doubt:
    """What could not be told about `key`, a dotted key of the policy.

    `sentence` is one sentence with how to settle it; `example` is YAML for the block of the key, or empty.
    """

    key: str
    sentence: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """A value, the file that says so, and what stays open."""

    value: Value
    reason: str = ""
    doubts: tuple[Doubt, ...] = ()


def own_paths(tree: Tree) -> tuple[str, ...]:
    """The repository's own plain files in the order of their paths: no vendored code, no links, no submodules."""
    return tuple(
        path
        for path, entry in sorted(tree.entries().items())
        if entry.mode not in (SYMLINK, SUBMODULE) and not is_of_others(path)
    )


def folder_of(path: str) -> str:
    """The folder that holds a file; `.` is the root."""
    return posixpath.dirname(path) or "."


def below(folder: str, name: str) -> str:
    """The path of `name` in a folder."""
    return name if folder == "." else f"{folder}/{name}"


def is_below(path: str, folder: str) -> bool:
    """Whether a file lies in a folder, at any depth."""
    return folder == "." or path.startswith(f"{folder}/")


def from_near_to_root(folders: Iterable[str]) -> tuple[str, ...]:
    """The folders and all above them, the deepest first and the root last."""
    found = {"."}
    for folder in folders:
        parts = [] if folder == "." else folder.split("/")
        found |= {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return tuple(sorted(found, key=lambda folder: (folder == ".", -folder.count("/"), folder)))


def listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    """The first names, and how many more there are: `a and b`, or `a, b, c and 4 more`."""
    rest = len(names) - shown
    first, last = (names[:shown], f"{rest} more") if rest > 0 else (names[:-1], "".join(names[-1:]))
    return f"{', '.join(first)} and {last}" if first else last


def line_of(text: str, start: str) -> int:
    """The number of the first line that begins so; 1 where none does."""
    return next(
        (number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(start)), 1
    )
