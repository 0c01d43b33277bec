"""The files of one commit, read from the object store without a checkout."""

import os
import posixpath
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from subprocess import Popen
from typing import IO, cast

from meta_pipeline.delivery.tree import SUBMODULE, Entry
from meta_pipeline.workspace.git import Git, GitFault, decoded

_KEPT_BYTES = 64_000_000
_LARGEST_KEPT = 1_000_000
_ASKED_AT_ONCE = 64
"""Objects asked for together: their names fit into a pipe, so that git and we never wait for each other."""
_ASKED_ALONE = 8
"""So many objects are asked for one by one: after a small change no more are wanted."""
_PLAIN_PATH = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[\w.-]+(?:/[\w.-]+)*", re.ASCII)
"""A path that git takes after the id of a tree as it is written."""
_SOURCE = (".py", ".sql", ".yml", ".yaml")


class BlobReader:
    """Object contents through one `git cat-file --batch`, started at the first read; threads may share it.

    A forked process starts one of its own: two that talk over the same pipes would get each other's answers.

    What was read is kept, up to a limit: the two sides of a change hold the same files but for a few.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._batch: _Batch | None = None
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._asked = 0
        self.lacked: set[str] = set()
        """The objects that a reader wanted and the store did not hold: whoever judged by the rest must say so."""

    def read(self, name: str, also: Callable[[], Sequence[str]] = tuple) -> bytes | None:
        """The bytes of an object; None where the store does not hold it, as in a partial clone.

        `also` gives objects that are likely asked for next: once it is plain that many are wanted, git is asked for
        them in the same breath.
        """
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            self._asked += 1
            near = also() if self._asked > _ASKED_ALONE else ()
            names = [name, *(each for each in near if each != name and each not in self._kept)]
            try:
                found = self._ask(names)
            except (BrokenPipeError, EOFError):
                # The process ends at a damaged object; the next read starts another.
                self._batch = None
                return None if len(names) == 1 else self._ask_again(name)
            for each, data in zip(names, found, strict=True):
                self._keep(each, data)
            return found[0]

    def _ask_again(self, name: str) -> bytes | None:
        """Without the others, one of which was damaged."""
        try:
            return self._ask([name])[0]
        except (BrokenPipeError, EOFError):
            self._batch = None
            return None

    def _keep(self, name: str, data: bytes | None) -> None:
        if data is None or len(data) > _LARGEST_KEPT:
            return
        self._kept[name] = data
        self._size += len(data)
        while self._size > _KEPT_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1])

    def _ask(self, names: Sequence[str]) -> list[bytes | None]:
        if self._batch is None or not self._batch.is_ours:
            self._batch = _Batch(self._git.start("cat-file", "--batch"))
        return self._batch.ask(names)


class _Batch:
    """One `git cat-file --batch`, which ends when this is collected."""

    def __init__(self, process: "Popen[bytes]") -> None:
        self._started_by = os.getpid()
        self._given, self._answer = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        weakref.finalize(self, _end, process, self._started_by)

    @property
    def is_ours(self) -> bool:
        """Whether this very process started it, not the one that this was forked from."""
        return self._started_by == os.getpid()

    def ask(self, names: Sequence[str]) -> list[bytes | None]:
        """The objects; raises `BrokenPipeError` or `EOFError` where git ended."""
        self._given.write("".join(f"{name}\n" for name in names).encode())
        self._given.flush()
        return [_answered(self._answer) for _ in names]


def _end(process: "Popen[bytes]", started_by: int) -> None:
    if started_by != os.getpid():
        return
    process.terminate()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            cast(IO[bytes], pipe).close()
    process.wait()


def _answered(answer: IO[bytes]) -> bytes | None:
    header = answer.readline().split()
    if not header:
        raise EOFError
    if len(header) != 3 or header[1] == b"submodule":
        return None  # missing, or a commit of another repository
    size = int(header[2])
    data = answer.read(size + 1)  # the object is followed by one newline
    if len(data) != size + 1:
        raise EOFError
    return data[:-1] if header[1] == b"blob" else None


@dataclass(frozen=True)
class GitTree:
    """The tree of one commit, as `delivery.tree.Tree` asks. `Entry.content` is git's object id."""

    git: Git = field(repr=False, compare=False)
    blobs: BlobReader = field(repr=False, compare=False)
    commit: str
    tree_id: str

    def entries(self) -> Mapping[str, Entry]:
        return self._entries

    def read(self, path: str) -> bytes | None:
        if "_entries" not in self.__dict__ and _PLAIN_PATH.fullmatch(path):
            # A sensor wants one file of a tree that may hold ten thousand.
            return self.blobs.read(f"{self.tree_id}:{path}")
        entry = self._entries.get(path)
        if entry is None or entry.mode == SUBMODULE:
            return None
        data = self.blobs.read(entry.content, lambda: self._siblings.get(path, ()))
        if data is None:
            self.blobs.lacked.add(entry.content)
        return data

    def folder_id(self, path: str) -> str | None:
        """The id of the tree or file at `path`: equal ids hold equal files. None where there is none."""
        answer = self.git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.tree_id}:{path}"
        )
        return answer.text if answer.exit == 0 else None

    @cached_property
    def _siblings(self) -> Mapping[str, Sequence[str]]:
        """For each source file the objects of some beside it: who reads one file of a kind mostly reads all."""
        kinds: dict[str, list[str]] = {}
        for path in self._entries:
            if path.endswith(_SOURCE):
                kinds.setdefault(posixpath.splitext(path)[1], []).append(path)
        found: dict[str, Sequence[str]] = {}
        for paths in kinds.values():
            for start in range(0, len(paths), _ASKED_AT_ONCE):
                group = paths[start : start + _ASKED_AT_ONCE]
                found |= dict.fromkeys(group, tuple(self._entries[path].content for path in group))
        return found

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        answer = self.git.run("ls-tree", "-r", "-z", "--full-tree", self.tree_id)
        if answer.exit != 0:
            raise GitFault(
                f"the files of commit {self.commit} cannot be listed: {answer.complaint}; "
                "a partial clone lacks them: run 'git fetch --refetch' in it, or use a full clone."
            )
        found: dict[str, Entry] = {}
        for record in decoded(answer.output).split("\0")[:-1]:
            facts, _, path = record.partition("\t")
            mode, _, name = facts.split(" ")
            found[path] = Entry(mode, name)
        return found
