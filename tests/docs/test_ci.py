"""What users copy into their own CI does what its page says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from git import Repo

from tests.cli.command import DAG, SHOP
from tests.conftest import ROOT, MakeRepository, commit

CI = ROOT / "docs" / "ci"
BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_the_linter_of_workflows_has_nothing_against_ours() -> None:
    said = run(
        BIN / "zizmor", "--offline", "--no-config", "--persona", "pedantic", CI / "github-actions.yml", cwd=CI
    )
    assert said.returncode == 0, said.stdout
    assert "No findings" in said.stdout


def test_the_workflow_has_no_more_rights_than_it_needs() -> None:
    workflow = yaml.safe_load((CI / "github-actions.yml").read_text())
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["check"]["permissions"] == {"contents": "read", "security-events": "write"}
    uses = [step["uses"] for step in workflow["jobs"]["check"]["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each) for each in uses)


def scripts(jobs: str) -> str:
    """The commands of a template as one script."""
    found = yaml.safe_load((CI / jobs).read_text())
    if jobs == "gitlab-ci.yml":
        return "\n".join(found["meta-pipeline"]["script"])
    return "\n".join(step["run"] for step in found["jobs"]["check"]["steps"] if "run" in step)


@pytest.mark.parametrize("template, files", [("github-actions.yml", "sarif"), ("gitlab-ci.yml", "md")])
@pytest.mark.parametrize("change, status", [("0 6", 3), ("0 5", 0)])
def test_a_template_ends_as_check_does(
    git_repo: MakeRepository, tmp_path: Path, template: str, files: str, change: str, status: int
) -> None:
    repo = git_repo(SHOP)
    head = commit(repo, {"dags/daily.py": DAG.replace("0 5", change), "README.md": "More\n"})
    base = repo.commit("HEAD~1").hexsha
    (tmp_path / "bin").mkdir()
    pip = tmp_path / "bin" / "pip"
    pip.write_text("#!/bin/sh\n")  # nothing is installed from here
    pip.chmod(0o755)
    named = {
        "META_PIPELINE": "x",
        "BASE": base,
        "HEAD": head,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_COMMIT_SHA": head,
    }
    root = Path(repo.working_dir)
    script = f"PATH={tmp_path / 'bin'}:$PATH\n{scripts(template)}"
    said = run(
        "bash", "-euo", "pipefail", "-c", script, cwd=root, META_PIPELINE_HOME=str(tmp_path / "home"), **named
    )
    assert said.returncode == status, said.stderr
    assert (root / f"meta-pipeline.{files}").stat().st_size > 0


def hooks(repo: Repo, remote: Path) -> dict[str, str]:
    """The hooks that this repository offers, run from the environment of the tests, installed in `repo`."""
    offered: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    local = [each | {"language": "system"} for each in offered]
    root = Path(repo.working_dir)
    (root / ".git" / "info" / "exclude").write_text(".pre-commit-config.yaml\n")
    (root / ".pre-commit-config.yaml").write_text(
        yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]})
    )
    variables = {
        "PRE_COMMIT_HOME": str(remote.parent / "cache"),
        "META_PIPELINE_HOME": str(remote.parent / "home"),
    }
    kinds = ("--hook-type", "pre-commit", "--hook-type", "pre-push")
    assert run("pre-commit", "install", *kinds, cwd=root, **variables).returncode == 0
    Repo.init(remote, bare=True)
    repo.create_remote("origin", str(remote))
    repo.git.push("--no-verify", "origin", "main")
    return variables


def test_the_hooks_hold_a_commit_and_a_push(git_repo: MakeRepository, tmp_path: Path) -> None:
    repo = git_repo(SHOP)
    root = Path(repo.working_dir)
    variables = hooks(repo, tmp_path / "remote.git")
    dag = root / "dags/daily.py"

    dag.write_text(DAG.replace("0 5", "0 6"))
    held = run("git", "commit", "-am", "Later", cwd=root, **variables)
    assert held.returncode == 1
    assert "CHG005 schedule-approved: needs approval" in held.stderr
    assert repo.git.diff("HEAD", "--name-only") == "dags/daily.py"

    dag.write_text(DAG + "\n# A remark.\n")
    taken = run("git", "commit", "-am", "A remark", cwd=root, **variables)
    assert taken.returncode == 0, taken.stderr
    assert run("git", "push", "origin", "main", cwd=root, **variables).returncode == 0

    dag.write_text(DAG.replace("0 5", "0 6"))
    repo.git.commit("-am", "Later", "--no-verify")
    pushed = run("git", "push", "origin", "main", cwd=root, **variables)
    assert pushed.returncode == 1
    assert "CHG005 schedule-approved: needs approval" in pushed.stdout + pushed.stderr
    assert (
        run("git", "push", "origin", "main", cwd=root, SKIP="meta-pipeline-push", **variables).returncode == 0
    )
