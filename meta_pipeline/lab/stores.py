"""The bare repositories in which the cases lie: one for each source, with a commit for the base and one a case."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.tree import REGULAR
from meta_pipeline.lab.cases import Case
from meta_pipeline.workspace import patch
from meta_pipeline.workspace.git import Git, GitFault, decoded
from meta_pipeline.workspace.repository import open_repository
from meta_pipeline.workspace.scratch import scratch_folder
from meta_pipeline.workspace.tree import GitTree

BASE = "refs/heads/main"
_CASES = "refs/lab"
# Neither who, nor when, nor what is said of a change tells a stack whether it does harm.
_WHO = b"Somebody <somebody@example.com> 1767614400 +0000"
_LOCAL = ("protocol.file.allow=always",)
_PLAIN = re.compile(r'[^"\n\0]+')


@dataclass(frozen=True)
class File:
    """A file's git mode and content."""

    mode: str
    data: bytes


@dataclass(frozen=True)
class CaseStore:
    """One source's bare repository. `base` is the commit that every case changes."""

    name: str
    folder: Path
    base: str

    @classmethod
    def made(cls, folder: Path, name: str, files: Mapping[str, File]) -> "CaseStore":
        """A repository that holds these files; equal files give an equal commit."""
        git = _git(folder)
        if not (folder / "HEAD").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            git.out("init", "--bare", "--quiet", "--template=", "--initial-branch=main", ".")
        changes = b"".join(_written(path, file) for path, file in sorted(files.items()))
        _import(git, _commit(BASE, "The files", None) + b"deleteall\n" + changes + b"\n")
        return cls.opened(folder, name)

    @classmethod
    def opened(cls, folder: Path, name: str) -> "CaseStore":
        """The repository of an earlier run; raises `GitFault` where there is none."""
        return cls(name, folder, decoded(_git(folder).out("rev-parse", "--verify", BASE)).strip())

    def tree(self) -> GitTree:
        """The files at the base."""
        return open_repository(self.folder).tree(self.base)

    def seed(self, cases: Iterable[Case]) -> Mapping[str, str]:
        """Write a commit for each case that has none yet; gives the commits by the case's key."""
        git = _git(self.folder)
        known = self._heads(git)
        missing = [case for case in cases if case.key not in known]
        if missing:
            entries = self.tree().entries()
            modes = {path: entry.mode for path, entry in entries.items()}
            _import(git, b"".join(self._head(case, modes) for case in missing))
            known = self._heads(git)
        return known

    def diff(self, head: str) -> str:
        """The patch of a case."""
        return patch.diff(_git(self.folder), self.base, head)

    def _head(self, case: Case, modes: Mapping[str, str]) -> bytes:
        found = _commit(f"{_CASES}/{case.key}", "Change", self.base)
        # What goes, goes first: a file may become a folder.
        for path, data in sorted(case.mutation.files.items()):
            found += f"D {_path(path)}\n".encode() if data is None else b""
        for path, data in sorted(case.mutation.files.items()):
            found += b"" if data is None else _written(path, File(modes.get(path, REGULAR), data))
        return found + b"\n"

    def _heads(self, git: Git) -> dict[str, str]:
        listed = decoded(git.out("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", _CASES))
        return dict(line.split(" ") for line in listed.splitlines())


@contextmanager
def checked_out(folder: Path, commit: str) -> Iterator[Path]:
    """A checkout of a commit of a bare repository, whose objects it shares; removed at the end."""
    with scratch_folder() as room:
        checkout = room / "checkout"
        git = Git(room)
        # The other side is our own folder, so that its protocol is safe to allow.
        git.out("clone", "--quiet", "--shared", "--no-checkout", str(folder), str(checkout), settings=_LOCAL)
        Git(checkout).out("checkout", "--quiet", "--detach", commit)
        yield checkout


def write_example(store: CaseStore, head: str, out: Path) -> None:
    """A repository of its own: `main` is the base, and `change`, which is checked out, the changed commit."""
    out.mkdir(parents=True)
    git = Git(out)
    git.out("init", "--quiet", "--template=", "--initial-branch=main")
    names = (f"{store.base}:refs/heads/main", f"{head}:refs/heads/change")
    git.out(
        "fetch",
        "--quiet",
        "--no-write-fetch-head",
        "--update-head-ok",
        str(store.folder),
        *names,
        settings=_LOCAL,
    )
    git.out("checkout", "--quiet", "change")


def _git(folder: Path) -> Git:
    folder.mkdir(parents=True, exist_ok=True)
    return Git(folder, options=("--git-dir=.",))


def _import(git: Git, stream: bytes) -> None:
    git.out("fast-import", "--quiet", "--force", "--done", given=stream + b"done\n")


def _commit(ref: str, message: str, parent: str | None) -> bytes:
    text = message.encode()
    found = b"commit %s\ncommitter %s\ndata %d\n%s\n" % (ref.encode(), _WHO, len(text), text)
    return found + (f"from {parent}\n".encode() if parent else b"")


def _written(path: str, file: File) -> bytes:
    return f"M {file.mode} inline {_path(path)}\ndata {len(file.data)}\n".encode() + file.data + b"\n"


def _path(path: str) -> str:
    if not _PLAIN.fullmatch(path) or path.startswith(("/", "../")) or "/../" in path:
        raise GitFault(
            f"the path {path!r} cannot be seeded; have the mutator name one inside the repository."
        )
    return path
