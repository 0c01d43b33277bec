"""Checkouts of our own: each fresh, detached, in the state folder, and removed when its work is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from meta_pipeline.workspace.git import Git, GitFault, decoded
from meta_pipeline.workspace.scratch import held_folder, remove_abandoned

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
def added_worktree(git: Git, room: Path, lock: "FileLock", commit: str) -> Iterator[Worktree]:
    """Check `commit` out in a folder of `room` that others see as in use; it is removed at the end."""
    room.mkdir(parents=True, exist_ok=True)
    try:
        with held_folder(room) as path:
            with lock:  # git stumbles over a worktree that another one is just adding; the files need no lock
                git.out("worktree", "add", "--quiet", "--detach", "--no-checkout", str(path), commit)
            own = Git(path, (f"--git-dir={_own_git_dir(path)}", f"--work-tree={path}"))
            own.out("read-tree", "--reset", "-u", commit)
            yield Worktree(path, commit, own)
    finally:
        with lock:
            git.run("worktree", "prune")


def remove_stale_worktrees(git: Git, room: Path, lock: "FileLock") -> None:
    """Remove the checkouts whose owner is gone, as after a kill."""
    with lock:
        if remove_abandoned(room):
            git.run("worktree", "prune")


def _own_git_dir(path: Path) -> Path:
    """Where git keeps this checkout's index, read before any command of the target could change the pointer."""
    pointer = (path / ".git").read_text(encoding="utf-8")
    if not pointer.startswith("gitdir: "):
        raise GitFault(
            f"{path / '.git'} points to no git folder; remove the state folder's worktrees and start again."
        )
    return Path(pointer.removeprefix("gitdir: ").strip())
