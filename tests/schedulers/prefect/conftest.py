"""A real Prefect, in the environment of the shipped target that is kept between runs."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import ROOT

TARGET = ROOT / "target_repo_fixtures" / "prefect_orders"
STYLES = Path(__file__).with_name("styles")

Runner = Callable[[Command, Path], None]


def files_of(folder: Path) -> Mapping[str, bytes]:
    """The files of a folder, without what Python and linters leave behind."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {"__pycache__", ".ruff_cache", ".pytest_cache"} & set(path.parts)
    }


def checked_out(folder: Path, target: Path) -> Path:
    """A copy of a folder that commands may write to."""
    ignored = shutil.ignore_patterns("__pycache__", ".ruff_cache", ".pytest_cache")
    return Path(shutil.copytree(folder, target, ignore=ignored))


@pytest.fixture(scope="session")
def prefect_environment(shared_environments: Path) -> Built:
    tree = MemoryTree.of(files_of(TARGET))
    policy = read_policy((TARGET / POLICY_FILE).read_text())
    built = build_environment(shared_environments, tree, policy.environment, detect_sandbox())
    assert isinstance(built, Built), built
    return built


@pytest.fixture
def run_in(prefect_environment: Built) -> Runner:
    """Run a command as the bench does: in a checkout, `python` being the target's own."""

    def run(command: Command, root: Path) -> None:
        assert command.argv[0] == "python"
        environment = {
            "PATH": f"{prefect_environment.programs}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(root),
            **dict(command.variables),
        }
        done = subprocess.run(
            [str(prefect_environment.python), *command.argv[1:]],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=command.seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run
