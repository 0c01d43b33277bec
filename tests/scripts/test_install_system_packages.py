"""The script on machines that have some tools only: a folder of small programs stands for each machine."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "install-system-packages"
BASH = shutil.which("bash") or "/bin/bash"


def run_on(machine: Path, programs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, body in programs.items():
        program = machine / name
        program.write_text(f"#!{BASH}\n{body}\n")
        program.chmod(0o755)
    return subprocess.run(
        [BASH, SCRIPT], env={"PATH": str(machine)}, capture_output=True, text=True, check=False, timeout=20
    )


def test_silent_when_all_is_there(tmp_path: Path) -> None:
    done = run_on(tmp_path, {"chromium": "", "bwrap": "", "apt-get": "exit 9"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_plain_user_is_told_the_one_command(tmp_path: Path) -> None:
    done = run_on(tmp_path, {"chromium": "", "apt-get": "exit 9", "id": "echo 1000"})
    assert done.returncode == 0
    assert "sudo apt-get update && sudo apt-get install -y bubblewrap" in done.stderr


def test_without_apt_the_packages_are_named(tmp_path: Path) -> None:
    done = run_on(tmp_path, {"id": "echo 0"})
    assert done.returncode == 0
    assert "Missing: chromium bubblewrap" in done.stderr


@pytest.mark.parametrize("missing", ["chromium", "bubblewrap"])
def test_one_package_that_cannot_be_had_does_not_hold_up_the_other(tmp_path: Path, missing: str) -> None:
    log = tmp_path / "asked"
    apt = f'echo "$*" >>{log}\n[[ "$*" != *{missing} ]]'
    done = run_on(tmp_path, {"apt-get": apt, "id": "echo 0"})
    assert done.returncode == 0
    asked = log.read_text().splitlines()
    assert [line.split()[0] for line in asked] == ["update", "install", "install"]
    assert f"Could not install {missing}." in done.stderr
