"""The two things a delivery writes to the user's repository: its own branch, and the default branch's tip."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.workspace.git import Git, GitFault
from meta_pipeline.workspace.repository import Mirror, open_repository

_PUBLISHED = "refs/published"


@dataclass(frozen=True, slots=True)
class Moved:
    """The branch is at the new commit."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The branch is checked out at `folder`, so a person moves it there with `command`."""

    folder: Path
    command: str


@dataclass(frozen=True, slots=True)
class TipMoved:
    """The branch is no longer where it was judged; `tip` is where it is now, None where it is gone."""

    tip: str | None


def publish_branch(mirror: Mirror, branch: str, commit: str) -> None:
    """Put `refs/heads/<branch>` at `commit` in the user's repository and touch nothing else there.

    Done twice, it changes nothing. A branch that stands elsewhere is moved only from a commit that was
    published before; raises `GitFault` where it holds somebody else's work or is checked out.
    """
    ours = f"{_PUBLISHED}/{branch}"
    tip = _source_tip(mirror, branch)
    if tip == commit:
        return
    if tip is not None and mirror.git.run("rev-parse", "--verify", "--quiet", f"{ours}/{tip}").exit != 0:
        raise GitFault(
            f"{mirror.path} has a branch '{branch}' at {tip[:12]} that is not ours; rename it and try again."
        )
    # Noted before the push: if this process ends between the two, the next one still knows the branch as ours.
    with mirror.lock("published"):
        mirror.git.out("update-ref", f"{ours}/{commit}", commit)
    _push(mirror, branch, commit, tip)


def fast_forward(
    mirror: Mirror, branch: str, old: str, new: str, published: str
) -> Moved | CheckedOut | TipMoved:
    """Move `branch` of the user's repository from `old` to `new` in one step that fails if it is not at `old`.

    A branch that is checked out in any of the repository's worktrees is left to a person, who merges the
    branch `published`, which must be at `new`. Raises `GitFault` where `new` does not continue `old`.
    """
    if not mirror.is_ancestor(old, new):
        raise GitFault(
            f"{new[:12]} does not continue {old[:12]}; rebase the change on '{branch}' and judge it again."
        )
    tip = _source_tip(mirror, branch)
    if tip == new:
        return Moved(branch, new)
    if tip != old:
        return TipMoved(tip)
    if mirror.source_folder is None:
        return _fast_forward_remote(mirror, branch, old, new)
    user = open_repository(mirror.source_folder).git
    where = _checked_out_at(user, branch)
    if where is not None:
        return CheckedOut(where, shlex.join(["git", "-C", str(where), "merge", "--ff-only", published]))
    reason = f"meta-pipeline: fast-forward to {published}"
    moved = user.run("update-ref", "--create-reflog", "-m", reason, f"refs/heads/{branch}", new, old)
    if moved.exit == 0:
        return Moved(branch, new)
    tip = _source_tip(mirror, branch)
    if tip != old:
        return TipMoved(tip)
    raise GitFault(f"'{branch}' of {mirror.path} cannot be moved to {new[:12]}: {moved.complaint}.")


def _fast_forward_remote(mirror: Mirror, branch: str, old: str, new: str) -> Moved | TipMoved:
    try:
        _push(mirror, branch, new, old)
    except GitFault:
        tip = _source_tip(mirror, branch)
        if tip == old:
            raise
        return TipMoved(tip)
    return Moved(branch, new)


def _push(mirror: Mirror, branch: str, commit: str, tip: str | None) -> None:
    answer = mirror.git.run(
        "push",
        "--quiet",
        "--no-verify",
        "--no-follow-tags",
        "--recurse-submodules=no",
        f"--force-with-lease=refs/heads/{branch}:{tip or ''}",
        *mirror.source_program("receive-pack"),
        "--end-of-options",
        mirror.source,
        f"{commit}:refs/heads/{branch}",
        settings=("protocol.allow=user",),
        network=True,
    )
    if answer.exit != 0:
        raise GitFault(
            f"the branch '{branch}' cannot be put into {mirror.path}: {answer.complaint}; "
            "see that this user may write there and that the branch is not checked out."
        )


def _source_tip(mirror: Mirror, branch: str) -> str | None:
    """Where the branch is in the user's repository at this moment, not at the last fetch."""
    answer = mirror.ask_source(f"refs/heads/{branch}")
    if answer.exit != 0:
        raise GitFault(
            f"{mirror.path} cannot be read: {answer.complaint}; see that it is there and reachable."
        )
    return next((line.split("\t")[0] for line in answer.text.splitlines()), None)


def _checked_out_at(user: Git, branch: str) -> Path | None:
    """The worktree that has `branch` checked out, or is in the middle of rebasing it; None where no one has."""
    listed = user.run("worktree", "list", "--porcelain", "-z").text
    for block in filter(None, listed.split("\0\0")):
        lines = block.strip("\0").split("\0")
        folder = Path(lines[0].removeprefix("worktree "))
        if f"branch refs/heads/{branch}" in lines or ("bare" not in lines and _is_rebasing(folder, branch)):
            return folder
    return None


def _is_rebasing(folder: Path, branch: str) -> bool:
    if not folder.is_dir():
        return False
    git_dir = Path(Git(folder).out("rev-parse", "--absolute-git-dir").decode().strip())
    heads = (git_dir / state / "head-name" for state in ("rebase-merge", "rebase-apply"))
    return any(head.is_file() and head.read_text().strip() == f"refs/heads/{branch}" for head in heads)
