"""The whole way of one command: mirror, worktree, environment and sandbox, on the shipped targets."""

import os
from pathlib import Path

import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.workspace.environment import Built, build_environment, tool_versions
from meta_pipeline.workspace.process import run, split_command
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import ROOT, MakeRepository
from tests.workspace.test_mirror import open_mirror

FIXTURES = ROOT / "target_repo_fixtures"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fixture, tool, variables, commands",
    [
        pytest.param(
            "airflow_sales",
            "apache-airflow",
            {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": "dags"},
            {"sh -c 'airflow db migrate && airflow dags list --local'": "sales_daily"},
            marks=pytest.mark.airflow,
        ),
        pytest.param("airflow2_legacy", "apache-airflow", {}, {}, marks=pytest.mark.airflow),
        pytest.param(
            "dagster_sales",
            "dagster",
            {},
            {
                "make dbt": "Completed successfully",
                "make run": "RUN_SUCCESS",
                "make run JOB=shipping_backlog": "RUN_SUCCESS",
                "make run JOB=payment_reconciliation": "RUN_SUCCESS",
                "make quality": '"success": true',
            },
        ),
        pytest.param(
            "dbt_only",
            "dbt-core",
            {"DBT_PROFILES_DIR": "."},
            {"make build": "Completed successfully", "make lint": "All Finished"},
        ),
    ],
)
def test_the_commands_of_a_shipped_target_run_in_the_sandbox_and_leave_nothing(
    fixture: str,
    tool: str,
    variables: dict[str, str],
    commands: dict[str, str],
    git_repo: MakeRepository,
    shared_environments: Path,
    tmp_path: Path,
) -> None:
    root = FIXTURES / fixture
    names = (Path(folder, name) for folder, _, found in os.walk(root) for name in found)
    repo = git_repo({str(path.relative_to(root)): path.read_bytes() for path in names})
    mirror = open_mirror(tmp_path, repo)
    tree = mirror.tree("main")
    policy = read_policy((tree.read(POLICY_FILE) or b"").decode())
    environment = build_environment(shared_environments, tree, policy.environment, detect_sandbox())
    assert isinstance(environment, Built), environment
    assert tool in dict(tool_versions(environment, (tool,)))
    sandbox = detect_sandbox().opened(read_only=(*environment.folders, mirror.git_dir))

    own = (policy.commands.lint, policy.commands.unit_tests, policy.commands.integration_tests)
    with mirror.worktree("main") as worktree:
        for text, said in {
            **dict.fromkeys(filter(None, own), ""),
            **commands,
            "git status --short": "",
        }.items():
            command = Command(name="test", argv=split_command(text), shown_as=text, seconds=300)
            ran = run(
                command,
                cwd=worktree.path,
                path=f"{environment.programs}:/usr/bin:/bin",
                variables={**policy.environment.variables, **variables, "PYTHONDONTWRITEBYTECODE": "1"},
                sandbox=sandbox,
            )
            both = (ran.stdout + ran.stderr).decode(errors="replace")
            assert ran.exit == 0, (text, both[-3000:])
            assert said in both, (text, both[-3000:])
            print(f"{ran.seconds:6.1f} s  {text}")  # noqa: T201  shown where the test fails, or by -s
            assert worktree.dirtied() == (), text
