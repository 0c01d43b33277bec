"""CHG019 on the files with which repositories defend themselves."""

import textwrap

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg019_guards_untouched import GuardsUntouched
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

# Put together, so that no linter takes the texts of this module for its own orders.
LOOK_AWAY = "# no" + "qa"
CI = textwrap.dedent(
    """\
    on:
      pull_request:
      push:
        branches: [main]
    jobs:
      lint:
        runs-on: ubuntu-latest
        steps:
          - run: ruff check .
      test:
        runs-on: ubuntu-latest
        steps:
          - name: unit tests
            run: pytest
    """
)
HOOKS = "repos:\n  - repo: x\n    hooks:\n      - id: gitleaks\n      - id: black\n      - id: check-ast\n"
HOOKS += "      - id: end-of-file-fixer\n"
PYPROJECT = textwrap.dedent(
    """\
    [project]
    name = "sales"
    [tool.ruff]
    exclude = ["docs"]
    [tool.ruff.lint]
    select = ["E", "F", "S"]
    ignore = ["E501"]
    [tool.mypy]
    strict = true
    """
)
POLICY = textwrap.dedent(
    """\
    version: 1
    commands: {unit_tests: pytest, lint: ruff check .}
    change: {max_files: 10}
    gates: {CHG002: failed}
    """
)


def judged(before: specimens.Files, after: specimens.Files, *, delivery: bool = False) -> GateResult:
    made = specimens.change_set() if delivery else None
    return judge(GuardsUntouched(), Case(Policy(), change=specimens.change(before, after), change_set=made))


@pytest.mark.parametrize(
    "path,text,old,new,outcome",
    [
        ("pyproject.toml", PYPROJECT, ', "S"', "", "needs_approval"),
        ("pyproject.toml", PYPROJECT, 'select = ["E", "F", "S"]\n', "", "needs_approval"),
        ("pyproject.toml", PYPROJECT, '"E501"', '"E501", "F821"', "needs_approval"),
        ("pyproject.toml", PYPROJECT, '"E501"', '"E501", "E402"', "needs_approval"),
        ("pyproject.toml", PYPROJECT, '"E501"', '"E501", "D100"', "warned"),
        ("pyproject.toml", PYPROJECT, '["docs"]', '["docs", "dags"]', "needs_approval"),
        ("pyproject.toml", PYPROJECT, '["docs"]', '["docs", ".venv"]', "warned"),
        ("pyproject.toml", PYPROJECT, "strict = true", "strict = false", "needs_approval"),
        ("pyproject.toml", PYPROJECT, '"S"]', '"S", "B"]', "passed"),
        ("pyproject.toml", PYPROJECT, '["E", "F", "S"]', '["ALL"]', "passed"),
        ("pyproject.toml", PYPROJECT, 'name = "sales"', 'name = "shop"', "passed"),
        (".flake8", "[flake8]\nignore = E501\n", "E501", "E501,F401", "needs_approval"),
        (
            ".sqlfluff",
            "[sqlfluff]\ndialect = duckdb\n",
            "duckdb\n",
            "duckdb\nexclude_rules = ST06\n",
            "warned",
        ),
        (".sqlfluffignore", "target/\n", "target/\n", "target/\nmodels/\n", "needs_approval"),
        ("mypy.ini", "[mypy]\ncheck_untyped_defs = True\n", "True", "False", "needs_approval"),
    ],
)
def test_settings_of_linters(path: str, text: str, old: str, new: str, outcome: str) -> None:
    assert old in text
    assert judged({path: text}, {path: text.replace(old, new)}).outcome == outcome


@pytest.mark.parametrize(
    "old,new,outcome,line",
    [
        ("ruff check .", "echo", "needs_approval", 9),
        ("run: pytest", "run: pytest || true", "needs_approval", 14),
        ("run: pytest", "run: pytest\n        continue-on-error: true", "needs_approval", 15),
        ("      - name: unit tests", "      - if: false\n        name: unit tests", "needs_approval", 13),
        ("  pull_request:\n", "  pull_request_target:\n", "passed", None),
        ("  pull_request:\n", "", "needs_approval", 1),
        (
            "on:\n  pull_request:\n  push:\n    branches: [main]\n",
            "on: workflow_dispatch\n",
            "needs_approval",
            1,
        ),
        ("ruff check .", "flake8", "passed", None),
        ("        run: pytest\n", "        run: pytest\n      - run: ./notify || true\n", "passed", None),
        (
            "        run: pytest\n",
            "        run: pytest\n      - run: notify\n        continue-on-error: true\n",
            "warned",
            16,
        ),
        ("jobs:", "concurrency: one\njobs:", "passed", None),
    ],
)
def test_checks_of_ci(old: str, new: str, outcome: str, line: int | None) -> None:
    path = ".github/workflows/ci.yml"
    assert old in CI
    result = judged({path: CI}, {path: CI.replace(old, new)})

    assert result.outcome == outcome, result
    assert not result.findings or result.findings[0].line == line, result.findings


