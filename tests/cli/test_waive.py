"""Waivers, as the people meet them who write, sign and read them."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from git import Repo

from tests.cli.command import DAG, SHOP, Said, Shell
from tests.conftest import MakeRepository, commit

TODAY = datetime.now(UTC).date()
FILE = ".meta-pipeline/waivers/chg005-daily.yaml"
HOURLY = DAG.replace('"0 5 * * *"', '"0 * * * *"')
WAIVE = ("waive", "chg005", "--repo", "repo", "--pipeline", "daily", "--why", "the sales team asked for it")


@pytest.fixture
def key(shell: Shell) -> Path:
    """The key of the lead, who may sign."""
    return made_key(shell.folder / "lead")


@pytest.fixture
def repo(git_repo: MakeRepository, key: Path) -> Repo:
    signers = f"lead@example.com {key.with_suffix('.pub').read_text()}"
    return git_repo({**SHOP, ".meta-pipeline/allowed_signers": signers})


def made_key(key: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def committed(repo: Repo) -> None:
    """What `waive` wrote becomes part of the base."""
    repo.git.add("--all")
    commit(repo, {}, "Waive CHG005")


def checked(shell: Shell, repo: Repo, *more: str) -> Said:
    """The verdict on a change of the schedule, over what was last committed."""
    base = repo.head.commit.hexsha
    commit(repo, {"dags/daily.py": HOURLY})
    return shell.run("check", "--repo", "repo", "--base", base, "--head", "HEAD", *more)


def gate(said: Said, wanted: str) -> Any:
    return next(one for one in said.document("check")["gates"] if one["id"] == wanted)


def test_a_waiver_lets_the_change_pass_and_stays_to_be_seen(shell: Shell, repo: Repo, key: Path) -> None:
    written = shell.run(*WAIVE, "--key", key, "--until", TODAY.isoformat(), "--json").document("waive")
    committed(repo)
    said = checked(shell, repo, "--json")
    text = shell.run("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD")

    assert written["by"] == "lead@example.com"
    assert written["written"].endswith(FILE)
    assert "git -C repo add" in written["next_action"]
    assert said.exit == 0
    found = gate(said, "CHG005")
    assert found["outcome"] == "passed"
    (finding,) = found["findings"]
    assert finding["outcome"] == "needs_approval"
    assert finding["waived"] == {
        "by": "lead@example.com",
        "why": "the sales team asked for it",
        "until": TODAY.isoformat(),
        "file": FILE,
    }
    assert f"waived by lead@example.com until {TODAY}: the sales team asked for it ({FILE})" in text.stdout
    assert gate(said, "CHG022")["outcome"] == "passed"


def test_a_waiver_in_the_change_itself_counts_for_nothing(shell: Shell, repo: Repo, key: Path) -> None:
    base = repo.head.commit.hexsha
    shell.run(*WAIVE, "--key", key, "--until", TODAY.isoformat())
    commit(repo, {"dags/daily.py": HOURLY})
    said = shell.run("check", "--repo", "repo", "--base", base, "--head", "HEAD", "--json")

    assert said.exit == 3
    assert gate(said, "CHG005")["outcome"] == "needs_approval"
    assert "from the next change on" in gate(said, "CHG022")["reason"]


def test_an_expired_waiver_counts_for_nothing_and_is_told(shell: Shell, repo: Repo, key: Path) -> None:
    shell.run(*WAIVE, "--key", key, "--until", TODAY.isoformat())
    committed(repo)
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    path = Path(repo.working_dir, FILE)
    path.write_text(path.read_text().replace(TODAY.isoformat(), yesterday))
    committed(repo)
    said = checked(shell, repo, "--json")

    assert said.exit == 3
    warned = gate(said, "CHG022")
    assert warned["outcome"] == "warned"
    assert (warned["findings"][0]["path"], warned["findings"][0]["line"]) == (FILE, 1)
    assert f"its last day was {yesterday}" in warned["reason"]


def test_the_author_of_the_change_cannot_have_waived_it(
    shell: Shell, git_repo: MakeRepository, key: Path
) -> None:
    signers = f"author@example.org {key.with_suffix('.pub').read_text()}"  # who commits in these tests
    repo = git_repo({**SHOP, ".meta-pipeline/allowed_signers": signers})
    shell.run(*WAIVE, "--key", key, "--until", TODAY.isoformat())
    committed(repo)
    said = checked(shell, repo, "--json")

    assert said.exit == 3
    assert "does not count here, as author@example.org wrote this change" in gate(said, "CHG005")["reason"]


def test_waive_refuses_what_would_not_count(shell: Shell, repo: Repo, key: Path) -> None:
    until = ("--until", TODAY.isoformat())
    stranger = made_key(shell.folder / "stranger")
    yesterday = (TODAY - timedelta(days=1)).isoformat()

    assert "unknown gate 'CHG05'; write 'CHG005'" in shell.refused(
        2, "waive", "CHG05", *WAIVE[2:], *until, "--key", key
    )
    assert "REV007 review-signed-off finds cannot be waived" in shell.refused(
        2, "waive", "REV007", *WAIVE[2:], *until, "--key", key
    )
    assert "is not in .meta-pipeline/allowed_signers at" in shell.refused(
        2, *WAIVE, *until, "--key", stranger
    )
    assert "has passed" in shell.refused(2, *WAIVE, "--until", yesterday, "--key", key)
    assert "is no day; write it as 20" in shell.refused(2, *WAIVE, "--until", "soon", "--key", key)
    assert "it names no finding; write 'path', 'pipeline' or 'message'" in shell.refused(
        2, "waive", "CHG005", "--repo", "repo", "--why", "because", *until, "--key", key
    )
    assert not Path(repo.working_dir, ".meta-pipeline/waivers").exists()

    assert shell.run(*WAIVE, *until, "--key", key).exit == 0
    assert "is there already; remove it and its signature" in shell.refused(2, *WAIVE, *until, "--key", key)
    shutil.rmtree(Path(repo.working_dir, ".meta-pipeline/waivers"))


def test_a_policy_that_names_no_gate_is_told_with_line_and_mend(
    shell: Shell, git_repo: MakeRepository
) -> None:
    policy = f"{SHOP['.meta-pipeline.yaml']!s}gates:\n  CHG005: failed\n  CHG06: warned\n  ACME: failed\n"
    git_repo({**SHOP, ".meta-pipeline.yaml": policy})
    (shell.folder / "issue.md").write_text("---\ntitle: x\n---\n")
    commands = (("check", "--base", "HEAD", "--head", "HEAD"), ("deliver", "--issue", "issue.md"))
    for command in commands:
        error = shell.refused(2, command[0], "--repo", "repo", *command[1:])
        assert ".meta-pipeline.yaml:8: unknown gate 'CHG06'; write 'CHG006'." in error
    assert ".meta-pipeline.yaml:9: unknown gate 'ACME'; 'meta-pipeline gates' lists them" in error


def test_the_operators_settings_name_gates_that_are_there(shell: Shell, git_repo: MakeRepository) -> None:
    git_repo(SHOP)
    shell.home.mkdir()
    (shell.home / "settings.yaml").write_text(
        "version: 1\ntargets:\n- {name: shop, repository: /srv/shop, gates: {CHG05: failed}}\n"
    )
    assert "target 'shop' names an unknown gate 'CHG05'; write 'CHG005'" in shell.refused(2, "doctor")
