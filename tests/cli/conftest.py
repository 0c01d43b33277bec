from pathlib import Path

import pytest

from tests.cli.command import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell in an empty folder, with no state yet."""
    return Shell(tmp_path, tmp_path / "home")
