import re
from pathlib import Path

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.messages.policy_file import policy_text
from meta_pipeline.policy import CheckpointPolicy, Policy, read_policy
from meta_pipeline.schedulers.defaults import detect_policy, detected_policy
from meta_pipeline.workspace.repository import open_repository
from tests.conftest import MakeRepository
from tests.schedulers.detecting import DAG, detected, doubts_about

FIXTURES = Path(__file__).parents[2] / "target_repo_fixtures"


def fixture_files(name: str) -> dict[str, str | bytes]:
    root = FIXTURES / name
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != ".meta-pipeline.yaml" and "__pycache__" not in path.parts
    }


def test_an_airflow_repository_in_git_gets_what_its_people_would_write(git_repo: MakeRepository) -> None:
    repo = git_repo(fixture_files("airflow_sales"))
    tree = open_repository(Path(repo.working_dir)).tree("HEAD")
    detection = detect_policy(tree, "sales", "main")
    policy = detection.policy
    assert policy.scheduler is not None
    assert (policy.scheduler.kind, policy.scheduler.paths) == ("airflow", ("dags",))
    assert policy.environment.requirements == ("requirements.txt",)
    assert policy.environment.variables == {"PYTHONPATH": "."}
    assert policy.commands.lint == "make lint"
    assert policy.commands.unit_tests == "python -m pytest tests/dags tests/unit -q"
    assert policy.commands.integration_tests == "python -m pytest tests/integration -q"
    assert policy.data_quality.great_expectations == (
        CheckpointPolicy(project="gx", checkpoints=("daily_revenue",)),
    )
    assert policy.contracts == ("contracts/*.odcs.yaml",)
    assert policy.references == {
        "readme": "README.md",
        "changelog": "CHANGELOG.md",
        "runbook": "docs/runbook.md",
    }
    assert "requirements.txt pins every package by hash" in detection.reasons["environment.requirements"]
    assert detected_policy(tree, "sales", "main") == policy


def test_a_dagster_repository_gets_what_its_people_wrote_as_far_as_its_files_tell() -> None:
    detection = detected(fixture_files("dagster_sales"))
    policy = detection.policy
    written = read_policy((FIXTURES / "dagster_sales" / ".meta-pipeline.yaml").read_text(encoding="utf-8"))
    assert policy.scheduler == written.scheduler
    assert policy.environment.python == written.environment.python
    assert policy.environment.requirements == written.environment.requirements
    assert policy.environment.variables["PYTHONPATH"] == written.environment.variables["PYTHONPATH"]
    assert [each.project for each in policy.dbt] == [each.project for each in written.dbt]
    assert policy.commands.lint == written.commands.lint
    for found, by_hand in (
        (policy.commands.unit_tests, written.commands.unit_tests),
        (policy.commands.integration_tests, written.commands.integration_tests),
    ):
        assert (by_hand or "").removesuffix(" -p no:cacheprovider") == found
    assert policy.references == written.references
    assert set(policy.contracts) >= set(written.contracts)


def test_an_empty_repository_gets_safe_defaults_and_is_told_what_is_missing() -> None:
    detection = detected({})
    assert detection.policy == Policy(target="sales", default_branch="main")
    assert detection.reasons == {}
    said = " ".join(detection.unsure)
    for expected in (
        "no scheduler was found",
        "no file says which Python",
        "no requirement file was found",
        "no lint command was found; name a command under commands.lint",
        "no test was found; name a command under commands.unit_tests",
        "nobody can sign off",
    ):
        assert expected in said


@pytest.mark.parametrize(
    "files, kind, paths",
    [
        (
            {"shop/definitions.py": "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n"},
            "dagster",
            ("shop",),
        ),
        # Plugins hold what DAG files import, and a factory in them says `DAG(` too.
        (
            {
                "etl/daily.py": "from airflow.sdk import DAG\n\nwith DAG('daily'):\n    ...\n",
                "plugins/shop/factory.py": "from airflow.sdk import DAG\n\ndef made(name):\n    return DAG(name)\n",
            },
            "airflow",
            ("etl",),
        ),
        ({"flows/daily.py": "from prefect import flow\n\n@flow\ndef daily(): ...\n"}, "prefect", ("flows",)),
        ({"dbt_project.yml": "name: shop\n", "models/orders.sql": "select 1"}, "dbt", (".",)),
    ],
)
def test_each_scheduler_is_told_by_its_files(
    files: dict[str, str], kind: str, paths: tuple[str, ...]
) -> None:
    detection = detected(files | {"requirements.txt": "pandas==2.1\n"})
    scheduler = detection.policy.scheduler
    assert scheduler is not None
    assert (scheduler.kind, scheduler.paths) == (kind, paths)
    assert re.search(f"does not bring (apache-)?{kind}", doubts_about(detection, "environment.requirements"))


def test_several_schedulers_are_named_with_their_folders() -> None:
    flows = "from prefect import flow\n@flow\ndef b(): ...\n"
    detection = detected({"dags/a.py": DAG, "flows/b.py": flows, "shop/dbt_project.yml": "name: shop\n"})
    policy = detection.policy
    assert policy.scheduler is None
    assert [(one.kind, one.paths) for one in policy.schedulers] == [
        ("airflow", ("dags",)),
        ("prefect", ("flows",)),
    ]
    assert [project.project for project in policy.dbt] == ["shop"]
    assert "flows/b.py imports prefect" in detection.reasons["schedulers"]
    assert "Airflow and Prefect are run in the one environment" in doubts_about(detection, "schedulers")
    text = policy_text(detection)
    assert read_policy(text) == policy
    assert "# To settle: Airflow and Prefect are run" in text


def test_links_and_vendored_code_tell_nothing() -> None:
    files = {"requirements.txt": "/etc/passwd", "venv/great_expectations.yml": "", "ruff.toml": "x"}
    detection = detect_policy(MemoryTree.of(files, {"requirements.txt": "120000"}), "sales", "main")
    assert detection.policy.environment.requirements == ()
    assert detection.policy.data_quality.great_expectations == ()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "files",
    [
        {"Makefile": " " * 200_000 + "\n" + "a " * 100_000},
        {"Makefile": "lint:\n\t" + "black " * 50_000 + "--check"},
        {"Dockerfile": "\n" * 200_000, ".python-version": "\n" * 200_000},
        {"requirements.txt": "a[\n" * 100_000, "requirements-dev.txt": "a" + " " * 200_000},
        {"tests/test_a.py": "\n" * 200_000, ".pre-commit-config.yaml": "\n" * 200_000},
        {"dags/a.py": DAG + "Variable.get(" * 50_000 + "var.value." * 50_000},
        {"a/great_expectations.yml": "[" * 50_000, "a/checkpoints/a.json": "[" * 50_000},
        {
            "requirements.txt": "a\n",
            "pyproject.toml": "a = " + "[" * 50_000,
            "uv.lock": "a = " + "[" * 50_000,
        },
        {"setup.cfg": "\0", "pyproject.toml": "\udcff".encode("utf-8", "surrogatepass"), "ruff.toml": "["},
    ],
)
def test_files_made_to_be_slow_or_wrong_are_read_all_the_same(files: dict[str, str | bytes]) -> None:
    assert detected(files).unsure
