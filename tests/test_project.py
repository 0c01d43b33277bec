"""What the project's own files must hold to."""

import re
from pathlib import Path

import pytest

from tests.conftest import requires_bubblewrap, requires_chromium

ROOT = Path(__file__).parents[1]


def test_the_lock_names_no_place_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|^-e |@ file", lock, re.MULTILINE)
    pins = re.split(r"\n(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE).strip())
    assert len(pins) > 100
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_dbt_core_stays_below_the_release_that_downloads_at_install() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.search(r"^dbt-core==1\.(\d+)\.", lock, re.MULTILINE)
    assert found
    assert int(found[1]) < 12


def test_no_module_holds_two_ideas() -> None:
    folders = ("meta_pipeline", "scripts", "tests")
    modules = [module for folder in folders for module in (ROOT / folder).rglob("*.py")]
    long = {str(m.relative_to(ROOT)): n for m in modules if (n := len(m.read_text().splitlines())) > 400}
    assert long == {}


@pytest.mark.parametrize("mark", [requires_bubblewrap, requires_chromium])
def test_a_skip_for_a_missing_package_names_the_script_that_ci_looks_for(mark: pytest.MarkDecorator) -> None:
    assert "scripts/install-system-packages" in mark.kwargs["reason"]
    assert (ROOT / "scripts/install-system-packages").is_file()
