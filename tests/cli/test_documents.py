"""Under `--json` every command prints one document, which is as its published schema says."""

import pytest

from tests.cli.command import DAG, ISSUE, SHOP, Shell
from tests.conftest import MakeRepository, commit


def test_a_repository_without_a_delivery(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo({"dags/daily.py": DAG})
    init = shell.run("init", "--repo", "repo", "--json")
    assert init.exit == 0
    assert init.document("init")["written"].endswith(".meta-pipeline.yaml")
    assert "is there already, and init never writes over it" in shell.refused(2, "init", "--repo", "repo")

    found = shell.run("topology", "--repo", "repo", "--format", "json").document("topology")
    pipeline = found["topologies"][0]["pipelines"][0]
    assert (pipeline["id"], pipeline["schedule"], pipeline["nodes"][0]["retries"]) == (
        "daily",
        "0 5 * * *",
        1,
    )

    commit(repo, {"dags/daily.py": DAG.replace("0 5 *", "0 6 *")})
    asks = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD", "--json")
    document = asks.document("check")
    assert (asks.exit, document["verdict"], document["level"]) == (3, "needs_approval", "static")
    commit(repo, {"dags/daily.py": "with DAG(\n"})
    broken = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD", "--json")
    assert (broken.exit, broken.document("check")["verdict"]) == (1, "blocked")


@pytest.mark.parametrize("command", ["gates", "status", "doctor"])
def test_what_needs_no_repository(shell: Shell, command: str) -> None:
    said = shell.run(command, "--json")
    assert said.exit == 0, said.text
    said.document(command)


def test_a_delivery_from_its_issue_to_its_end(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    deliver = ("deliver", "--repo", "repo", "--issue", "issue.md", "--json")
    said = shell.run(*deliver)
    document = said.document("deliver")
    assert (said.exit, document["state"]) == (3, "awaiting_plan_signoff")
    delivery = document["delivery"]
    assert shell.run(*deliver).document("deliver")["revision"] == 1

    again = shell.run("status", delivery, "--json")
    assert (again.exit, again.document("deliver")["state"]) == (3, "awaiting_plan_signoff")
    assert shell.run("status", "--json").document("status")["deliveries"][0]["delivery"] == delivery

    held = shell.run("hold", "--reason", "freeze", "--json")
    assert (held.exit, held.document("decide")["next_action"]) == (0, "meta-pipeline hold --release")
    assert "freeze" in shell.run("status", "--json").document("status")["held"]
    shell.run("hold", "--release", "--json").document("decide")

    gone = shell.run("withdraw", delivery, "--json")
    assert (gone.exit, gone.document("decide")["delivery"]) == (0, delivery)
    assert shell.run("status", delivery, "--json").document("deliver")["state"] == "withdrawn"
    assert "is withdrawn already" in shell.refused(2, "withdraw", delivery)
