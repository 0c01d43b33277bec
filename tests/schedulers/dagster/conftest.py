"""The Dagster that meta-pipeline itself runs on serves as the target's own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.evidence import Command

Runner = Callable[[Command, Path, Mapping[str, str]], None]


@pytest.fixture
def run_in() -> Runner:
    """Run a command as the bench does: in a checkout, `python` being the target's own."""
    return _run


def _run(command: Command, root: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert command.argv[0] == "python"
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **dict(command.variables)}
    done = subprocess.run(
        [sys.executable, *command.argv[1:]],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=command.seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
