"""The commands that CI runs, whatever system it is and whatever wraps them."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.found.ci import ci_steps
from tests.schedulers.detecting import TEST, detected

TESTS = {"tests/unit/test_a.py": TEST, "tests/integration/test_b.py": TEST}
GITHUB = """\
name: CI
on: [push]
jobs:
  lint:
    steps:
      - uses: actions/checkout@v4
      - run: pip install ruff
      - name: Lint
        run: |
          # first
          ruff check --fix src
          mypy src
"""
CIRCLE = """\
version: 2.1
jobs:
  lint:
    steps:
      - checkout
      - run: &lint
          name: Lint
          command: flake8 . --count
  again:
    steps:
      - run: *lint
"""
GITLAB = """\
stages: [test]
lint:
  before_script: [pip install sqlfluff]
  script:
    - !reference [.setup, script]
    - sqlfluff lint models --dialect duckdb
"""
AZURE = """\
steps:
  - script: python -m pylint shop
    displayName: Lint
"""


@pytest.mark.parametrize(
    "path, text, command, reason",
    [
        (
            ".github/workflows/ci.yml",
            GITHUB,
            "ruff check src",
            (
                "From .github/workflows/ci.yml:11, where it is 'ruff check --fix src'; "
                "mypy (.github/workflows/ci.yml:12) runs there too"
            ),
        ),
        (
            ".circleci/config.yml",
            CIRCLE,
            "flake8 .",
            "From .circleci/config.yml:8, where it is 'flake8 . --count'",
        ),
        (
            ".gitlab-ci.yml",
            GITLAB,
            "sqlfluff lint models --dialect duckdb",
            "From .gitlab-ci.yml:6",
        ),
        (
            "azure-pipelines.yml",
            AZURE,
            "pylint shop",
            "From azure-pipelines.yml:2, where it is 'python -m pylint shop'",
        ),
    ],
)
def test_the_linter_of_each_system_is_found_with_its_line(
    path: str, text: str, command: str, reason: str
) -> None:
    detection = detected({path: text, "Makefile": "lint:\n\tblack --check .\n"})
    assert detection.policy.commands.lint == command
    assert detection.reasons["commands.lint"] == reason


@pytest.mark.parametrize(
    "step, command",
    [
        ("uses: astral-sh/ruff-action@v3\n        with: {args: 'check --fix'}", "ruff check ."),
        ("run: uv run --frozen --extra dev ruff check .", "ruff check ."),
        ("run: poetry run flake8 --exit-zero || true && pipenv run flake8 shop", "flake8 shop"),
        ("run: FORCE_COLOR=1 .venv/bin/ruff check shop --output-format=github", "ruff check shop"),
        ("run: ruff check ${{ inputs.path }} && black shop", "black --check shop"),
        ("working-directory: etl\n        run: ruff check", "ruff check etl"),
        ("run: cd etl && flake8 shop tests", "flake8 etl/shop etl/tests"),
        ("run: make lint", "make lint"),
        ("run: make fix", "ruff check ."),
        ("run: tox -e style", "flake8 shop"),
        ("run: nox -s style", "pylint shop"),
        ("run: uv run tox run -e other,style", "flake8 shop"),
        ("run: make missing lint", "make lint"),
        ("run: just style", "mypy shop"),
        ("run: poe style", "yamllint -f parsable ."),
        ("run: hatch run ci:style", "isort --check-only shop"),
        ("run: pre-commit run --all-files", "sqlfluff lint"),
        ("uses: pre-commit/action@v3.0.1", "sqlfluff lint"),
        ("run: echo ruff check", None),
        ("run: docker compose run app ruff check .", None),
        ("run: 'make missing'", None),
        ('run: "it\'s ruff check"', None),
    ],
)
def test_what_wraps_a_linter_is_followed_and_its_edits_are_left_out(step: str, command: str | None) -> None:
    files = {
        ".github/workflows/ci.yml": f"jobs:\n  a:\n    steps:\n      - {step}\n",
        "Makefile": "lint:\n\truff check .\n\truff format --check .\nfix:\n\truff check --fix .\n",
        "tox.ini": "[tox]\n[testenv:style]\ncommands =\n    python -m flake8 {posargs:shop}\n",
        "noxfile.py": (
            "import nox\n\n@nox.session\ndef style(session):\n"
            "    session.run('pylint', 'shop', *session.posargs)\n"
        ),
        "justfile": "style: deps\n    mypy shop\n\ndeps:\n    pip install mypy\n",
        "pyproject.toml": (
            "[tool.poe.tasks]\nstyle = 'yamllint .'\n[tool.hatch.envs.ci.scripts]\nstyle = ['isort shop']\n"
        ),
        ".pre-commit-config.yaml": "repos:\n  - hooks:\n      - id: sqlfluff-lint\n",
    }
    found = detected(files).policy.commands.lint
    # Without a linter in CI, `make lint` is the repository's own word.
    assert found == (command or "make lint")


@pytest.mark.parametrize(
    "script, unit, integration",
    [
        ("pytest -n 4 --cov shop --junitxml=out.xml", "tests/unit", "tests/integration"),
        ("pytest tests/unit -m 'not slow' -vv", "tests/unit -m 'not slow'", "tests/integration"),
        ("pytest tests/unit\n          pytest tests/integration -x", "tests/unit", "tests/integration"),
        ("pytest tests/unit/test_a.py::test_it", "tests/unit/test_a.py::test_it", "tests/integration"),
        ("pytest -m integration", "tests/unit", "-m integration"),
        ("pytest gone", "tests/unit", "tests/integration"),
        ("cd tests && pytest unit", "tests/unit", "tests/integration"),
        ("coverage run -m pytest tests/unit", "tests/unit", "tests/integration"),
    ],
)
def test_tests_are_run_as_ci_narrows_them_down(script: str, unit: str, integration: str) -> None:
    steps = f"jobs:\n  a:\n    steps:\n      - run: |\n          {script}\n"
    files = {".github/workflows/ci.yml": f"name: Continuous Integration\n{steps}", **TESTS}
    commands = detected(files).policy.commands
    assert commands.unit_tests == f"python -m pytest {unit} -q"
    assert commands.integration_tests == f"python -m pytest {integration} -q"


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "&a [*a]",
        "- \x01",
        "a: &b {c: *b, run: ruff check}",
        "a: 1\n---\nb: 2\n",
        "",
        "a: {uses: x/ruff-action, with: {[1]: 2}}",
    ],
)
def test_a_file_that_cannot_be_read_tells_nothing(text: str) -> None:
    assert detected({".github/workflows/ci.yml": text}).policy.commands.unit_tests is None


def test_aliases_that_unfold_without_end_are_not_followed_to_it() -> None:
    lines = ["jobs: &a0 {run: pytest tests}"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    tree = MemoryTree.of({".github/workflows/ci.yml": "\n".join(lines)})
    assert "pytest tests" in {step.script for step in ci_steps(tree)}
