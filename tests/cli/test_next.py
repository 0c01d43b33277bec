"""Every command ends with what to type next."""

import pytest

from tests.cli.command import DAG, POLICY, SHOP, Shell
from tests.conftest import MakeRepository, commit


@pytest.mark.parametrize(
    "command, says",
    [
        (("doctor",), "next: meta-pipeline init --repo PATH"),
        (("gates",), "judge a change by all with: meta-pipeline check --repo PATH"),
        (("status",), "Begin one with: meta-pipeline deliver --repo PATH --issue FILE"),
        (("hold",), "Next: meta-pipeline hold --release"),
        (("hold", "--release"), "Next: meta-pipeline status"),
    ],
)
def test_without_a_repository(shell: Shell, command: tuple[str, ...], says: str) -> None:
    said = shell.run(*command)
    assert said.exit == 0, said.text
    assert says in said.stdout


def test_no_command_gives_help_and_no_complaint(shell: Shell) -> None:
    said = shell.run()
    assert said.exit == 2
    assert "Begin with: meta-pipeline doctor" in said.stdout
    assert "error" not in said.text


@pytest.mark.parametrize(
    "change, status, says",
    [
        ({"README.md": "\n"}, 0, "next: judge it by the repository's own linter, tests and dry runs too: "),
        ({"dags/daily.py": DAG.replace("0 5", "0 6")}, 3, "next: have a person who may approve it read"),
        ({"dags/daily.py": "with DAG(\n"}, 1, "next: mend what failed, as each finding says, commit, then: "),
    ],
)
def test_a_verdict_says_what_now(
    shell: Shell, git_repo: MakeRepository, change: dict[str, str | None], status: int, says: str
) -> None:
    repo = git_repo(SHOP)
    commit(repo, change)
    said = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD")
    assert said.exit == status, said.text
    assert says in said.stdout
    if status != 3:
        assert "meta-pipeline check --repo repo --base 'HEAD~1' --head HEAD" in said.stdout.splitlines()[-1]


def test_what_could_not_run_leads_to_the_machine(shell: Shell, git_repo: MakeRepository) -> None:
    policy = POLICY.replace(
        "scheduler:\n  kind: airflow\n  paths: [dags]\n", "commands: {lint: no-such-linter}\n"
    )
    repo = git_repo({".meta-pipeline.yaml": policy, "a.py": ""})
    commit(repo, {"a.py": "\n"})
    said = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD", "--level", "full")
    assert said.exit == 4, said.text
    assert "what this machine lacks with: meta-pipeline doctor" in said.stdout


def test_topology_leads_to_a_policy_and_then_to_a_check(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({"dags/daily.py": DAG})
    assert "next: meta-pipeline init --repo repo" in shell.run("topology", "--repo", "repo").stdout
    commit(repo, SHOP)
    assert (
        "next: meta-pipeline check --repo repo --base main" in shell.run("topology", "--repo", "repo").stdout
    )
    git_repo({"README.md": ""}, name="other")
    nothing = shell.run("topology", "--repo", "other").stdout
    assert (
        "No pipelines were found. next: write .meta-pipeline.yaml with 'meta-pipeline init --repo other'"
        in nothing
    )
