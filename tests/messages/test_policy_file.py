import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.messages.policy_file import policy_text, target_name
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.defaults import Detection, detect_policy
from meta_pipeline.schedulers.found.answer import Doubt

FIXTURES = Path(__file__).parents[2] / "target_repo_fixtures"

DAG = "from airflow.sdk import DAG\nfrom shop import load\n\nwith DAG('daily'):\n    Variable.get('bucket')\n"
SHAPES: dict[str, Mapping[str, str]] = {
    "empty": {},
    "airflow": {
        "dags/daily.py": DAG,
        "shop/load.py": "",
        "requirements.txt": "apache-airflow\n",
        "Dockerfile": "FROM apache/airflow:2.10.5-python3.12\n",
        "gx/great_expectations.yml": "",
        "gx/checkpoints/daily.json": '{"name": "yes"}',
        "docs/runbook.md": "",
    },
    "dagster": {
        "shop/definitions.py": "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n",
        "pyproject.toml": '[project]\nrequires-python = ">=3.10"\ndependencies = ["dagster"]\n[tool.ruff]\n',
        "shop_tests/test_orders.py": "from shop import definitions\n\ndef test_it(): ...\n",
    },
    "prefect": {
        "flows/daily.py": "from prefect import flow\n\n@flow\ndef daily(): ...\n",
        "prefect.yaml": "name: a\n",
    },
    "dbt": {
        "dbt_project.yml": "name: shop\n",
        "tests/unit/test_a.py": "def test_it(): ...\n",
        "c/a.odcs.yml": "",
    },
    "dbt under dagster": {
        "workspace.yaml": "load_from:\n  - python_file: a/defs.py\n  - python_file: b/defs.py\n",
        "a/defs.py": "import dagster as dg\n\n@dg.asset\ndef orders(): ...\n",
        "b/defs.py": "import dagster as dg\n\n@dg.asset\ndef stores(): ...\n",
        "a/dbt_project.yml": "profile: a\n",
        "b/dbt_project.yml": "profile: b\n",
        "profiles.yml": "a: {target: w, outputs: {w: {type: snowflake}, d: {type: duckdb}}}\n",
        ".github/workflows/ci.yml": "jobs: {a: {steps: [{run: ruff check --fix}]}}\n",
        "docs/CODEOWNERS": "* @a\n",
    },
    "no checkpoints": {"a/great_expectations.yml": "", "b/great_expectations.yml": ""},
    "odd names": {
        "dags: #1/a\nsignoff: {review: 9}.py": DAG,
        "dags: #1/\u2028gates: x\x1b.py": DAG,
        "'yes' & no/.airflowignore": "",
        "3.10/great_expectations.yml": "",
        "3.10/checkpoints/null.json": "",
        "- a/tests/test_a.py": "def test_it(): ...\n",
        "- a/x.odcs.yaml": "",
    },
}


def detected(files: Mapping[str, str]) -> Detection:
    return detect_policy(MemoryTree.of(dict(files)), "sales", "main")


