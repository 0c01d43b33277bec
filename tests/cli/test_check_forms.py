"""`check` in each of its forms, as CI runs it: the same exit status, and something that the form's reader can show."""

import json
from pathlib import Path

import pytest

from tests.cli.command import DAG, SHOP, Said, Shell
from tests.conftest import MakeRepository, commit

FORMS = ("text", "json", "sarif", "github", "markdown")
BETWEEN = ("check", "--repo", "repo", "--base", "HEAD~1", "--head", "HEAD")


def shows(form: str, said: Said, words: str) -> bool:
    """Whether the reader of the form is shown the words."""
    match form:
        case "json":
            return words in json.dumps(json.loads(said.stdout))
        case "sarif":
            return words in json.dumps(json.loads(said.stdout)["runs"])
        case "github":
            return any(words in line for line in said.stdout.splitlines() if line.startswith("::"))
        case _:
            return words in said.stdout


@pytest.mark.parametrize("form", FORMS)
def test_forms_end_alike(shell: Shell, git_repo: MakeRepository, form: str) -> None:
    repo = git_repo(SHOP)
    told = {1: "CHG017", 3: "CHG005"}
    changes: dict[int, dict[str, str | bytes | None]] = {
        0: {"README.md": "\n"},
        3: {"dags/daily.py": DAG.replace("0 5", "0 6")},
        1: {"dags/daily.py": "with DAG(\n"},
    }
    for status, change in changes.items():
        commit(repo, change)
        said = shell.run(*BETWEEN, "--format", form)
        assert said.exit == status, said.text
        assert said.text == ""
        if status in told:
            assert shows(form, said, told[status])


@pytest.mark.parametrize("form", FORMS)
def test_an_error_is_told_to_the_reader_of_the_form(
    shell: Shell, git_repo: MakeRepository, form: str
) -> None:
    commit(git_repo(SHOP), {"README.md": ""})
    said = shell.run(*BETWEEN[:-1], "nosuch", f"--format={form}")
    assert said.exit == 2
    assert "error: repo has no commit 'nosuch'" in said.text
    if form == "text":
        assert said.stdout == ""
    else:
        assert shows(form, said, "repo has no commit 'nosuch'")


def test_a_step_of_github_gets_its_summary(shell: Shell, git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo(SHOP)
    commit(repo, {"dags/daily.py": DAG.replace("0 5", "0 6")})
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    variables = {
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SERVER_URL": "https://github.example.com",
        "GITHUB_REPOSITORY": "shop/pipelines",
    }
    said = shell.run(*BETWEEN, "--format", "github", **variables)
    assert said.exit == 3
    assert said.stdout.startswith("::warning file=dags/daily.py,line=4,title=CHG005 ")
    written = summary.read_text()
    assert written.startswith("# Before\n## Needs approval")
    head = repo.head.commit.hexsha
    assert f"(https://github.example.com/shop/pipelines/blob/{head}/dags/daily.py#L4)" in written
    shell.run(*BETWEEN[:-1], "nosuch", "--format", "github", **variables)
    assert "## Not judged" in summary.read_text()


def test_other_commands_have_no_such_forms(shell: Shell) -> None:
    said = shell.run("gates", "--format", "sarif")
    assert said.exit == 2
    assert "'sarif' is not one of" in said.text
