"""Bad input: one clear message with the place and the mend, the right exit status, nothing lost or half-written."""

from pathlib import Path

import pytest
from git import Repo

from tests.cli.command import ISSUE, POLICY, SHOP, Shell
from tests.conftest import MakeRepository, commit

STALE = """\
diff --git a/dags/daily.py b/dags/daily.py
--- a/dags/daily.py
+++ b/dags/daily.py
@@ -1,1 +1,1 @@
-nothing like it
+other
"""
OUTSIDE = """\
diff --git a/../x b/../x
new file mode 100644
--- /dev/null
+++ b/../x
@@ -0,0 +1,1 @@
+x
"""


def deliveries(shell: Shell) -> list[str]:
    """What a delivery has left: nothing where it never began."""
    folder = shell.home / "deliveries"
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) if folder.exists() else []


@pytest.mark.parametrize(
    "text, says",
    [
        ("---\ntitle: [\n---\n\n### What should change\n\nx\n", "issue.md:2: the front matter is not YAML"),
        ("no front matter\n", "issue.md:1: the issue has no front matter; begin with '---'"),
        (ISSUE.replace("requester", "status: closed\nrequester"), "the issue is closed; set its status"),
    ],
)
def test_a_malformed_issue(shell: Shell, git_repo: MakeRepository, text: str, says: str) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(text)
    assert says in shell.refused(2, "deliver", "--repo", "repo", "--issue", "issue.md")
    assert deliveries(shell) == []