def with_examples(text: str) -> str:
    """The text with every commented-out example made part of it, which replaces nothing that is there."""
    return re.sub(
        r"^( *)# ((?: *- )?(?: {2})*[\w\"]+:(?: [\w.\"'\[/{].*)?)$", r"\1\2", text, flags=re.MULTILINE
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_detected_policy_survives_its_file(shape: str) -> None:
    detection = detected(SHAPES[shape])
    assert read_policy(policy_text(detection)) == detection.policy


@pytest.mark.parametrize("shape", SHAPES)
def test_the_examples_can_be_uncommented(shape: str) -> None:
    detection = detected(SHAPES[shape])
    given = {doubt.key: doubt.example for doubt in detection.doubts if doubt.example}
    read = read_policy(with_examples(policy_text(detection)))
    for key in given:
        value: object = read
        for name in key.split("."):
            value = getattr(value, name)
        assert value, key


@pytest.mark.parametrize(
    "values",
    [
        {"target": "sales", "default_branch": "release/2.x # old"},
        {
            "default_branch": "3.10",
            "environment": {
                "python": "3.10",
                "resolve_as_of": "2026-01-05",
                "variables": {"A": "no", "B": "1e3", "C": ""},
            },
        },
        {"commands": {"lint": "make lint: 'a' \"b\" # c", "unit_tests": "x" * 300}},
        {
            "dry_run": {
                "logical_date": "2025-12-31",
                "variables": {"limits": '{"a": [1, 2]}'},
                "connections": {"w": "postgresql://h:1/d"},
            }
        },
        {"scheduler": {"kind": "dbt"}},
        {"scheduler": {"kind": "airflow", "paths": []}},
        {
            "data_quality": {
                "great_expectations": [
                    {"project": "gx", "checkpoints": ["on", "2"], "pipelines": ["sales_daily"]}
                ]
            }
        },
        {
            "contracts": ["**/*.odcs.yaml", "{a,b}.yaml", "*x", "&y"],
            "service_levels": {"sales_daily": {"runtime_minutes": 10}},
        },
        {"dbt": [{"project": "."}, {"project": "on", "profiles": "3.10", "target": "no"}]},
        {
            "limits": {"seconds": 90},
            "environment": {"requirements": [f"{n}/pyproject.toml" for n in range(40)]},
        },
        {"retries": {"minimum": 2, "delay_seconds": 60, "backoff": True}, "change": {"max_files": 3}},
        {"signoff": {"allowed_signers": "signers", "design": 0, "review": 2}, "gates": {"CHG004": "failed"}},
        {
            "monitoring": {"dashboard": "https://example.com/a#b", "alerts": ["late: now", "~"]},
            "references": {"readme": "README.md"},
        },
        {
            "follow_ups": {
                "backfill": "No backfill:\nunless it is asked for.\n\tThen of all dates.",
                "environments": " staging ",
            }
        },
    ],
)
def test_every_policy_survives_its_file(values: Mapping[str, object]) -> None:
    policy = Policy.model_validate(values)
    assert read_policy(policy_text(Detection(policy, {}, ()))) == policy


@pytest.mark.parametrize(
    "fixture", ["airflow2_legacy", "airflow_sales", "dagster_sales", "dbt_only", "prefect_orders"]
)
def test_the_policy_of_a_fixture_survives_being_written_again(fixture: str) -> None:
    policy = read_policy((FIXTURES / fixture / POLICY_FILE).read_text(encoding="utf-8"))
    assert read_policy(policy_text(Detection(policy, {}, ()))) == policy


def test_reasons_stand_over_their_values_and_questions_where_they_are_answered() -> None:
    policy = Policy(target="sales").model_copy(update={"default_branch": "trunk"})
    doubt = Doubt(
        "commands.lint",
        "no lint command was found; name a command under commands.lint.",
        "lint: ruff check .",
    )
    text = policy_text(Detection(policy, {"environment.python": ".python-version says 3.11"}, (doubt,)))
    assert text.endswith(
        """
version: 1
target: sales
default_branch: trunk

# What every command below runs in: it is built anew from these files, away from any checkout.
environment:
  # .python-version says 3.11.
  python: "3.11"

# What is run on a change, as one would type it here, before and after the change.
# To settle: no lint command was found; name a command under commands.lint.
# commands:
#   lint: ruff check .

# Whose agreement a change needs: this many people for the plan, and this many for the result.
signoff:
  allowed_signers: .meta-pipeline/allowed_signers
  design: 1
  review: 1
"""
    )
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    "path, name",
    [
        ("/srv/Sales-Pipelines", "sales_pipelines"),
        ("/srv/sales/", "sales"),
        ("/srv/sales/.git", "sales"),
        ("https://example.com/team/telemetry-airflow.git", "telemetry_airflow"),
        ("git@example.com:sales.git", "sales"),
        ("C:\\work\\Sales", "sales"),
        ("2nd try (ümlaut)", "repo_2nd_try_umlaut"),
        ("売上", "target"),
        ("/", "target"),
        ("a" * 80, "a" * 63),
    ],
)
def test_a_repository_folder_gives_a_valid_name(path: str, name: str) -> None:
    assert target_name(path) == name
    assert Policy(target=target_name(path)).target == name


def test_the_current_folder_is_named_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Sales").mkdir()
    monkeypatch.chdir(tmp_path / "Sales")
    assert target_name(".") == "sales"
    assert target_name("..") == target_name(str(tmp_path))


def test_a_branch_that_may_be_a_feature_is_asked_about() -> None:
    detection = detect_policy(MemoryTree.of({}), "sales", "fix/typo")
    text = policy_text(detection)
    assert "# To settle: 'fix/typo' is the branch at hand;" in text
    assert read_policy(text) == detection.policy
    assert "default_branch" not in {doubt.key for doubt in detected({}).doubts}


def test_entries_name_only_what_differs_and_long_lists_take_a_line_each() -> None:
    policy = Policy.model_validate(
        {
            "dbt": [{"project": "dbt"}, {"project": "b", "target": "local"}],
            "environment": {"requirements": [f"service-number-{n}/pyproject.toml" for n in range(6)]},
        }
    )
    text = policy_text(Detection(policy, {}, ()))
    assert "dbt:\n  - project: dbt\n  - project: b\n    target: local\n" in text
    assert "  requirements:\n    - service-number-0/pyproject.toml\n" in text
