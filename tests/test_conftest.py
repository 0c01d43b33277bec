from tests.conftest import MakeRepository, commit


def test_equal_content_has_an_equal_commit(git_repo: MakeRepository) -> None:
    first, second = (git_repo({"dags/a.py": "x = 1\n"}, name=name) for name in ("one", "two"))
    assert first.head.commit.hexsha == second.head.commit.hexsha
    assert first.active_branch.name == "main"


def test_a_commit_adds_changes_and_removes(git_repo: MakeRepository) -> None:
    repo = git_repo({"a": "1", "b": "2", ".gitignore": "*.log\n"})
    made = commit(repo, {"a": "3", "b": None, "c.log": b"\x00"})
    assert repo.git.show(f"{made}:a") == "3"
    assert repo.git.diff("--name-status", "HEAD~1", "HEAD").split() == ["M", "a", "D", "b", "A", "c.log"]
    assert not repo.is_dirty(untracked_files=True)
