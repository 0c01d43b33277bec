"""The whole way of one command: mirror, worktree, environment and sandbox, with a real scheduler."""

import os
from pathlib import Path

import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.workspace.environment import Built, build_environment, tool_versions
from meta_pipeline.workspace.process import run, split_command
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import MakeRepository
from tests.workspace.test_mirror import open_mirror

FIXTURE = Path(__file__).parents[2] / "target_repo_fixtures" / "airflow_sales"
AIRFLOW = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": "dags"}


@pytest.mark.slow
@pytest.mark.airflow
def test_airflow_and_pytest_run_in_the_sandbox(git_repo: MakeRepository, tmp_path: Path) -> None:
    names = (Path(folder, name) for folder, _, found in os.walk(FIXTURE) for name in found)
    repo = git_repo({str(path.relative_to(FIXTURE)): path.read_bytes() for path in names})
    mirror = open_mirror(tmp_path, repo)
    tree = mirror.tree("main")
    policy = read_policy((tree.read(POLICY_FILE) or b"").decode())
    environment = build_environment(mirror.root, tree, policy.environment, detect_sandbox())
    assert isinstance(environment, Built), environment
    assert dict(tool_versions(environment, ("apache-airflow",)))["apache-airflow"].startswith("3.")
    sandbox = detect_sandbox().opened(read_only=(*environment.folders, mirror.git_dir))

    with mirror.worktree("main") as worktree:
        for text in (
            policy.commands.lint or "",
            policy.commands.unit_tests or "",
            "sh -c 'airflow db migrate && airflow dags list --local'",
            "git status --short",
        ):
            command = Command(name="test", argv=split_command(text), shown_as=text, seconds=300)
            ran = run(
                command,
                cwd=worktree.path,
                path=f"{environment.programs}:/usr/bin:/bin",
                variables={**policy.environment.variables, **AIRFLOW, "PYTHONDONTWRITEBYTECODE": "1"},
                sandbox=sandbox,
            )
            assert ran.exit == 0, (text, ran.stdout[-2000:], ran.stderr[-2000:])
            if "airflow" in text:
                assert b"sales_daily" in ran.stdout, (ran.stdout[-2000:], ran.stderr[-2000:])
        assert worktree.dirtied() == ()