LOADED = CI.replace("ruff check .", "python -m shop.validate")


@pytest.mark.parametrize(
    "new,outcome",
    [
        ("run: python -m shop.validate || true", "needs_approval"),
        ("run: python -m shop.validate\n        continue-on-error: true", "needs_approval"),
        ("run: python -m shop.validate --all", "passed"),
    ],
)
def test_any_command_of_ci_that_may_fail_now(new: str, outcome: str) -> None:
    path = ".github/workflows/ci.yml"
    after = LOADED.replace("run: python -m shop.validate", new)
    assert judged({path: LOADED}, {path: after}).outcome == outcome


def test_a_check_that_is_run_by_night_alone_comes_too_late() -> None:
    nightly = "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs:\n  t:\n    steps:\n      - run: pytest\n"
    before = {".github/workflows/ci.yml": CI, ".github/workflows/nightly.yml": nightly}
    after = {**before, ".github/workflows/ci.yml": CI.replace("run: pytest", "run: echo")}
    assert judged(before, after).outcome == "needs_approval"


def test_checks_that_move_to_another_file_are_still_run() -> None:
    before = {".circleci/config.yml": "jobs:\n  t:\n    steps:\n      - run: pytest\n"}

    assert judged(before, {".github/workflows/t.yml": CI}).outcome == "passed"
    assert judged(before, {}).outcome == "needs_approval"


@pytest.mark.parametrize(
    "old,new,outcome",
    [
        ("      - id: gitleaks\n", "", "needs_approval"),
        ("      - id: black\n", "      - id: ruff-format\n", "passed"),
        ("id: gitleaks\n", "id: gitleaks\n        stages: [manual]\n", "needs_approval"),
        ("repo: x", "repo: x\n    rev: v2", "passed"),
        ("      - id: check-ast\n", "", "needs_approval"),
        ("      - id: check-ast\n", "      - id: debug-statements\n", "warned"),
        ("      - id: end-of-file-fixer\n", "", "passed"),
    ],
)
def test_hooks_of_pre_commit(old: str, new: str, outcome: str) -> None:
    path = ".pre-commit-config.yaml"

    assert judged({path: HOOKS}, {path: HOOKS.replace(old, new)}).outcome == outcome


@pytest.mark.parametrize(
    "text,outcome",
    [
        (f"import os  {LOOK_AWAY}: F401\n", "warned"),
        (f"import os  {LOOK_AWAY}\n", "warned"),
        (f"import os  {LOOK_AWAY}\n" * 3, "needs_approval"),
        (f"import os  {LOOK_AWAY}: F401\n" * 8, "needs_approval"),
        ("# ruff: no" + "qa\nimport os\n", "needs_approval"),
        ("# mypy: ignore" + "-errors\nimport os\n", "needs_approval"),
    ],
)
def test_comments_that_ask_to_look_away(text: str, outcome: str) -> None:
    assert judged({}, {"dags/a.py": text}).outcome == outcome


def test_a_comment_that_moves_with_its_line_is_not_new() -> None:
    line = f"import os  {LOOK_AWAY}: F401\n"

    assert judged({"a.py": line}, {"b.py": "x = 1\n" + line}).outcome == "passed"


@pytest.mark.parametrize(
    "old,new,outcome",
    [
        ("CHG002: failed", "CHG002: needs_approval", "needs_approval"),
        ("CHG002: failed", "CHG002: warned", "needs_approval"),
        (
            "CHG002: failed",
            "CHG002: failed, CHG004: {where: [{paths: [dags/], outcome: warned}]}",
            "needs_approval",
        ),
        ("CHG002: failed", "CHG002: failed, CHG004: failed", "passed"),
        ("unit_tests: pytest, ", "", "needs_approval"),
        ("unit_tests: pytest", "unit_tests: 'true'", "needs_approval"),
        ("max_files: 10", "max_files: 1000", "needs_approval"),
        ("max_files: 10", "max_files: 5", "passed"),
        ("version: 1\n", "version: 1\ncontracts: [contracts/*.yaml]\n", "passed"),
    ],
)
def test_the_policy(old: str, new: str, outcome: str) -> None:
    path = ".meta-pipeline.yaml"
    assert old in POLICY

    assert judged({path: POLICY}, {path: POLICY.replace(old, new)}).outcome == outcome


