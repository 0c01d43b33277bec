"""A target's command that fails, hangs or is missing: what `check --level full` makes of it."""

from typing import Any

import pytest

from tests.cli.command import Shell
from tests.conftest import MakeRepository, commit

POLICY = """\
version: 1
target: shop
limits: {seconds: 3}
commands:
  lint: COMMAND
"""
FINE, FAILS, HANGS = (
    "print('fine')\n",
    "print('a.py:3: too long')\nraise SystemExit(1)\n",
    "while True: pass\n",
)


def judged(shell: Shell, make: MakeRepository, command: str, head: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and what VAL001 says of a change of the linter's script to `head`."""
    policy = POLICY.replace("COMMAND", command)
    repo = make({"lint.py": FINE, ".meta-pipeline.yaml": policy, "a.py": "\n"})
    commit(repo, {"lint.py": head, "a.py": "\n\n"})
    shown = ("--base", "HEAD~1", "--head", "HEAD", "--level", "full", "--json")
    said = shell.run("check", "--repo", "repo", *shown)
    gates = said.document("check")["gates"]
    return said.exit, next(gate for gate in gates if gate["id"] == "VAL001")


@pytest.mark.parametrize(
    "command, head, status, outcome, says",
    [
        ("python lint.py", "print('fine, too')\n", 0, "passed", ""),
        ("python lint.py", FAILS, 1, "failed", "too long"),
        ("python lint.py", HANGS, 4, "could_not_run", "was ended after its limit of 3 seconds"),
        ("no-such-linter .", FINE, 4, "could_not_run", "'no-such-linter' is not in the target's environment"),
        ("python 'lint.py", FINE, 2, "", ""),
    ],
)
def test_a_command_has_the_last_word_only_where_it_gave_one(
    shell: Shell, git_repo: MakeRepository, command: str, head: str, status: int, outcome: str, says: str
) -> None:
    if status == 2:
        make_and_refuse(shell, git_repo, command)
        return
    exit_status, gate = judged(shell, git_repo, command, head)
    assert gate["outcome"] == outcome
    assert says in gate["reason"] + "".join(finding["message"] for finding in gate["findings"])
    assert exit_status == status


def make_and_refuse(shell: Shell, make: MakeRepository, command: str) -> None:
    make({"lint.py": FINE, ".meta-pipeline.yaml": POLICY.replace("COMMAND", f'"{command}"')})
    error = shell.refused(2, "check", "--repo", "repo", "--base", "HEAD", "--head", "HEAD")
    assert ".meta-pipeline.yaml:5: 'commands.lint' is wrong" in error
    assert "close the quote" in error


def test_commits_that_no_branch_leads_to_are_run(shell: Shell, git_repo: MakeRepository) -> None:
    """CI checks out the merge of a pull request, which is on no branch."""
    policy = POLICY.replace("COMMAND", "python lint.py")
    repo = git_repo({"lint.py": FINE, ".meta-pipeline.yaml": policy, "a.py": "\n"})
    base = repo.head.commit.hexsha
    repo.git.checkout("--detach")
    merge = commit(repo, {"lint.py": FAILS})
    repo.git.checkout("main")
    said = shell.run("check", "--repo", "repo", "--base", base, "--head", merge, "--level", "full", "--json")
    gates = said.document("check")["gates"]
    assert next(gate for gate in gates if gate["id"] == "VAL001")["outcome"] == "failed"


def test_what_a_base_said_is_kept_for_the_next_check(shell: Shell, git_repo: MakeRepository) -> None:
    policy = POLICY.replace("COMMAND", "python lint.py")
    repo = git_repo({"lint.py": FINE, ".meta-pipeline.yaml": policy, "a.py": "\n"})
    base = repo.head.commit.hexsha
    check = ("check", "--repo", "repo", "--base", base, "--level", "full", "--head")
    assert shell.run(*check, commit(repo, {"a.py": "\n\n"})).exit == 0
    kept = {file: file.stat().st_mtime_ns for file in (shell.home / "base_evidence").iterdir()}
    assert kept
    assert shell.run(*check, commit(repo, {"a.py": "\n\n\n"})).exit == 0
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
