"""What a start does not load. The times themselves are measured by `make bench`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, MakeRepository, commit

SLOW = ("detect_secrets", "great_expectations", "libcst", "onnxruntime", "pandas", "sqlglot")


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh Python holds after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*{{m.partition('.')[0] for m in sys.modules}})"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_code_location_loads_nothing_that_only_a_run_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("META_PIPELINE_HOME", str(tmp_path))
    (tmp_path / "settings.yaml").write_text("targets:\n- {name: sales, repository: /nowhere}\n")

    loaded = loaded_by(
        "from meta_pipeline.definitions import definitions\n"
        "assert len(definitions().get_repository_def().get_all_jobs()) > 3"
    )

    assert "dagster" in loaded
    assert loaded & {*SLOW, "git", "jinja2"} == set()


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    loaded = loaded_by("import meta_pipeline.cli.app")

    assert loaded & {*SLOW, "dagster", "dagster_dbt", "git", "jinja2", "fsspec", "psutil"} == set()


def test_a_check_of_a_harmless_change_loads_no_scanner(git_repo: MakeRepository) -> None:
    repo = git_repo({"sales/load.py": "BATCH = 10\n", "models/orders.sql": "select 1 as id\n"})
    commit(repo, {"sales/load.py": "BATCH = 20\n", "models/orders.sql": "select 2 as id\n"})

    loaded = loaded_by(
        "from meta_pipeline.cli.app import main\n"
        f"sys.argv = ['meta-pipeline', 'check', '--repo', {str(repo.working_dir)!r},"
        " '--base', 'HEAD~1', '--head', 'HEAD']\n"
        "try:\n    main()\nexcept SystemExit as left:\n    assert left.code == 0, left.code"
    )

    assert loaded & {*SLOW, "dagster"} - {"sqlglot"} == set(), "contracts are read with sqlglot"
