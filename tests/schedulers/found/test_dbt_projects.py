import pytest

from meta_pipeline.policy import DbtPolicy
from tests.schedulers.detecting import DAG, detected, doubts_about

PROJECT = "name: shop\nprofile: shop\n"
DUCKDB = "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: shop.duckdb\n"
BOTH = (
    "shop:\n  target: prod\n  outputs:\n    prod:\n      type: snowflake\n"
    "    local:\n      type: duckdb\n      path: a\n"
)
WAREHOUSE = (
    "shop:\n  target: prod\n  outputs:\n    prod:\n      type: snowflake\n    other:\n      type: bigquery\n"
)
UNKNOWN = "shop:\n  outputs:\n    default:\n      type: \"{{ env_var('DBT_TYPE') }}\"\n"
FALLS_BACK = (
    "shop:\n  target: \"{{ env_var('T', 'dev') }}\"\n  outputs:\n    dev:\n"
    "      type: \"{{ env_var('DBT_TYPE', 'duckdb') }}\"\n"
)


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"dbt_project.yml": PROJECT, "profiles.yml": DUCKDB}, DbtPolicy(project=".")),
        ({"dbt_project.yml": PROJECT, "profiles.yml": FALLS_BACK}, DbtPolicy(project=".")),
        (
            {"dbt/dbt_project.yml": PROJECT, "dbt/profiles.yml": BOTH},
            DbtPolicy(project="dbt", target="local"),
        ),
        ({"dbt/dbt_project.yml": PROJECT, "profiles.yml": DUCKDB}, DbtPolicy(project="dbt", profiles=".")),
        (
            {
                "dbt/dbt_project.yml": PROJECT,
                "profiles.yml": DUCKDB.replace("shop:", "other:", 1),
                "config/profiles.yml": DUCKDB,
            },
            DbtPolicy(project="dbt", profiles="config"),
        ),
    ],
)
def test_the_output_that_can_be_built_on_one_machine_is_named(
    files: dict[str, str], expected: DbtPolicy
) -> None:
    detection = detected(files)
    assert detection.policy.dbt == (expected,)
    assert not doubts_about(detection, "dbt")
    assert "is DuckDB" in detection.reasons["dbt"]


@pytest.mark.parametrize(
    "files, said",
    [
        (
            {"dbt_project.yml": PROJECT, "profiles.yml": WAREHOUSE},
            (
                "profiles.yml:1 builds into BigQuery and Snowflake alone",
                "add an output of type duckdb",
                "name that output as 'target' of the project .",
            ),
        ),
        (
            {"dbt_project.yml": PROJECT, "profiles.yml": UNKNOWN},
            ("builds into what the environment says alone",),
        ),
        (
            {"etl/dbt_project.yml": PROJECT},
            (
                "no profiles.yml is committed for etl/dbt_project.yml",
                "commit etl/profiles.yml with the profile 'shop'",
            ),
        ),
        (
            {"dbt_project.yml": PROJECT, "profiles.yml": "other: {}\n"},
            ("profiles.yml has no profile 'shop', which dbt_project.yml asks for",),
        ),
        ({"dbt_project.yml": "[", "profiles.yml": "["}, ("has no profile",)),
    ],
)
def test_a_project_that_only_a_warehouse_can_build_is_asked_about(
    files: dict[str, str], said: tuple[str, ...]
) -> None:
    doubts = doubts_about(detected(files), "dbt")
    for words in said:
        assert words in doubts


def test_dbt_runs_under_another_scheduler() -> None:
    files = {"dags/a.py": DAG, "dbt/dbt_project.yml": PROJECT, "dbt/profiles.yml": DUCKDB}
    detection = detected(files | {"requirements.txt": "apache-airflow==3.0\n"})
    assert detection.policy.scheduler is not None
    assert detection.policy.scheduler.kind == "airflow"
    assert detection.policy.dbt == (DbtPolicy(project="dbt"),)
    assert "does not bring dbt-duckdb" in doubts_about(detection, "environment.requirements")


def test_dbt_alone_needs_no_python_tests_and_is_linted_by_sqlfluff() -> None:
    files = {
        "dbt_project.yml": PROJECT + "model-paths: [marts, staging]\n",
        "profiles.yml": DUCKDB,
        ".sqlfluff": "[sqlfluff]\ndialect = duckdb\n",
        "requirements.txt": "dbt-duckdb==1.9\nsqlfluff==3.0\n",
    }
    detection = detected(files)
    assert detection.policy.scheduler is not None
    assert (detection.policy.scheduler.kind, detection.policy.scheduler.paths) == ("dbt", (".",))
    assert detection.policy.commands.lint == "sqlfluff lint marts staging"
    assert not doubts_about(detection, "commands.unit_tests")
    assert not doubts_about(detection, "environment.requirements")


def test_projects_for_tests_are_left_out_where_there_are_others() -> None:
    files = {"dbt/dbt_project.yml": PROJECT, "dbt/integration_tests/dbt_project.yml": PROJECT}
    assert [each.project for each in detected(files).policy.dbt] == ["dbt"]
