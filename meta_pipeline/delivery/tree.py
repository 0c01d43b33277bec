"""A repository's files at one moment, read-only, and how two such moments differ."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Literal, Protocol, runtime_checkable

from meta_pipeline.delivery.model import digest_bytes

SYMLINK = "120000"
SUBMODULE = "160000"
REGULAR = "100644"
_MOST_MATCHED = 4_000_000
"""Bytes of both sides whose lines are matched in their order: no source that is read comes near it, only data does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file's git mode and an identity of its content."""

    mode: str
    content: str


class Tree(Protocol):
    """The files of a repository at one commit."""

    def entries(self) -> Mapping[str, Entry]:
        """Every file by its path relative to the root, with `/` between parts."""
        ...

    def read(self, path: str) -> bytes | None:
        """The file's content (a symlink's is its destination); None where there is no such readable file."""
        ...


def text_of(tree: Tree, path: str) -> str | None:
    """The file as text; bytes that are not UTF-8 become replacement characters. None where it is absent."""
    data = tree.read(path)
    return None if data is None else data.decode("utf-8", errors="replace")


@runtime_checkable
class Identified(Protocol):
    """A tree whose `tree_id` names all that it holds."""

    tree_id: str


def tree_digest(tree: Tree) -> str:
    """A digest of all that a tree holds: paths, modes and contents."""
    if isinstance(tree, Identified):
        return tree.tree_id
    found = hashlib.sha256()
    for path, entry in sorted(tree.entries().items()):
        found.update(f"{entry.mode} {entry.content} {path}\0".encode("utf-8", "surrogatepass"))
    return found.hexdigest()


@dataclass(frozen=True)
class MemoryTree:
    """A tree given as a mapping of path to content; `modes` names the files that are not plain ones."""

    files: Mapping[str, bytes]
    modes: Mapping[str, str]

    @classmethod
    def of(cls, files: Mapping[str, str | bytes], modes: Mapping[str, str] | None = None) -> "MemoryTree":
        data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        return cls(data, modes or {})

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        return {
            path: Entry(self.modes.get(path, REGULAR), digest_bytes(data))
            for path, data in self.files.items()
        }

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


class Part:
    """The files of a tree that lie in some folders of it (`.` is the root): what reads it sees no other."""

    def __init__(self, tree: Tree, folders: Iterable[str]) -> None:
        self._tree = tree
        prefixes = tuple("" if folder == "." else f"{folder}/" for folder in folders)
        self._entries = {path: entry for path, entry in tree.entries().items() if path.startswith(prefixes)}

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def read(self, path: str) -> bytes | None:
        return self._tree.read(path) if path in self._entries else None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class FileChange:
    """One file that differs between two trees; `old` and `new` are None where it is absent."""

    path: str
    old: bytes | None
    new: bytes | None
    old_mode: str | None
    new_mode: str | None

    @property
    def status(self) -> Literal["added", "deleted", "modified"]:
        if self.old_mode is None:
            return "added"
        return "deleted" if self.new_mode is None else "modified"

    @property
    def lacks_content(self) -> bool:
        """Whether a side is there and cannot be read, as in a partial clone."""
        sides = ((self.old, self.old_mode), (self.new, self.new_mode))
        return any(data is None and mode not in (None, SUBMODULE) for data, mode in sides)

    @property
    def is_binary(self) -> bool:
        """Whether either side holds a NUL byte in its first 8000, which is git's own rule."""
        return any(b"\0" in side[:8000] for side in (self.old, self.new) if side)

    @cached_property
    def added(self) -> tuple[Line, ...]:
        """The lines that only the new file has, with their numbers in it."""
        return _only_in(self.new, self.old) if self._is_large else self._lines[0]

    @cached_property
    def removed(self) -> tuple[Line, ...]:
        """The lines that only the old file has, with their numbers in it."""
        return _only_in(self.old, self.new) if self._is_large else self._lines[1]

    @property
    def _is_large(self) -> bool:
        """Whether its lines are compared whatever their order: matching so many takes minutes and gigabytes."""
        return not self.is_binary and len(self.old or b"") + len(self.new or b"") > _MOST_MATCHED

    @cached_property
    def _lines(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        if self.is_binary:
            return (), ()
        old, new = _lines_of(self.old), _lines_of(self.new)
        # The equal head and tail are cut first: the matcher's time grows with the square of the rest.
        start = 0
        while start < min(len(old), len(new)) and old[start] == new[start]:
            start += 1
        end = 0
        while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
            end += 1
        old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
        added: list[Line] = []
        removed: list[Line] = []
        for tag, old_from, old_to, new_from, new_to in SequenceMatcher(
            a=old_middle, b=new_middle
        ).get_opcodes():
            if tag != "equal":
                removed += [Line(start + n + 1, old_middle[n]) for n in range(old_from, old_to)]
                added += [Line(start + n + 1, new_middle[n]) for n in range(new_from, new_to)]
        return tuple(added), tuple(removed)


def _only_in(side: bytes | None, other: bytes | None) -> tuple[Line, ...]:
    """The lines that stand more often in one text than in the other; of equal ones the last."""
    left = Counter(_lines_of(other))
    found = []
    for number, text in enumerate(_lines_of(side), start=1):
        if left.get(text, 0):
            left[text] -= 1
        else:
            found.append(Line(number, text))
    return tuple(found)


def _lines_of(data: bytes | None) -> list[str]:
    return [] if data is None else data.decode("utf-8", errors="replace").split("\n")


def changes_between(base: Tree, head: Tree) -> tuple[FileChange, ...]:
    """The files that differ in content or mode, in the order of their paths; a rename is one deleted, one added."""
    old, new = base.entries(), head.entries()
    return tuple(
        FileChange(
            path=path,
            old=base.read(path) if path in old else None,
            new=head.read(path) if path in new else None,
            old_mode=old[path].mode if path in old else None,
            new_mode=new[path].mode if path in new else None,
        )
        for path in sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    )
