"""Reading what the target's code wrote, which may be anything."""

import os
from pathlib import Path

import pytest

from meta_pipeline.workspace.written import read_written


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_bytes(b"{}")
    assert read_written(tmp_path / "answer.json") == b"{}"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the operator's")
    (tmp_path / "answer.json").symlink_to(tmp_path / "key")
    with pytest.raises(OSError, match=r"answer\.json"):
        read_written(tmp_path / "answer.json")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "answer.json")
    with pytest.raises(ValueError, match=r"answer\.json is no plain file"):
        read_written(tmp_path / "answer.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "answer.json").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    with pytest.raises(ValueError, match=r"answer\.json holds more than 2 MB"):
        read_written(tmp_path / "answer.json", 2 * 1024 * 1024)
