"""Folders of our own are removed when their owner ends, and by the next one where it was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from meta_pipeline.workspace.scratch import scratch_folder

_HOLDER = """
import sys, time
from meta_pipeline.workspace.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "kept").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_is_removed_at_the_end_even_where_it_was_locked_up(tmp_path: Path) -> None:
    with scratch_folder() as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
        (folder / "inner").chmod(0o500)
        assert folder.is_relative_to(tmp_path)
    assert not folder.exists()
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_owner_left_is_removed_and_what_is_in_use_stays(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        left = Path(holder.stdout.readline().strip())
        with scratch_folder():
            assert (left / "kept").exists()
        holder.send_signal(signal.SIGKILL)
    with scratch_folder() as own:
        assert not left.exists()
        assert own.exists()


def test_a_room_that_somebody_else_laid_there_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"meta-pipeline-{os.geteuid()}").symlink_to(elsewhere)
    with pytest.raises(PermissionError, match="remove it, or set TMPDIR"), scratch_folder():
        pass
    assert list(elsewhere.iterdir()) == []