def test_signers_waivers_and_owners() -> None:
    signers = {".meta-pipeline/allowed_signers": "lead@example.com ssh-ed25519 AAAA\n"}
    more = {
        ".meta-pipeline/allowed_signers": "lead@example.com ssh-ed25519 AAAA\nyou@example.com ssh-ed25519 BBBB\n"
    }
    owners = {".github/CODEOWNERS": "dags/ @data\nmodels/ @data\n"}

    assert judged(signers, more).outcome == "needs_approval"
    assert judged({}, {".meta-pipeline/waivers/w.yaml": "gate: CHG003\n"}).outcome == "needs_approval"
    assert judged(owners, {".github/CODEOWNERS": "dags/ @data\n"}).outcome == "needs_approval"
    assert judged(owners, {".github/CODEOWNERS": "dags/ @data @ops\nmodels/ @data\n"}).outcome == "passed"


def test_a_delivery_asks_for_every_guard_that_it_touches() -> None:
    before = {"pyproject.toml": PYPROJECT, "tests/test_a.py": "def test_a():\n    assert f() == 1\n"}
    version = {**before, "pyproject.toml": PYPROJECT.replace('name = "sales"', 'name = "shop"')}
    rule = {**before, "pyproject.toml": PYPROJECT.replace('"S"]', '"S", "B"]')}
    test = {**before, "tests/test_a.py": before["tests/test_a.py"] + "    assert f() > 0\n"}

    assert judged(before, version, delivery=True).outcome == "passed"
    assert judged(before, rule, delivery=True).outcome == "needs_approval"
    assert judged(before, test, delivery=True).outcome == "needs_approval"
    assert judged(before, test).outcome == "passed"
    assert judged(before, {**before, "tests/test_b.py": "x = 1\n"}, delivery=True).outcome == "passed"


def test_a_rule_of_style_that_was_asked_for_by_name_is_missed() -> None:
    lint = {"ruff.toml": 'lint.select = ["E", "F", "I"]\n'}

    assert judged(lint, {"ruff.toml": 'lint.select = ["E", "F"]\n'}).outcome == "needs_approval"


def test_what_is_installed_is_not_run() -> None:
    path = ".github/workflows/ci.yml"
    steps = "    - run: pip install flake8 pytest\n    - run: flake8 .\n    - run: pytest\n"
    run = f"on: push\njobs:\n  a:\n    steps:\n{steps}"

    after = {path: run.replace("    - run: flake8 .\n", "")}

    assert judged({path: run}, after).outcome == "needs_approval"


MAKEFILE = "test:\n\tpytest -q\n\nlint: setup\n\truff check .\n"
BY_NAME = CI.replace("run: ruff check .", "run: make lint").replace("run: pytest", "run: make test")


@pytest.mark.parametrize(
    "old,new,outcome,line",
    [
        ("\truff check .", "\t@echo done", "needs_approval", 5),
        ("\tpytest -q", "\t-pytest -q", "needs_approval", 2),
        ("\tpytest -q", "\tpytest -q || true", "needs_approval", 2),
        ("\truff check .", "\tflake8 .", "passed", None),
        ("\tpytest -q", "\t@pytest", "passed", None),
    ],
)
def test_what_stands_behind_a_name_that_ci_calls(old: str, new: str, outcome: str, line: int | None) -> None:
    files = {"Makefile": MAKEFILE, ".github/workflows/ci.yml": BY_NAME}
    result = judged(files, {**files, "Makefile": MAKEFILE.replace(old, new)})
    assert (result.outcome, [finding.line for finding in result.findings]) == (
        outcome,
        [] if line is None else [line],
    )


def test_a_new_target_may_pass_over_what_it_finds() -> None:
    files = {"Makefile": "deploy:\n\tdbt run\n"}
    mend = "\nmend:\n\t-ruff check --fix .\n"
    assert judged(files, {"Makefile": files["Makefile"] + mend}).outcome == "passed"


def test_a_target_that_ci_never_needed_may_go() -> None:
    files = {"Makefile": MAKEFILE, ".github/workflows/ci.yml": CI}
    assert judged(files, {**files, "Makefile": "test:\n\tpytest -q\n"}).outcome == "passed"


def test_a_stage_of_jenkins_may_not_fail_unseen() -> None:
    before = "pipeline { stages { stage('t') { steps {\n sh 'pytest'\n} } } }\n"
    after = before.replace("sh 'pytest'", "sh(script: 'pytest', returnStatus: true)")
    assert judged({"Jenkinsfile": before}, {"Jenkinsfile": after}).outcome == "needs_approval"
