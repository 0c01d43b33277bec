"""The files of one commit, read from the object store without a checkout."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, cast

from meta_pipeline.delivery.tree import SUBMODULE, Entry
from meta_pipeline.workspace.git import Git, GitFault, decoded

if TYPE_CHECKING:
    from git.cmd import Git as GitPython


class BlobReader:
    """Object contents through one `git cat-file --batch`, started at the first read; threads may share it."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._process: GitPython.AutoInterrupt | None = None

    def read(self, name: str) -> bytes | None:
        """The bytes of an object; None where the store does not hold it, as in a partial clone."""
        with self._lock:
            try:
                return self._ask(name)
            except (BrokenPipeError, EOFError):
                # The process ends at a damaged object; the next read starts another.
                self._process = None
                return None

    def _ask(self, name: str) -> bytes | None:
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch")
            # Git may complain once per missing object: a full, unread pipe would stop it for ever.
            complaints = os.dup(cast(IO[bytes], self._process.stderr).fileno())
            threading.Thread(target=_drain, args=(complaints,), name="git complaints", daemon=True).start()
        given, answer = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        given.write(f"{name}\n".encode())
        given.flush()
        header = answer.readline().split()
        if not header:
            raise EOFError
        if header[-1] == b"missing":
            return None
        size = int(header[2])
        data = answer.read(size + 1)  # the object is followed by one newline
        if len(data) != size + 1:
            raise EOFError
        return data[:-1]


def _drain(descriptor: int) -> None:
    # A descriptor of its own: the pipe's file object is closed by another thread when the reader is collected.
    with open(descriptor, "rb", buffering=0) as pipe:
        while pipe.read(65536):
            pass


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
        entry = self._entries.get(path)
        return None if entry is None or entry.mode == SUBMODULE else self.blobs.read(entry.content)

    def folder_id(self, path: str) -> str | None:
        """The id of the tree or file at `path`: equal ids hold equal files. None where there is none."""
        answer = self.git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.tree_id}:{path}"
        )
        return answer.text if answer.exit == 0 else None

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        answer = self.git.run("ls-tree", "-r", "-z", "--full-tree", self.tree_id)
        if answer.exit != 0:
            raise GitFault(
                f"the files of commit {self.commit} cannot be listed: {answer.complaint}; "
                "a partial clone lacks them: run 'git fetch --refetch' in it, or use a full clone."
            )
        found: dict[str, Entry] = {}
        for record in answer.output.split(b"\0")[:-1]:
            facts, _, path = record.partition(b"\t")
            mode, _, name = facts.decode("ascii").split(" ")
            found[decoded(path)] = Entry(mode, name)
        return found
