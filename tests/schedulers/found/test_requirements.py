import pytest

from tests.schedulers.detecting import DAG, detected


@pytest.mark.parametrize(
    "files, requirements",
    [
        ({"requirements.lock": "a==1\n", "requirements.txt": "a\n"}, ("requirements.lock",)),
        (
            {"requirements.txt": "a\n", "requirements-prod.txt": "a==1 --hash=sha256:0\n"},
            ("requirements-prod.txt",),
        ),
        (
            {"requirements.txt": "a==1\n", "requirements-dev.txt": "pytest==8\n"},
            ("requirements.txt", "requirements-dev.txt"),
        ),
        (
            {
                "requirements.txt": "a==1\n",
                "test-requirements.txt": "b==1\n",
                "requirements-docs.txt": "c==1\n",
            },
            ("requirements.txt", "test-requirements.txt"),
        ),
        (
            {"requirements/base.txt": "a==1\n", "requirements/prod.txt": "-r base.txt\n"},
            ("requirements/prod.txt",),
        ),
        (
            {"requirements/base.txt": "a==1\n", "requirements/dev.txt": "-r base.txt\n"},
            ("requirements/base.txt", "requirements/dev.txt"),
        ),
        ({"pyproject.toml": '[project]\ndependencies = ["a==1"]\n'}, ("pyproject.toml",)),
        ({"pyproject.toml": "[tool.ruff]\n"}, ()),
        (
            {
                "etl/dags/a.py": DAG,
                "etl/requirements.txt": "apache-airflow==3.0\n",
                "requirements.txt": "mkdocs==1\n",
            },
            ("etl/requirements.txt",),
        ),
    ],
)
def test_requirement_files_are_taken_in_the_order_of_trust(
    files: dict[str, str], requirements: tuple[str, ...]
) -> None:
    assert detected(files).policy.environment.requirements == requirements
