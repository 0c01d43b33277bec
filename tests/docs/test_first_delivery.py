"""The commands of the operator's first guide, typed as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, requires_bubblewrap

GUIDE = ROOT / "docs" / "operators" / "first-delivery.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_STATUS = re.compile(r"# exit status (\d+)")


def steps() -> list[tuple[str, int]]:
    """Each command of the guide and the exit status that the guide promises."""
    found: list[tuple[str, int]] = []
    for block in _BLOCK.findall(GUIDE.read_text()):
        for line in block.splitlines():
            promised = _STATUS.match(line)
            if promised:
                found[-1] = (found[-1][0], int(promised[1]))
            else:
                assert line.startswith("$ "), line
                found.append((line.removeprefix("$ "), 0))
    return found


@pytest.mark.timeout(900)  # a first run builds the target's environment
@requires_bubblewrap
def test_the_guide_leads_from_an_issue_to_its_merge(tmp_path: Path, shared_environments: Path) -> None:
    state = tmp_path / ".meta-pipeline"
    state.mkdir()
    (state / "environments").symlink_to(shared_environments / "environments")
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_HOME")}
    for command, promised in steps():
        done = subprocess.run(
            ["bash", "-c", f". .venv/bin/activate && {command}"],
            cwd=ROOT,
            env={**kept, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == promised, f"$ {command}\n{done.stdout}\n{done.stderr}"
    assert "delivered" in done.stdout
    log = subprocess.run(
        ["git", "-C", str(tmp_path / "storefront"), "log", "--format=%s", "main"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert len(log.stdout.splitlines()) == 3
