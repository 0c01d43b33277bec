"""`init` on repositories of every condition: one file written or none, and what to do next."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.policy import read_policy
from tests.cli.command import DAG, SHOP, Shell
from tests.conftest import MakeRepository, commit

FILE = ".meta-pipeline.yaml"


def test_what_is_found_and_unsure_and_next_is_said(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo({"dags/daily.py": DAG, "Makefile": "lint:\n\truff check .\n", "CODEOWNERS": "* @shop-data\n"})
    said = shell.run("init", "--repo", "repo")
    assert said.exit == 0, said.text
    for expected in (
        "Wrote repo/.meta-pipeline.yaml",
        "scheduler: airflow, in dags",
        "dags/daily.py imports airflow and defines pipelines",
        "commands.lint: make lint\n      From Makefile:1",
        "1. environment.python: no file says which Python",
        "@shop-data owns the pipelines (CODEOWNERS:1)",
        "ssh-keygen -t ed25519",
        "meta-pipeline topology --repo repo",
        "meta-pipeline deliver --repo repo --issue repo/.meta-pipeline/issues/0001-what-it-wants.md",
    ):
        assert expected in said.stdout


def test_the_printed_commands_lead_to_a_signed_plan(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({"dags/daily.py": DAG})
    (shell.folder / ".ssh").mkdir()
    document = shell.run("init", "--repo", "repo", "--json").document("init")
    assert {found["key"] for found in document["found"]} >= {"scheduler", "environment.python"}
    keygen, signers, committing, topology, issue, delivering = document["next"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(shell.folder), "GIT_CONFIG_NOSYSTEM": "1"}
    # The commands are for a person's shell: their mail is that of their git, and the key has no passphrase here.
    subprocess.run(
        ["git", "config", "--global", "user.email", "you@example.com"], env=environment, check=True
    )
    for command in (
        f"{keygen} -q -N ''",
        signers,
        committing,
        issue.replace("my_pipeline.my_task", "daily.load"),
    ):
        subprocess.run(
            ["bash", "-ec", command], cwd=shell.folder, env=environment, check=True, capture_output=True
        )
    assert "you@example.com namespaces" in repo.git.show("HEAD:.meta-pipeline/allowed_signers")
    assert shell.run(*shlex.split(topology)[1:]).exit == 0
    commit(repo, {}, "An issue")
    waiting = shell.run(*shlex.split(delivering)[1:])
    assert waiting.exit == 3, waiting.text
    approve = waiting.stdout[waiting.stdout.index("meta-pipeline approve") :].splitlines()[0]
    assert approve.endswith("design --key ~/.ssh/id_ed25519")
    words = approve.replace("~", str(shell.folder)).split()
    signed = shell.run(*words[1:])
    assert signed.exit == 0, signed.text
    assert f"meta-pipeline deliver --repo {shell.folder / 'repo'} --issue" in signed.stdout


def test_an_existing_file_of_any_kind_is_left_alone(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo({"dags/daily.py": DAG})
    path = shell.folder / "repo" / FILE
    path.write_text("mine\n")
    assert "init never writes over it; edit it, or move it away" in shell.refused(2, "init", "--repo", "repo")
    assert path.read_text() == "mine\n"
    path.unlink()
    path.symlink_to("elsewhere.yaml")
    assert "init never writes over it" in shell.refused(2, "init", "--repo", "repo")
    assert not (shell.folder / "repo" / "elsewhere.yaml").exists()


def test_where_no_file_can_be_written_nothing_is_left(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({"dags/daily.py": DAG})
    Repo.clone_from(str(shell.folder / "repo"), shell.folder / "bare.git", bare=True)
    for place in ("bare.git", "repo/.git"):
        assert "run init in the root of a checkout" in shell.refused(2, "init", "--repo", place)
    assert not (shell.folder / "bare.git" / FILE).exists()
    inside = shell.refused(2, "init", "--repo", "repo/dags")
    assert f"repo/dags is a folder inside a repository; name its root: --repo {repo.working_dir}" in inside
    (shell.folder / "plain").mkdir()
    assert "plain is not a git repository" in shell.refused(2, "init", "--repo", "plain")
    Repo.init(shell.folder / "empty", initial_branch="main")
    assert "empty is a repository with no commit" in shell.refused(2, "init", "--repo", "empty")
    assert [path.name for path in (shell.folder / "empty").iterdir()] == [".git"]
    if os.geteuid() != 0:
        (shell.folder / "repo").chmod(0o555)
        assert "cannot be written (Permission denied)" in shell.refused(2, "init", "--repo", "repo")


@pytest.mark.parametrize(
    "branches, head, expected, doubted",
    [
        (("main",), "main", "main", False),
        (("trunk", "feature"), "feature", "trunk", False),  # the origin's default
        (("main", "feature"), "feature", "main", False),
        (("odd",), "odd", "odd", True),
        (("odd",), "detached", "odd", True),
    ],
)
def test_the_default_branch_is_the_one_that_changes_go_to(
    shell: Shell, git_repo: MakeRepository, branches: tuple[str, ...], head: str, expected: str, doubted: bool
) -> None:
    repo = git_repo(SHOP | {FILE: "", "a.txt": ""})
    commit(repo, {FILE: None})
    first, *others = branches
    repo.git.branch("-m", "main", first)
    for other in others:
        repo.git.branch(other)
    if first == "trunk":
        repo.git.update_ref("refs/remotes/origin/trunk", "HEAD")
        repo.git.symbolic_ref("refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    repo.git.checkout("--detach") if head == "detached" else repo.git.checkout(head)
    document = shell.run("init", "--repo", "repo", "--json").document("init")
    assert read_policy((shell.folder / "repo" / FILE).read_text()).default_branch == expected
    assert any("is the branch at hand" in doubt for doubt in document["unsure"]) == doubted


def test_files_that_are_not_committed_are_not_read_and_this_is_said(
    shell: Shell, git_repo: MakeRepository
) -> None:
    repo = git_repo({"dags/daily.py": DAG})
    Path(repo.working_dir, "ruff.toml").write_text("")
    Path(repo.working_dir, "dags", "daily.py").write_text("")
    document = shell.run("init", "--repo", "repo", "--json").document("init")
    assert "2 files are new or changed since" in document["notes"][0]
    policy = read_policy(Path(repo.working_dir, FILE).read_text())
    assert policy.commands.lint is None
    assert policy.scheduler is not None
    assert Path(repo.working_dir, "dags", "daily.py").read_text() == ""


def test_a_repository_of_flows_is_read_as_any_other(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo({"flows/a.py": "from prefect import flow\n\n@flow\ndef nightly_load(): ...\n"})
    for command in (("init",), ("topology",), ("check", "--base", "HEAD", "--head", "HEAD")):
        said = shell.run(*command, "--repo", "repo")
        assert said.exit == 0, said.text
        assert "next: " in said.stdout.lower() or "Next:" in said.stdout
    assert "nightly-load" in shell.run("topology", "--repo", "repo").stdout


def test_a_python_that_is_not_on_the_machine_is_a_step(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo({"dags/daily.py": DAG, ".python-version": "3.99\n"})
    document = shell.run("init", "--repo", "repo", "--json").document("init")
    assert "uv python install 3.99" in document["next"]


def test_where_dbt_runs_alone_the_first_issue_asks_for_a_test(shell: Shell, git_repo: MakeRepository) -> None:
    profile = "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb}\n"
    git_repo({"dbt_project.yml": "name: shop\nprofile: shop\n", "profiles.yml": profile})
    said = shell.run("init", "--repo", "repo").stdout
    assert "- No value of `my_model.my_column` is null" in said
    assert "Retries of" not in said
