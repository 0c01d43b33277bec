import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.workspace.git import GitFault
from meta_pipeline.workspace.patch import Applied, Rejected
from meta_pipeline.workspace.repository import Mirror, open_repository
from tests.conftest import MakeRepository, commit

WHEN = datetime(2026, 1, 5, 12, tzinfo=UTC)


def open_mirror(tmp_path: Path, repo: Repo) -> Mirror:
    return Mirror.open(tmp_path / "state", "sales", str(repo.working_dir or repo.git_dir))


def apply(mirror: Mirror, base: str, patch: str, message: str = "Change") -> Applied | Rejected:
    return mirror.commit_patch(base, patch, message, author_name="A", author_email="a@example.org", when=WHEN)


def applied(mirror: Mirror, base: str, patch: str) -> Applied:
    outcome = apply(mirror, base, patch)
    assert isinstance(outcome, Applied), outcome
    return outcome


def rejected(mirror: Mirror, base: str, patch: str) -> str:
    outcome = apply(mirror, base, patch)
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason


def test_follows_the_branches_of_the_source(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    repo.create_head("other")
    mirror = open_mirror(tmp_path, repo)
    first = mirror.tip("main")
    assert mirror.tip("other") == first

    second = commit(repo, {"a.txt": "2\n"})
    repo.delete_head("other")
    mirror.refresh()

    assert (mirror.tip("main"), mirror.resolve("main"), mirror.resolve(second[:10])) == (second,) * 3
    assert [c.sha for c in mirror.commits("main", 5)] == [second, first]
    assert mirror.commits("main", 1)[0].parents == (first,)
    with pytest.raises(GitFault, match="no branch 'other'; its branches are main"):
        mirror.tip("other")
    with pytest.raises(GitFault, match="no commit 'nonsense'; name a branch"):
        mirror.resolve("nonsense")


def test_follows_a_rewritten_branch_and_keeps_the_old_commits(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo({"a.txt": "1\n"})
    old = commit(repo, {"a.txt": "2\n"})
    mirror = open_mirror(tmp_path, repo)
    repo.git.reset("--hard", "HEAD~1")
    new = commit(repo, {"a.txt": "3\n"})
    mirror.refresh()

    assert mirror.tip("main") == new
    assert mirror.tree(old).read("a.txt") == b"2\n"


def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "unborn", initial_branch="main")
    mirror = open_mirror(tmp_path, repo)

    with pytest.raises(GitFault, match="a repository with no commit; commit its files"):
        mirror.tip("main")
    with pytest.raises(GitFault, match="a repository with no commit; commit its files"):
        mirror.resolve("main")
    with pytest.raises(GitFault, match="a repository with no commit"):
        open_repository(tmp_path / "unborn").resolve("HEAD")


def test_what_is_no_repository_says_so(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"sub/a.txt": "1\n"})
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", Path(repo.working_dir, "sub"), tmp_path / "absent"):
        with pytest.raises(
            GitFault, match=r"(not a (git repository|folder)|a folder inside a repository); name"
        ):
            open_repository(folder)
        with pytest.raises(GitFault, match=r"name (its|the) root"):
            Mirror.open(tmp_path / "state", "plain", str(folder))


def test_the_tree_holds_every_kind_of_file(git_repo: MakeRepository, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "with space/ü “q”.txt": "x\n",
        "tab\there": "t",
        "bin": b"\0\xff",
        "empty": b"",
        "latin": b"\xfc\n",
    }
    repo = git_repo(files)
    root = Path(repo.working_dir)
    (root / "link").symlink_to("with space")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    head = commit(repo, {})
    mirror = open_mirror(tmp_path, repo)

    for tree in (mirror.tree("main"), open_repository(root).tree("HEAD")):
        assert {path: tree.read(path) for path in files} == {
            path: text.encode() if isinstance(text, str) else text for path, text in files.items()
        }
        assert (tree.entries()["link"].mode, tree.read("link")) == ("120000", b"with space")
        assert tree.entries()["run.sh"].mode == "100755"
        assert tree.read("absent") is None
        assert tree.read("with space") is None
        assert (tree.commit, tree.tree_id) == (head, repo.commit(head).tree.hexsha)
        assert tree.folder_id("with space") == (repo.commit(head).tree / "with space").hexsha
        assert tree.folder_id("absent") is None


