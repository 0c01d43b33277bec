"""The check of .ci/run, on reports that pytest itself writes."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / ".ci" / "check_skips.py"
MISSING_PACKAGE = "bubblewrap is missing; run scripts/install-system-packages as root"


@pytest.mark.parametrize(
    "marks, status",
    [
        ("", 0),
        ("@pytest.mark.skip(reason='not on this platform')", 0),
        (f"@pytest.mark.skip(reason={MISSING_PACKAGE!r})", 1),
    ],
)
def test_only_a_skip_for_a_missing_package_fails(tmp_path: Path, marks: str, status: int) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_sample.py").write_text(f"import pytest\n\n{marks}\ndef test_it():\n    pass\n")
    report = tmp_path / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    done = subprocess.run([sys.executable, CHECK, report], capture_output=True, text=True, check=False)

    assert done.returncode == status
    assert ("test_sample::test_it" in done.stdout) == bool(status)
