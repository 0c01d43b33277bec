import pytest

from tests.schedulers.detecting import DAG, TEST, detected, doubts_about


@pytest.mark.parametrize(
    "files, key, said",
    [
        ({"requirements.txt": "pandas>=2\n"}, "environment.resolve_as_of", "uv pip compile requirements.txt"),
        (
            {"pyproject.toml": '[project]\ndependencies = ["a"]\n', "uv.lock": ""},
            "environment.resolve_as_of",
            "uv export",
        ),
        (
            {"requirements.txt": "pandas\n", "constraints.txt": "pandas==2.1\n"},
            "environment.requirements",
            "'-c constraints.txt'",
        ),
        ({"requirements.txt": "a==1\n-e .\n"}, "environment.requirements", "requirements.txt:2"),
        (
            {"requirements.txt": "a==1\n", "requirements-dev.txt": "a==2\n"},
            "environment.requirements",
            "it pins a 2 while requirements.txt pins 1",
        ),
        (
            {"requirements.txt": "a==1\n", "requirements-override.txt": "a==2\n"},
            "environment.requirements",
            "requirements-override.txt is left out",
        ),
        (
            {"poetry.lock": "", "pyproject.toml": "[tool.poetry]\n"},
            "environment.requirements",
            "poetry export",
        ),
        (
            {"dags/a.py": DAG, "requirements.txt": "pandas==2.1\n"},
            "environment.requirements",
            "does not bring apache-airflow",
        ),
        (
            {
                "dags/a.py": DAG,
                "requirements.txt": "pandas==2.1\n",
                "Dockerfile": "FROM apache/airflow:2.10.5\n",
            },
            "environment.requirements",
            "comes from the image apache/airflow:2.10.5",
        ),
        (
            {"tests/test_a.py": TEST, "requirements.txt": "pandas==2.1\n"},
            "environment.requirements",
            "does not bring pytest",
        ),
        (
            {"ruff.toml": "", "requirements.txt": "pandas==2.1\n"},
            "environment.requirements",
            "does not bring ruff",
        ),
    ],
)
def test_what_an_environment_will_lack_is_said(files: dict[str, str], key: str, said: str) -> None:
    assert said in doubts_about(detected(files), key)


@pytest.mark.parametrize(
    "name, text",
    [
        ("pyproject.toml", '[project]\ndependencies = ["pandas==2", "apache-airflow==3.0"]\n'),
        ("pylock.toml", 'lock-version = "1.0"\n[[packages]]\nname = "apache-airflow"\n'),
    ],
)
def test_packages_of_toml_files_are_read(name: str, text: str) -> None:
    assert "apache-airflow" not in " ".join(detected({"dags/a.py": DAG, name: text}).unsure)


def test_a_constraint_installs_nothing() -> None:
    files = {
        "dags/a.py": DAG,
        "requirements.txt": "-c constraints.txt\n",
        "constraints.txt": "apache-airflow==3.0\n",
    }
    assert "does not bring apache-airflow" in doubts_about(detected(files), "environment.requirements")


def test_a_package_that_an_included_file_names_is_found() -> None:
    files = {
        "dags/a.py": DAG,
        "requirements.txt": "-r more.txt\nruff==1\n",
        "more.txt": "Apache_Airflow[ssh]==3.0\n",
    }
    assert "apache-airflow" not in doubts_about(detected(files), "environment.requirements")


def test_a_tool_behind_make_must_be_in_the_environment() -> None:
    detection = detected({"Makefile": "lint:\n\truff check .\n", "requirements.txt": "pandas==2.1\n"})
    said = doubts_about(detection, "environment.requirements")
    assert "'make lint' runs ruff, but requirements.txt does not bring ruff; add the package to it." in said


@pytest.mark.parametrize(
    "table, option",
    [
        ('[project.optional-dependencies]\ndev = ["pytest"]\n', "--extra dev"),
        ('[dependency-groups]\ntest = ["pytest>=8"]\n', "--group test"),
    ],
)
def test_a_package_of_an_extra_or_group_is_not_installed_and_this_is_said(table: str, option: str) -> None:
    project = f'[project]\ndependencies = ["pandas==2.1"]\n{table}'
    said = doubts_about(
        detected({"pyproject.toml": project, "tests/test_a.py": TEST}), "environment.requirements"
    )
    assert f"uv pip compile pyproject.toml {option} -o requirements.lock" in said
