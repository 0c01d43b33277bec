"""The laboratory as its user calls it, on the smallest source alone: no network, no environment."""

import json
from pathlib import Path

from tests.cli.command import Shell

DBT = ("--only", "dbt_only", "--scheduler", "dbt", "--class", "yaml-broken")
NEVER_STOPS = {
    "name": "never-stops",
    "title": "Never stops",
    "command": ["{python}", "-c", "pass", "{repo}", "{base}", "{head}"],
    "output": "none",
}


def test_a_run_lists_its_misses_and_one_of_them_can_be_shown_and_looked_at(
    shell: Shell, tmp_path: Path
) -> None:
    stack = tmp_path / "never.yaml"
    stack.write_text(json.dumps(NEVER_STOPS))
    ran = shell.run("lab", "run", *DBT, "--per-class", "2", "--stack", stack, "--page", tmp_path / "page.md")
    assert ran.exit == 0, ran.text
    assert ran.stdout.startswith("2 cases ")
    missed = [line for line in ran.stdout.splitlines() if line.startswith("wrong: passed yaml-broken-")]
    assert len(missed) == 2
    assert "| `yaml-broken` | source | 0 of 2: 0 (0.00-0.66) | - |" in (tmp_path / "page.md").read_text()

    case = missed[0].split()[2]
    shown = shell.run("lab", "show", case, "--stack", stack)
    assert shown.exit == 0, shown.text
    assert "diff --git a/" in shown.stdout
    assert "passed (exit 0" in shown.stdout

    made = shell.run("lab", "seed", *DBT, "--out", tmp_path / "example")
    assert made.exit == 0, made.text
    checked = shell.run("check", "--repo", tmp_path / "example", "--base", "main", "--head", "change")
    assert checked.exit in (0, 1, 3), checked.text


def test_the_audit_finds_nothing_wrong_with_a_class_that_keeps_its_word(shell: Shell) -> None:
    said = shell.run("lab", "audit", *DBT, "--per-class", "3")
    assert (said.exit, said.stdout) == (0, "3 changes looked at, 0 complaints\n")


def test_single_cases_of_the_scored_part_are_not_shown_unasked(shell: Shell, tmp_path: Path) -> None:
    stack = tmp_path / "never.yaml"
    stack.write_text(json.dumps(NEVER_STOPS))
    choice = (*DBT, "--per-class", "1", "--stack", stack, "--part", "all")
    said = shell.run("lab", "run", *choice)
    assert "wrong:" not in said.stdout
    assert "as gates must not be tuned on them" in said.stdout
    assert "wrong: passed" in shell.run("lab", "score", "--stack", stack, "--details").stdout


def test_a_stack_that_needs_an_environment_is_asked_only_where_there_is_one(
    shell: Shell, tmp_path: Path
) -> None:
    stack = tmp_path / "never.yaml"
    stack.write_text(json.dumps({**NEVER_STOPS, "needs_environment": True}))
    said = shell.run("lab", "run", *DBT, "--per-class", "1", "--stack", stack, "--page", tmp_path / "page.md")
    assert "asked of 0 of 1 sources, as the others have no environment" in " ".join(said.text.split())
    assert "0 of 1 cases answered" in said.stdout
    assert "was asked of 0 of 1 cases" in (tmp_path / "page.md").read_text()


def test_what_there_is_not_is_refused_in_one_sentence(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    refusals = {
        ("score",): "holds no cases yet",
        ("run", "--class", "no-such"): "there is no class no-such",
        ("run", "--only", "no-such"): "there is no source no-such",
        ("run", "--scheduler", "cron"): "there is no scheduler cron",
        ("run", "--stack", "no-such"): "neither a file nor a shipped stack",
        ("run", "--clone", "dbt_only"): "no NAME=PATH",
        ("seed", "--class", "yaml-broken", "--out", "there"): "there already",
    }
    for arguments, why in refusals.items():
        said = shell.run("lab", *arguments)
        assert said.exit == 2, said.text
        assert why in said.text
        assert "Traceback" not in said.text