def test_a_missing_issue(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    error = shell.refused(2, "deliver", "--repo", "repo", "--issue", "none.md")
    assert "none.md: the issue cannot be read (No such file or directory); name a Markdown file" in error


def test_an_unknown_target_or_delivery(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    (shell.folder / "bad.md").write_text("")
    shell.run("deliver", "--repo", "repo", "--issue", "bad.md")
    assert "no target 'other' is watched; known targets: shop" in shell.refused(2, "status", "other/inbox-1")
    assert "there is no delivery shop/inbox-1; the deliveries of shop are: none." in shell.refused(
        2, "withdraw", "shop/inbox-1"
    )
    assert "write <target>/<source>-<number>, as sales/inbox-0007" in shell.refused(
        2, "answer", "shop", "q1", "yes"
    )


def test_no_scheduler(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo({"README.md": "# A shop\n"})
    (shell.folder / "issue.md").write_text(ISSUE)
    error = shell.refused(2, "deliver", "--repo", "repo", "--issue", "issue.md")
    assert "no scheduler was found" in error
    assert "name it as scheduler.kind and scheduler.paths in .meta-pipeline.yaml" in error
    assert deliveries(shell) == []
    found = shell.run("topology", "--repo", "repo", "--json")
    assert (found.exit, found.document("topology")["topologies"]) == (0, [])


@pytest.mark.parametrize(
    "patch, says",
    [
        ("", "human.patch:1: the patch is empty"),
        ("not a patch\n", "human.patch:1: no line begins with 'diff --git'"),
        (
            STALE,
            "human.patch does not apply to 'main' at ",
        ),
        (
            OUTSIDE,
            "human.patch",
        ),
    ],
)
def test_a_bad_patch(shell: Shell, git_repo: MakeRepository, patch: str, says: str) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    (shell.folder / "human.patch").write_text(patch)
    command = ("deliver", "--repo", "repo", "--issue", "issue.md", "--patch", "human.patch")
    assert says in shell.refused(2, *command)
    assert deliveries(shell) == []


def test_a_missing_patch_and_a_foreign_author(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    command = ("deliver", "--repo", "repo", "--issue", "issue.md")
    assert "none.patch: the patch cannot be read" in shell.refused(2, *command, "--patch", "none.patch")
    assert "--author agent is not part of this version; use --author recipes" in shell.refused(
        2, *command, "--author", "agent"
    )


@pytest.mark.parametrize("command", ["deliver", "check"])
def test_no_repository_or_no_commit(shell: Shell, command: str) -> None:
    (shell.folder / "issue.md").write_text(ISSUE)
    Repo.init(shell.folder / "empty", initial_branch="main")
    (shell.folder / "plain").mkdir()
    more = {
        "deliver": ("--issue", "issue.md"),
        "check": ("--base", "HEAD~1", "--head", "HEAD"),
    }.get(command, ())
    assert "no commit" in shell.refused(2, command, "--repo", "empty", *more)
    assert "is not a git repository; name its root" in shell.refused(2, command, "--repo", "plain", *more)
    assert "none is not a folder" in shell.refused(2, command, "--repo", "none", *more)
    assert [path.name for path in (shell.folder / "empty").iterdir()] == [".git"]


@pytest.mark.parametrize(
    "policy, says",
    [
        (POLICY + "retrys: {minimum: 2}\n", ".meta-pipeline.yaml:6: unknown key 'retrys'; write 'retries'."),
        (POLICY + "commands:\n  lint: [make, lint]\n", ".meta-pipeline.yaml:7: 'commands.lint' is wrong"),
        (POLICY + "commands: {lint: a\n", ".meta-pipeline.yaml:7: this is not YAML"),
        (POLICY + "limits: {seconds: 0}\n", ".meta-pipeline.yaml:6: 'limits.seconds' is wrong"),
        ("- a\n", ".meta-pipeline.yaml:1: a policy is a mapping of keys"),
        ("", ".meta-pipeline.yaml:1: a policy is a mapping of keys"),
    ],
)
def test_a_policy_that_cannot_be_used(shell: Shell, git_repo: MakeRepository, policy: str, says: str) -> None:
    git_repo({**SHOP, ".meta-pipeline.yaml": policy})
    (shell.folder / "issue.md").write_text(ISSUE)
    # The quick command stands for all that read a policy; one of the cases shows that `deliver` does too.
    command = ("deliver", "--issue", "issue.md") if "retrys" in policy else ("topology",)
    assert says in shell.refused(2, *command, "--repo", "repo")
    assert deliveries(shell) == []


def test_an_unknown_commit(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    for rev in ("nosuch", "-x"):
        error = shell.refused(2, "check", "--repo", "repo", f"--base={rev}", "--head", "HEAD")
        assert f"repo has no commit '{rev}'; name a branch" in error


def test_wrong_usage_is_told_as_such(shell: Shell) -> None:
    assert "'--issue'" in shell.refused(2, "deliver")
    assert "check --help" in shell.refused(2, "check")
    assert "frobnicate" in shell.refused(2, "frobnicate")
    assert "sideways" in shell.refused(2, "check", "--repo", ".", "--level", "sideways")
    assert "rollout" in shell.refused(2, "approve", "shop/inbox-1", "rollout", "--key", "k")


def test_a_home_that_cannot_be_written(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    (shell.folder / "a file").write_text("")
    home = str(shell.folder / "a file" / "home")
    command = ("deliver", "--repo", "repo", "--issue", "issue.md")
    error = shell.refused(4, *command, META_PIPELINE_HOME=home)
    assert "a file" in error
    assert "META_PIPELINE_HOME" in error


def test_settings_that_cannot_be_used(shell: Shell) -> None:
    shell.home.mkdir()
    settings = shell.home / "settings.yaml"
    settings.write_text("targets: [{name: Shop, repository: /x}]\n")
    assert f"{settings}: 'targets.0.name' is wrong: write a name" in shell.refused(2, "status")
    settings.write_text("targets: [\n")
    assert f"{settings}:2: this is not YAML" in shell.refused(2, "status")


def test_an_altered_ledger_is_told(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    (shell.folder / "issue.md").write_text(ISSUE)
    said = shell.run("deliver", "--repo", "repo", "--issue", "issue.md", "--json")
    assert said.exit == 3, said.text
    document = said.document("deliver")
    assert (document["state"], document["stage"]) == ("awaiting_plan_signoff", "design")
    first = Path(document["folder"], "ledger", "000001.json")
    first.write_text(first.read_text().replace("opened", "opened "))
    error = shell.refused(2, "status", document["delivery"])
    assert "000001.json: this ledger entry cannot be read; restore it from a copy." in error


def test_nobody_may_sign_without_a_key_that_is_allowed(shell: Shell, git_repo: MakeRepository) -> None:
    repo = git_repo(SHOP)
    commit(repo, {".meta-pipeline/allowed_signers": "# nobody yet\n"})
    (shell.folder / "issue.md").write_text(ISSUE)
    document = shell.run("deliver", "--repo", "repo", "--issue", "issue.md", "--json").document("deliver")
    assert "names no signer" in document["next_action"]
    delivery = document["delivery"]
    assert "there is no key here" in shell.refused(2, "approve", delivery, "design", "--key", "none")
    assert "does not wait for a sign-off of its review stage" in shell.refused(
        2, "approve", delivery, "review", "--key", "none"
    )
