"""CHG009 on the manifests and locks that teams keep."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg009_dependencies_pinned import DependenciesPinned
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

POETRY = '[tool.poetry]\nname = "sales"\n[tool.poetry.dependencies]\npython = "^3.11"\npandas = "^2.2"\n'
POETRY_LOCK = '[[package]]\nname = "pandas"\nversion = "2.2.3"\n'
DBT = "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.1.1\n"
DBT_LOCK = "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.1.1\nsha1_hash: 0\n"
COMMIT = "9" * 40


MIXED = "click==6.7\nnumpy\npandas==0.23.4\nrequests\nscipy>=1.0\n"


def judged(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(DependenciesPinned(), Case(Policy(), change=specimens.change(before, after)))


def changed(files: specimens.Files, path: str, old: str, new: str) -> GateResult:
    text = files[path]
    assert isinstance(text, str)
    assert old in text
    return judged(files, {**files, path: text.replace(old, new)})


@pytest.mark.parametrize(
    "files,path,old,new",
    [
        ({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}, "pyproject.toml", "^2.2", "^3.0"),
        ({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}, "poetry.lock", "2.2.3", "1.5.3"),
        ({"packages.yml": DBT, "package-lock.yml": DBT_LOCK}, "packages.yml", "1.1.1", "1.3.0"),
        (
            {
                "Pipfile": '[packages]\npandas = "==2.2.3"\n',
                "Pipfile.lock": '{"default": {"pandas": {"version": "==2.2.3"}}}',
            },
            "Pipfile",
            "2.2.3",
            "2.3.0",
        ),
        (
            {
                "requirements.txt": "-c https://raw.example.com/constraints-2.10.5/constraints-3.11.txt\napache-airflow==2.10.5\n"
            },
            "requirements.txt",
            "airflow==2.10.5",
            "airflow==2.11.0",
        ),
    ],
)
def test_a_manifest_that_left_its_lock_behind_fails(
    files: dict[str, str], path: str, old: str, new: str
) -> None:
    assert changed(files, path, old, new).outcome == "failed"


@pytest.mark.parametrize(
    "files,path,old,new",
    [
        # The lower bound moves, and the lock holds a release above it.
        ({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}, "pyproject.toml", "^2.2", "^2.2.1"),
        (
            {"packages.yml": DBT, "package-lock.yml": DBT_LOCK},
            "packages.yml",
            "1.1.1",
            '[">=1.1.0", "<2.0.0"]',
        ),
        ({"requirements.txt": "pandas\n"}, "requirements.txt", "pandas\n", "pandas\nduckdb>=1,<2\n"),
        ({"Dockerfile": "RUN pip install pandas==2.2.3\n"}, "Dockerfile", "2.2.3", "2.3.0"),
        (
            {"requirements.txt": "pandas==2.2.3\n"},
            "requirements.txt",
            "2.2.3\n",
            f"2.2.3\nx @ git+https://example.com/x.git@{COMMIT}\n",
        ),
        (
            {
                "c.txt": "",
                "constraints.txt": "duckdb==1.1.3\n",
                "requirements.txt": "-c constraints.txt\na==1\n",
            },
            "requirements.txt",
            "a==1\n",
            "a==1\nduckdb\n",
        ),
    ],
)
def test_what_stays_determined_passes(files: dict[str, str], path: str, old: str, new: str) -> None:
    assert changed(files, path, old, new).outcome == "passed"


@pytest.mark.parametrize(
    "files,path,old,new",
    [
        ({"packages.yml": DBT}, "packages.yml", "    version: 1.1.1\n", ""),
        ({"Dockerfile": "RUN pip install pandas==2.2.3\n"}, "Dockerfile", "pandas==2.2.3", "pandas"),
        (
            {"environment.yml": "dependencies:\n  - pandas=2.2.3\n  - numpy=2.1\n"},
            "environment.yml",
            "pandas=2.2.3",
            "pandas",
        ),
        (
            {"requirements.txt": "a==1\n"},
            "requirements.txt",
            "a==1\n",
            "a==1\nx @ git+https://example.com/x.git@main\n",
        ),
        (
            {"requirements.txt": "a==1\n"},
            "requirements.txt",
            "a==1\n",
            "--extra-index-url https://packages.example.com/simple\na==1\n",
        ),
        (
            {"setup.py": "setup(install_requires=['a==1', 'b==2'])\n"},
            "setup.py",
            "'a==1'",
            "'a'",
        ),
    ],
)
def test_what_is_left_to_chance_needs_a_person(files: dict[str, str], path: str, old: str, new: str) -> None:
    result = changed(files, path, old, new)

    assert result.outcome == "needs_approval", result
    assert result.findings[0].path == path


def test_a_member_of_a_workspace_is_locked_at_its_root() -> None:
    member = '[project]\nname = "loader"\ndependencies = ["pandas>=2.2"]\n'
    lock = (
        '[[package]]\nname = "loader"\nversion = "0.1"\nsource = { editable = "loader" }\n'
        '[[package]]\nname = "pandas"\nversion = "2.2.3"\nsource = { registry = "packages.example.com" }\n'
    )
    files = {"uv.lock": lock, "loader/pyproject.toml": member}

    assert changed(files, "loader/pyproject.toml", ">=2.2", ">=2.2,<3").outcome == "passed"
    assert changed(files, "loader/pyproject.toml", ">=2.2", ">=3").outcome == "failed"


def test_what_disagreed_before_is_not_told_again() -> None:
    files = {"pyproject.toml": POETRY.replace("^2.2", "^3.0"), "poetry.lock": POETRY_LOCK}

    assert changed(files, "pyproject.toml", 'name = "sales"', 'name = "shop"').outcome == "passed"


def test_a_lock_that_goes_needs_a_person_and_one_that_another_tool_takes_over_does_not() -> None:
    files = {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}
    uv = '[project]\nname = "sales"\ndependencies = ["pandas>=2.2,<3"]\n'
    uv_lock = POETRY_LOCK + 'source = { registry = "packages.example.com" }\n'

    assert judged(files, {"pyproject.toml": POETRY}).outcome == "needs_approval"
    assert judged(files, {"pyproject.toml": uv, "uv.lock": uv_lock}).outcome == "passed"


def test_a_lock_with_the_marks_of_a_conflict_fails() -> None:
    files = {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}

    assert (
        changed(files, "poetry.lock", 'version = "2.2.3"', '<<<<<<< HEAD\nversion = "2.2.3"').outcome
        == "failed"
    )


def test_a_requirement_that_moves_from_one_manifest_to_another_is_not_new() -> None:
    before = {"requirements.txt": "pandas==2.2.3\nduckdb\n", "pyproject.toml": '[project]\nname = "sales"\n'}
    after = {**before, "pyproject.toml": '[project]\nname = "sales"\ndependencies = ["duckdb"]\n'}

    assert judged(before, after).outcome == "passed"


@pytest.mark.parametrize(
    "path, outcome",
    [("requirements.txt", "needs_approval"), ("setup.cfg", "warned"), ("pyproject.toml", "warned")],
)
def test_a_pin_that_becomes_a_range_where_others_float_too(path: str, outcome: str) -> None:
    texts = {
        "requirements.txt": MIXED,
        "setup.cfg": "[options]\ninstall_requires =\n    " + MIXED.strip().replace("\n", "\n    ") + "\n",
        "pyproject.toml": "[project]\nname = 'sales'\ndependencies = " + str(MIXED.split()) + "\n",
    }
    files: specimens.Files = {path: texts[path]}
    assert changed(files, path, "pandas==", "pandas>=").outcome == outcome
