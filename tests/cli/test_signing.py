import subprocess
from pathlib import Path

from tests.cli.command import DAG, ISSUE, SHOP, Shell
from tests.conftest import MakeRepository, commit

PATCH = """\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: Some Body <author@example.com>
Date: Mon, 5 Jan 2026 12:00:00 +0000
Subject: [PATCH] Retry the load

---
"""


def make_key(folder: Path, name: str) -> Path:
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def test_who_may_sign_and_who_may_not(shell: Shell, git_repo: MakeRepository) -> None:
    author, reviewer, stranger = (make_key(shell.folder, name) for name in ("author", "reviewer", "stranger"))
    signers = "".join(
        f"{key.name}@example.com {key.with_suffix('.pub').read_text()}" for key in (author, reviewer)
    )
    repo = git_repo({**SHOP, ".meta-pipeline/allowed_signers": signers})
    (shell.folder / "issue.md").write_text(ISSUE)
    (Path(repo.working_dir) / "dags/daily.py").write_text(DAG.replace('"retries": 1', '"retries": 3'))
    (shell.folder / "human.patch").write_text(f"{PATCH}{repo.git.diff()}\n")
    repo.git.checkout("--", ".")
    command = ("deliver", "--repo", "repo", "--issue", "issue.md", "--patch", "human.patch", "--json")
    said = shell.run(*command)
    document = said.document("deliver")
    assert (said.exit, document["state"]) == (3, "awaiting_plan_signoff"), said.text
    delivery = document["delivery"]

    approve = ("approve", delivery, "design", "--key")
    assert "is not in .meta-pipeline/allowed_signers at" in shell.refused(2, *approve, stranger)
    assert "author@example.com wrote this change and cannot sign it" in shell.refused(2, *approve, author)
    assert shell.run("status", delivery, "--json").document("deliver")["state"] == "awaiting_plan_signoff"

    approved = shell.run(*approve, reviewer, "--json")
    assert (approved.exit, approved.document("decide")["delivery"]) == (0, delivery)
    assert shell.run("status", delivery, "--json").document("deliver")["state"] == "implementing"
    assert "does not wait for a sign-off" in shell.refused(2, *approve, reviewer)

    # What was handed in before needs not apply any more: it may be merged by now.
    commit(repo, {"dags/daily.py": DAG.replace('"retries": 1', '"retries": 3')})
    assert "does not apply" not in shell.run(*command, "--until", "design").text


def test_signers_that_are_committed_after_the_plan_may_sign_it(
    shell: Shell, git_repo: MakeRepository
) -> None:
    reviewer = make_key(shell.folder, "reviewer")
    repo = git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    command = ("deliver", "--repo", "repo", "--issue", "issue.md", "--json")
    document = shell.run(*command).document("deliver")
    assert "names no signer" in document["next_action"]
    approve = ("approve", document["delivery"], "design", "--key", reviewer)
    assert "names no signer" in shell.refused(2, *approve)

    public = reviewer.with_suffix(".pub").read_text()
    commit(repo, {".meta-pipeline/allowed_signers": f"reviewer@example.com {public}"})
    assert shell.run(*command).document("deliver")["state"] == "awaiting_plan_signoff"
    assert shell.run(*approve).exit == 0
