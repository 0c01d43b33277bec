"""A linter or pytest as someone typed it, made into a check that edits nothing and reports nothing elsewhere."""

import pytest

from meta_pipeline.schedulers.found.checks import check_of
from meta_pipeline.schedulers.found.shell_lines import calls


@pytest.mark.parametrize(
    "typed, command",
    [
        ("ruff .", "ruff check ."),
        ("ruff check", "ruff check ."),
        ("ruff check --fix --select E,F --output-format github a b", "ruff check --select E,F a b"),
        ("ruff format", "ruff format --check ."),
        ("flake8 --count --config setup.cfg", "flake8 --config setup.cfg"),
        ("flake8 . --exit-zero", None),
        ("black --check --diff a", "black --check a"),
        ("isort -c .", "isort --check-only ."),
        ("yamllint -f github .", "yamllint -f parsable ."),
        ("sqlfluff fix -f models --dialect duckdb", "sqlfluff lint models --dialect duckdb"),
        ("cd etl && sqlfluff lint --dialect duckdb models", "sqlfluff lint --dialect duckdb etl/models"),
        ("cd etl && dbt parse --target ci", "dbt parse --project-dir etl --target ci"),
        ("python -m pylint a", "pylint a"),
        ("python lint.py", None),
        ("ruff check $FILES", None),
        ("mypy", "mypy"),
        ("pytest", "python -m pytest -q"),
        ("pytest --cov shop --cov-report xml -n auto tests", "python -m pytest tests -q"),
        ("pytest --cov -x -k 'a or b' tests", "python -m pytest tests -k 'a or b' -q"),
        ("cd etl && python3 -m pytest tests/unit -m slow", "python -m pytest etl/tests/unit -m slow -q"),
        ("cd etl; py.test", "python -m pytest etl -q"),
        ("cd /opt && pytest --ignore tests/slow", "python -m pytest --ignore tests/slow -q"),
        ("pytest \\\n  tests/a \\\n  tests/b # all", "python -m pytest tests/a tests/b -q"),
    ],
)
def test_what_a_check_keeps_of_a_command(typed: str, command: str | None) -> None:
    found = [check.command for call in calls(typed) if (check := check_of(call))]
    assert found == ([command] if command else [])
