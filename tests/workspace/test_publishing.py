import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.publishing import CheckedOut, Moved, TipMoved, fast_forward, publish_branch
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import MakeRepository, commit
from tests.workspace.test_mirror import applied, open_mirror

BRANCH = "meta-pipeline/inbox-0001"


def change(mirror: Mirror, text: bytes) -> str:
    base = mirror.tip("main")
    return applied(mirror, base, mirror.write_tree_patch(base, {"a.txt": text})).head


def bare(tmp_path: Path, repo: Repo) -> Repo:
    return Repo.clone_from(str(repo.working_dir), str(tmp_path / "bare.git"), bare=True)


def test_a_branch_is_added_and_nothing_else(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    root = Path(repo.working_dir)
    planted = tmp_path / "planted"
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction"):
        hook = root / f".git/hooks/{name}"
        hook.write_text(f"#!/bin/sh\ntouch {planted}\n")
        hook.chmod(0o755)
    index = (root / ".git/index").stat().st_mtime_ns
    mirror = open_mirror(tmp_path, repo)
    head = change(mirror, b"2\n")

    publish_branch(mirror, BRANCH, head)
    publish_branch(mirror, BRANCH, head)

    assert {h.name: h.commit.hexsha for h in repo.heads} == {"main": mirror.tip("main"), BRANCH: head}
    assert (root / "a.txt").read_text() == "1\n"
    assert (repo.active_branch.name, (root / ".git/index").stat().st_mtime_ns) == ("main", index)
    assert not planted.exists()


def test_a_new_revision_moves_our_branch_but_never_a_foreign_one(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo({"a.txt": "1\n"})
    mirror = open_mirror(tmp_path, repo)
    first, second = change(mirror, b"2\n"), change(mirror, b"3\n")
    publish_branch(mirror, BRANCH, first)
    publish_branch(mirror, BRANCH, second)
    assert repo.heads[BRANCH].commit.hexsha == second

    foreign = commit(repo, {"b.txt": "by hand\n"})
    repo.heads[BRANCH].set_commit(foreign)
    with pytest.raises(GitFault, match="not ours; rename it"):
        publish_branch(mirror, BRANCH, first)
    assert repo.heads[BRANCH].commit.hexsha == foreign


def test_our_branch_is_not_moved_under_somebody_who_checked_it_out(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo({"a.txt": "1\n"})
    mirror = open_mirror(tmp_path, repo)
    first, second = change(mirror, b"2\n"), change(mirror, b"3\n")
    publish_branch(mirror, BRANCH, first)
    repo.git.checkout("-q", BRANCH)

    with pytest.raises(GitFault, match="checked out"):
        publish_branch(mirror, BRANCH, second)
    assert repo.head.commit.hexsha == first


def test_a_branch_checked_out_anywhere_is_left_to_a_person(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"}, name="with space")
    mirror = open_mirror(tmp_path, repo)
    old, new = mirror.tip("main"), change(mirror, b"2\n")
    publish_branch(mirror, BRANCH, new)

    outcome = fast_forward(mirror, "main", old, new, BRANCH)

    root = Path(repo.working_dir)
    assert outcome == CheckedOut(root, f"git -C '{root}' merge --ff-only {BRANCH}")
    assert repo.head.commit.hexsha == old
    repo.git.checkout("-q", "-b", "mine")
    linked = tmp_path / "linked"
    repo.git.worktree("add", "-q", str(linked), "main")
    outcome = fast_forward(mirror, "main", old, new, BRANCH)
    assert isinstance(outcome, CheckedOut)
    assert outcome.folder == linked
    subprocess.run(shlex.split(outcome.command), check=True, capture_output=True)
    assert fast_forward(mirror, "main", old, new, BRANCH) == Moved("main", new)


def test_a_branch_that_is_being_rebased_is_left_to_a_person(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    start = repo.head.commit.hexsha
    commit(repo, {"a.txt": "theirs\n"})
    repo.git.branch("upstream", start)
    repo.git.checkout("-q", "upstream")
    commit(repo, {"a.txt": "other\n"})
    repo.git.checkout("-q", "main")
    subprocess.run(
        ["git", "-C", str(repo.working_dir), "rebase", "-q", "upstream"], capture_output=True, check=False
    )
    assert repo.head.is_detached
    mirror = open_mirror(tmp_path, repo)
    old, new = mirror.tip("main"), change(mirror, b"2\n")
    publish_branch(mirror, BRANCH, new)

    assert isinstance(fast_forward(mirror, "main", old, new, BRANCH), CheckedOut)


def test_a_bare_repository_is_moved(
    git_repo: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside_of_any_repository = tmp_path / "elsewhere"
    outside_of_any_repository.mkdir()
    monkeypatch.chdir(outside_of_any_repository)
    central = bare(tmp_path, git_repo({"a.txt": "1\n"}))
    mirror = open_mirror(tmp_path, central)
    old, new = mirror.tip("main"), change(mirror, b"2\n")
    publish_branch(mirror, BRANCH, new)

    assert fast_forward(mirror, "main", old, new, BRANCH) == Moved("main", new)
    assert central.heads["main"].commit.hexsha == new


def test_of_two_at_once_one_wins(git_repo: MakeRepository, tmp_path: Path) -> None:
    central = bare(tmp_path, git_repo({"a.txt": "1\n"}))
    mirror = open_mirror(tmp_path, central)
    old = mirror.tip("main")
    heads = [change(mirror, f"{n}\n".encode()) for n in range(2, 6)]
    for number, head in enumerate(heads):
        publish_branch(mirror, f"meta-pipeline/inbox-{number}", head)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda new: fast_forward(mirror, "main", old, new, BRANCH), heads))

    moved = [outcome for outcome in outcomes if isinstance(outcome, Moved)]
    assert [central.heads["main"].commit.hexsha] == [outcome.commit for outcome in moved]
    assert [o for o in outcomes if not isinstance(o, Moved)] == [TipMoved(moved[0].commit)] * 3


def test_a_commit_that_does_not_continue_the_branch_is_a_fault(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo({"a.txt": "1\n"})
    mirror = open_mirror(tmp_path, repo)
    new = change(mirror, b"2\n")
    moved = commit(repo, {"b.txt": "1\n"})
    mirror.refresh()

    with pytest.raises(GitFault, match="does not continue"):
        fast_forward(mirror, "main", moved, new, BRANCH)


def test_a_source_given_as_url_is_published_to_and_moved(git_repo: MakeRepository, tmp_path: Path) -> None:
    central = bare(tmp_path, git_repo({"a.txt": "1\n"}))
    mirror = Mirror.open(tmp_path / "state", "sales", f"file://{central.git_dir}")
    old, new, late = mirror.tip("main"), change(mirror, b"2\n"), change(mirror, b"3\n")
    publish_branch(mirror, BRANCH, new)

    assert fast_forward(mirror, "main", old, new, BRANCH) == Moved("main", new)
    assert fast_forward(mirror, "main", old, late, BRANCH) == TipMoved(new)
    assert central.heads["main"].commit.hexsha == new