def test_reading_is_quick_and_threads_may_share_it(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({f"d{n % 20}/f{n}.txt": f"{n}\n" * 50 for n in range(1500)})
    tree = open_mirror(tmp_path, repo).tree("main")

    with ThreadPoolExecutor(4) as pool:
        contents = dict(zip(tree.entries(), pool.map(tree.read, tree.entries()), strict=True))

    assert all(data == (Path(path).stem[1:] + "\n").encode() * 50 for path, data in contents.items())


def test_missing_objects_read_as_none(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({f"f{n}.txt": f"{n}\n" for n in range(30)})
    repo.git.config("uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    options = ("clone", "-q", "--no-checkout", "--filter=blob:none")
    subprocess.run(["git", *options, f"file://{repo.working_dir}", partial], check=True)
    tree = open_repository(partial).tree("HEAD")

    assert len(tree.entries()) == 30
    assert {tree.read(path) for path in tree.entries()} == {None}
    with pytest.raises(GitFault, match="partial clone"):
        Mirror.open(tmp_path / "state", "partial", str(partial))


def test_shallow_clones_and_other_worktrees_can_be_read(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    head = commit(repo, {"a.txt": "2\n"})
    shallow, linked = tmp_path / "shallow", tmp_path / "linked"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repo.working_dir}", shallow], check=True)
    repo.git.worktree("add", "-q", "--detach", str(linked), "HEAD")

    assert open_repository(shallow).tree("HEAD").read("a.txt") == b"2\n"
    assert open_repository(linked).resolve("HEAD") == head
    mirror = Mirror.open(tmp_path / "state", "shallow", str(shallow))
    assert mirror.tip("main") == head
    outcome = applied(mirror, head, mirror.write_tree_patch(head, {"b.txt": b"b\n"}))
    with mirror.worktree(outcome.head) as worktree:
        assert (worktree.path / "b.txt").read_bytes() == b"b\n"


def test_the_users_checkout_is_left_alone(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n", ".gitattributes": "* filter=planted\n"})
    root = Path(repo.working_dir)
    planted = tmp_path / "planted"
    hook = root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {planted}\n")
    hook.chmod(0o755)
    for key, value in {
        "filter.planted.clean": f"sh -c 'touch {planted}; cat'",
        "filter.planted.smudge": f"sh -c 'touch {planted}; cat'",
        "core.fsmonitor": f"touch {planted}",
        "diff.external": f"touch {planted}",
        "uploadpack.packObjectsHook": f"sh -c 'touch {planted}; exec \"$@\"' --",
    }.items():
        repo.git.config(key, value)
    (root / "untracked").write_text("mine")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in root.rglob("*") if p.is_file()}

    mirror = open_mirror(tmp_path, repo)
    base = mirror.tip("main")
    head = applied(mirror, base, mirror.write_tree_patch(base, {"a.txt": b"2\n"})).head
    with mirror.worktree(head) as worktree:
        assert worktree.dirtied() == ()
    open_repository(root).tree("HEAD").read("a.txt")

    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in root.rglob("*") if p.is_file()} == before
    assert not planted.exists()


def test_inherited_git_variables_change_nothing(
    git_repo: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, other = git_repo({"a.txt": "1\n"}), git_repo({"b.txt": "1\n"}, name="other")
    monkeypatch.setenv("GIT_DIR", str(other.git_dir))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "broken")

    mirror = open_mirror(tmp_path, repo)

    assert set(mirror.tree("main").entries()) == {"a.txt"}
    assert set(open_repository(Path(repo.working_dir)).tree("HEAD").entries()) == {"a.txt"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_a_repository_of_another_owner_can_be_mirrored(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    for path in (Path(repo.working_dir), *Path(repo.working_dir).rglob("*")):
        os.chown(path, 65534, 65534)

    assert set(open_mirror(tmp_path, repo).tree("main").entries()) == {"a.txt"}


def test_two_processes_may_open_one_mirror_at_once(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})

    with ThreadPoolExecutor(4) as pool:
        tips = list(pool.map(lambda _: open_mirror(tmp_path, repo).tip("main"), range(4)))

    assert set(tips) == {repo.head.commit.hexsha}


def test_a_branch_named_as_a_commit_does_not_take_its_place(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo({"a.txt": "1\n"})
    first = repo.head.commit.hexsha
    second = commit(repo, {"a.txt": "2\n"})
    repo.git.update_ref(f"refs/heads/{first}", second)

    assert open_mirror(tmp_path, repo).resolve(first) == first
