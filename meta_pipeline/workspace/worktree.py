"""Checkouts of our own: each fresh, detached, in the state folder, and removed when its work is done."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from meta_pipeline.workspace.git import Git, GitFault, decoded

if TYPE_CHECKING:
    from filelock import FileLock


@dataclass(frozen=True)
class Worktree:
    """One checkout. `path` is its root; `commit` is what was checked out."""

    path: Path
    commit: str
    git: Git = field(repr=False)

    def dirtied(self) -> tuple[str, ...]:
        """The paths that are modified, deleted or untracked (not ignored), sorted.

        Git is told where its folder is: the `.git` file in the checkout belongs to whatever ran there.
        """
        status = self.git.out(
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            # Git would run inside a nested repository, with settings that the target's code wrote.
            "--ignore-submodules=all",
        )
        return tuple(sorted(decoded(record[3:]) for record in status.split(b"\0")[:-1]))


@contextmanager
def added_worktree(git: Git, folder: Path, lock: "FileLock", commit: str) -> Iterator[Worktree]:
    """Check `commit` out below `folder`; the lock file beside it, held meanwhile, tells others it is in use."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / uuid.uuid4().hex[:16]
    in_use = FileLock(path.with_suffix(".lock"))
    with lock:
        in_use.acquire()
    try:
        with lock:  # git stumbles over a worktree that another one is just adding; the files need no lock
            git.out("worktree", "add", "--quiet", "--detach", "--no-checkout", str(path), commit)
        own = Git(path, (f"--git-dir={_own_git_dir(path)}", f"--work-tree={path}"))
        own.out("read-tree", "--reset", "-u", commit)
        yield Worktree(path, commit, own)
    finally:
        _remove(path)
        with lock:
            git.run("worktree", "prune")
        in_use.release()
        path.with_suffix(".lock").unlink(missing_ok=True)


def remove_stale_worktrees(git: Git, folder: Path, lock: "FileLock") -> None:
    """Remove the checkouts whose owner is gone, as after a kill: nobody holds the lock beside them any more."""
    from filelock import FileLock, Timeout

    found = False
    with lock:
        for held in folder.glob("*.lock"):
            try:
                with FileLock(held, timeout=0):
                    _remove(held.with_suffix(""))
                    held.unlink(missing_ok=True)
                    found = True
            except Timeout:
                continue
        if found:
            git.run("worktree", "prune")


def _own_git_dir(path: Path) -> Path:
    """Where git keeps this checkout's index, read before any command of the target could change the pointer."""
    pointer = (path / ".git").read_text(encoding="utf-8")
    if not pointer.startswith("gitdir: "):
        raise GitFault(
            f"{path / '.git'} points to no git folder; remove the state folder's worktrees and start again."
        )
    return Path(pointer.removeprefix("gitdir: ").strip())


def _remove(path: Path) -> None:
    """Delete a folder even where a command took away the right to write in folders of it."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        path.chmod(0o700)
        for parent, folders, _ in os.walk(path):
            for folder in (Path(parent, name) for name in folders):
                if not folder.is_symlink():
                    folder.chmod(0o700)
        shutil.rmtree(path)
