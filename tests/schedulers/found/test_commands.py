import pytest

from tests.schedulers.detecting import DAG, TEST, detected, doubts_about


@pytest.mark.parametrize(
    "files, command",
    [
        ({"Makefile": "lint:\n\truff check .\n"}, "make lint"),
        ({"Makefile": "check lint: setup ## all\n\t@flake8\n"}, "make lint"),
        ({"Makefile": "lint := ruff\n", "ruff.toml": ""}, "ruff check ."),
        ({"Makefile": "lint:\n\truff check --fix .\n", "pyproject.toml": "[tool.ruff]\n"}, "ruff check ."),
        (
            {"Makefile": "lint:\n\tdocker run lint\n", ".flake8": "[flake8]\n"},
            "flake8",
        ),
        ({"pyproject.toml": "[tool.ruff.lint]\nselect = []\n"}, "ruff check ."),
        ({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, "flake8"),
        ({".pre-commit-config.yaml": "repos:\n  - hooks:\n      - id: ruff-check\n"}, "ruff check ."),
        ({"setup.cfg": "[metadata]\nname = a\n"}, None),
        ({".pre-commit-config.yaml": "repos:\n  - hooks:\n      - id: check-yaml\n"}, None),
    ],
)
def test_the_lint_command_is_the_repositorys_own(files: dict[str, str], command: str | None) -> None:
    assert detected(files).policy.commands.lint == command


def test_a_lint_target_that_cannot_be_a_check_is_named_with_its_line() -> None:
    said = doubts_about(detected({"Makefile": "lint:\n\t@docker compose run lint\n"}), "commands.lint")
    assert "'make lint' starts containers (docker compose run lint)" in said


@pytest.mark.parametrize(
    "files, unit, integration",
    [
        ({"tests/test_a.py": TEST}, "python -m pytest tests -q", None),
        (
            {"tests/unit/test_a.py": TEST, "tests/integration/test_b.py": TEST},
            "python -m pytest tests/unit -q",
            "python -m pytest tests/integration -q",
        ),
        (
            {"tests/test_a.py": TEST, "tests/e2e/test_b.py": TEST},
            "python -m pytest tests/test_a.py -q",
            "python -m pytest tests/e2e -q",
        ),
        (
            {"tests/test_a.py": TEST, "integration_tests/test_b.py": TEST},
            "python -m pytest tests -q",
            "python -m pytest integration_tests -q",
        ),
        ({"my tests/tests/test_a.py": TEST}, "python -m pytest 'my tests/tests' -q", None),
        ({"shop_tests/test_a.py": TEST}, "python -m pytest shop_tests -q", None),
        ({"dags/test_dag.py": DAG, "system/test_b.py": TEST}, None, None),
        ({"tests/test_a.py": "# nothing yet\n", "Makefile": "test:\n\tbats tests\n"}, "make test", None),
        ({"Makefile": "test:\n\ttox\n"}, None, None),
    ],
)
def test_the_test_commands_run_the_folders_of_tests(
    files: dict[str, str], unit: str | None, integration: str | None
) -> None:
    commands = detected(files).policy.commands
    assert (commands.unit_tests, commands.integration_tests) == (unit, integration)


def test_a_folder_that_looks_like_an_option_is_no_option() -> None:
    assert (
        detected({"-k/tests/test_a.py": TEST}).policy.commands.unit_tests == "python -m pytest ./-k/tests -q"
    )
