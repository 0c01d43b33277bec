import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import MakeRepository
from tests.workspace.test_mirror import open_mirror


def test_says_what_a_command_left_behind(git_repo: MakeRepository, tmp_path: Path) -> None:
    files = {"a b/ü.txt": "1\n", "kept": "1\n", "gone": "1\n", ".gitignore": "*.pyc\n"}
    mirror = open_mirror(tmp_path, git_repo(files))

    with mirror.worktree("main") as worktree:
        assert worktree.dirtied() == ()
        (worktree.path / "a b/ü.txt").write_text("2\n")
        (worktree.path / "gone").unlink()
        (worktree.path / "x.pyc").write_text("ignored")
        (worktree.path / "new").mkdir()
        (worktree.path / "new/one file").write_text("1")

        assert worktree.dirtied() == ("a b/ü.txt", "gone", "new/one file")


def test_target_code_cannot_hide_what_it_left(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a.txt": "1\n", "b.txt": "1\n"}))
    planted = tmp_path / "planted"

    with mirror.worktree("main") as worktree:
        decoy = worktree.path / "decoy"
        subprocess.run(["git", "init", "-q", decoy], check=True)
        with (decoy / ".git/config").open("a") as config:
            config.write(f'[core]\n\tfsmonitor = "touch {planted}"\n\tworktree = /\n')
        (worktree.path / ".git").write_text(f"gitdir: {decoy}/.git\n")
        (worktree.path / "a.txt").write_text("2\n")

        assert "a.txt" in worktree.dirtied()
        assert any(path.startswith("decoy") for path in worktree.dirtied())
    assert not planted.exists()
    assert not worktree.path.exists()
    with mirror.worktree("main") as another:
        assert another.dirtied() == ()


def test_is_removed_after_an_error_and_with_locked_folders(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({"a/b/c.txt": "1\n"}))

    with pytest.raises(KeyError), mirror.worktree("main") as worktree:  # noqa: PT012
        (worktree.path / "a/b").chmod(0o500)
        (worktree.path / "a").chmod(0o100)
        raise KeyError
    assert list(mirror.worktrees.iterdir()) == []
    assert not list((mirror.git_dir / "worktrees").glob("*"))


def test_several_at_once_are_apart(git_repo: MakeRepository, tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path, git_repo({f"f{n}": str(n) for n in range(50)}))

    def work(number: int) -> tuple[str, ...]:
        with mirror.worktree("main") as worktree:
            (worktree.path / f"new{number}").write_text("x")
            time.sleep(0.05)
            return worktree.dirtied()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(8)))

    assert found == [(f"new{number}",) for number in range(8)]
    assert list(mirror.worktrees.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from meta_pipeline.workspace.repository import Mirror
mirror = Mirror.open(Path(sys.argv[1]), "sales", sys.argv[2])
with mirror.worktree("main") as worktree:
    print(worktree.path, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_removed_at_the_next_open(
    git_repo: MakeRepository, tmp_path: Path
) -> None:
    repo = git_repo({"a.txt": "1\n"})
    arguments = [sys.executable, "-c", HOLD, str(tmp_path / "state"), str(repo.working_dir)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        path = Path(holder.stdout.readline().strip())
        with open_mirror(tmp_path, repo).worktree("main") as own:
            open_mirror(tmp_path, repo)
            assert path.is_dir(), "its owner is alive"
            assert own.path.is_dir()
        holder.kill()
        holder.wait()

    mirror = open_mirror(tmp_path, repo)

    assert not path.exists()
    assert list(mirror.worktrees.iterdir()) == []
