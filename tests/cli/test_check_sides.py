"""What `check` compares: the difference that the change makes, and none that came from elsewhere."""

import subprocess
from pathlib import Path

import pytest
from git import Repo

from tests.cli.command import DAG, POLICY, SHOP, Said, Shell
from tests.conftest import MakeRepository, commit

OTHER = DAG.replace("daily", "hourly").replace("0 5 * * *", "0 * * * *")


def stopped(said: Said) -> list[str]:
    gates = said.document("check")["gates"]
    return [gate["id"] for gate in gates if gate["outcome"] in ("failed", "needs_approval")]


@pytest.fixture
def behind(git_repo: MakeRepository) -> Repo:
    """A branch `topic` that changes a text, and a `main` that has got a DAG since."""
    repo = git_repo(SHOP)
    repo.git.checkout("-q", "-b", "topic")
    commit(repo, {"README.md": "More\n"})
    repo.git.checkout("-q", "main")
    commit(repo, {"dags/hourly.py": OTHER})
    return repo


def test_a_branch_that_is_behind_does_not_remove_what_it_never_had(shell: Shell, behind: Repo) -> None:
    said = shell.run("check", "--repo", "repo", "--base", "main", "--head", "topic", "--json")
    document = said.document("check")
    start = behind.git.merge_base("main", "topic")
    assert (said.exit, document["verdict"], document["base"]) == (0, "pass", start)
    assert document["head"] == behind.rev_parse("topic").hexsha
    (note,) = document["notes"]
    assert (
        note
        == f"topic left main at {start[:12]}, so it was judged against that commit, by the policy of main"
    )
    assert f"note: {note}" in shell.run("check", "--repo", "repo", "--base", "main", "--head", "topic").stdout


def test_the_policy_is_that_of_the_named_base(shell: Shell, behind: Repo) -> None:
    """A branch does not escape a rule by beginning before it was made."""
    commit(behind, {".meta-pipeline.yaml": POLICY + "gates: {CHG005: failed}\n"})
    behind.git.checkout("-q", "topic")
    commit(behind, {"dags/daily.py": DAG.replace("0 5", "0 6")})
    said = shell.run("check", "--repo", "repo", "--base", "main", "--head", "topic", "--json")
    (gate,) = [gate for gate in said.document("check")["gates"] if gate["id"] == "CHG005"]
    assert gate["outcome"] == "failed"


def test_a_base_that_head_holds_is_the_base(shell: Shell, behind: Repo) -> None:
    said = shell.run("check", "--repo", "repo", "--base", "main~1", "--head", "main", "--json")
    document = said.document("check")
    assert (document["base"], document["notes"]) == (behind.rev_parse("main~1").hexsha, [])


def test_going_back_is_judged_as_going_back(shell: Shell, behind: Repo) -> None:
    said = shell.run("check", "--repo", "repo", "--base", "main", "--head", "main~1", "--json")
    document = said.document("check")
    assert document["base"] == behind.rev_parse("main").hexsha
    assert "CHG004" in stopped(said)
    assert document["notes"] == ["main holds main~1 already, so going back to it is what was judged"]


def test_without_a_common_history_all_that_differs_is_judged(shell: Shell, behind: Repo) -> None:
    behind.git.checkout("-q", "--orphan", "fresh")
    commit(behind, {"dags/daily.py": None})
    said = shell.run("check", "--repo", "repo", "--base", "main", "--head", "fresh", "--json")
    assert "CHG004" in stopped(said)
    assert said.document("check")["notes"] == [
        "main and fresh have no common history, so all that differs between them was judged"
    ]


def test_a_shallow_clone_says_how_much_more_it_needs(shell: Shell, behind: Repo) -> None:
    clone = Repo.clone_from(
        f"file://{behind.working_dir}", shell.folder / "clone", depth=1, no_single_branch=True
    )
    command = ("check", "--repo", "clone", "--base", "origin/main", "--head", "origin/topic")
    error = shell.refused(2, *command)
    assert "is a shallow clone that does not reach back to where origin/topic left origin/main" in error
    assert "'git fetch --deepen=200'" in error
    assert "fetch-depth: 0" in error
    clone.git.fetch("--deepen=200")
    assert shell.run(*command).exit == 0


@pytest.mark.usefixtures("behind")
def test_both_commits_must_be_named(shell: Shell) -> None:
    assert "'--base' is missing" in shell.refused(2, "check", "--repo", "repo", "--head", "main")
    assert "'--head' is missing" in shell.refused(2, "check", "--repo", "repo", "--base", "main")


def test_what_is_staged_is_judged_and_the_repository_is_left_alone(
    shell: Shell, git_repo: MakeRepository
) -> None:
    repo = git_repo(SHOP)
    root = Path(repo.working_dir)
    (root / "dags/daily.py").write_text(DAG.replace("0 5", "0 6"))
    repo.git.add("--all")
    (root / "dags/daily.py").write_text("with DAG(\n")  # not staged
    before = {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()}
    said = shell.run("check", "--repo", "repo", "--staged", "--json")
    document = said.document("check")
    assert (said.exit, document["verdict"], document["base"]) == (
        3,
        "needs_approval",
        repo.head.commit.hexsha,
    )
    assert before == {path: path.read_bytes() for path in (root / ".git").rglob("*") if path.is_file()}
    assert document["head"] == repo.git.write_tree()


def test_what_is_staged_on_a_branch_since_it_left_its_base(shell: Shell, behind: Repo) -> None:
    behind.git.checkout("-q", "topic")
    (Path(behind.working_dir) / "dags/daily.py").unlink()
    behind.git.add("--all")
    said = shell.run("check", "--repo", "repo", "--base", "main", "--staged", "--json")
    assert said.document("check")["base"] == behind.git.merge_base("main", "topic")
    removed = [
        each
        for gate in said.document("check")["gates"]
        for each in gate["findings"]
        if gate["id"] == "CHG004"
    ]
    assert {each["path"] for each in removed} == {"dags/daily.py"}


def test_before_the_first_commit_all_that_is_staged_is_new(shell: Shell) -> None:
    repo = Repo.init(shell.folder / "repo", initial_branch="main")
    (shell.folder / "repo/dags").mkdir()
    (shell.folder / "repo/dags/daily.py").write_text(DAG)
    repo.git.add("--all")
    said = shell.run("check", "--repo", "repo", "--staged", "--json")
    assert said.exit == 0, said.text
    assert said.document("check")["base"] == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_staged_is_refused_where_nothing_can_be(shell: Shell, behind: Repo) -> None:
    Repo.init(shell.folder / "bare.git", bare=True)
    assert "it has no index" in shell.refused(2, "check", "--repo", "bare.git", "--staged")
    assert "leave --staged or --level full out" in shell.refused(
        2, "check", "--repo", "repo", "--staged", "--level", "full"
    )
    assert "give either --head or --staged" in shell.refused(
        2, "check", "--repo", "repo", "--staged", "--head", "main"
    )
    behind.git.checkout("-q", "topic")
    commit(behind, {"dags/hourly.py": "ours\n"})
    subprocess.run(["git", "merge", "-q", "main"], cwd=behind.working_dir, check=False, capture_output=True)
    error = shell.refused(2, "check", "--repo", "repo", "--staged")
    assert "settle the conflicts, stage the files again" in error
