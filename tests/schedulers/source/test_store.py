"""Entries on disk: shared, bounded, and never believed where they are damaged."""

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from meta_pipeline.schedulers.source import store as storing
from meta_pipeline.schedulers.source.store import Store


def file_of(folder: Path) -> Path:
    (found,) = folder.glob("*.sqlite")
    return found


def kept(folder: Path, **entries: bytes) -> None:
    store = Store(folder, "shop")
    for key, value in entries.items():
        store.put("test", key, value)
    store.close()


def test_an_entry_is_there_for_the_next_process_and_for_no_other_kind(tmp_path: Path) -> None:
    kept(tmp_path, a=b"1")
    assert Store(tmp_path, "shop").get("test", "a") == b"1"
    assert Store(tmp_path, "shop").get("other", "a") is None
    assert Store(tmp_path, "shop").get("test", "b") is None


def test_one_repository_does_not_speak_for_another(tmp_path: Path) -> None:
    kept(tmp_path, a=b"1")
    assert Store(tmp_path, "other").get("test", "a") is None


def test_a_key_is_the_same_in_every_process(tmp_path: Path) -> None:
    """A set of texts has another order in each."""
    script = (
        "import sys; from pathlib import Path; from meta_pipeline.schedulers.source.store import Store\n"
        "store = Store(Path(sys.argv[1]), 'shop'); key = (frozenset('abcdefgh'), 'x')\n"
        "print(store.get('test', key)); store.put('test', key, b'1'); store.close()"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2", "3")
    ]
    assert said == ["None", "b'1'", "b'1'"]


def test_only_the_operator_may_look_into_the_folder(tmp_path: Path) -> None:
    kept(tmp_path / "readings", a=b"1")
    assert (tmp_path / "readings").stat().st_mode & 0o777 == 0o700


def test_another_reader_has_other_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path, a=b"1")
    monkeypatch.setattr(storing, "reader_version", lambda: "another")
    assert Store(tmp_path, "shop").get("test", "a") is None


def test_a_changed_or_swapped_entry_is_none(tmp_path: Path) -> None:
    kept(tmp_path, a=b"1", b=b"2")
    with sqlite3.connect(file_of(tmp_path)) as connection:
        values = [value for (value,) in connection.execute("SELECT value FROM entries ORDER BY name")]
        names = [name for (name,) in connection.execute("SELECT name FROM entries ORDER BY name")]
        for name, value in zip(names, reversed(values), strict=True):
            connection.execute("UPDATE entries SET value = ? WHERE name = ?", (value, name))
    assert [Store(tmp_path, "shop").get("test", key) for key in ("a", "b")] == [None, None]


@pytest.mark.parametrize("data", [b"no database at all", b"", b"SQLite format 3\0" + b"x" * 4096])
def test_a_damaged_file_is_no_obstacle_and_gives_way_to_a_new_one(tmp_path: Path, data: bytes) -> None:
    kept(tmp_path, a=b"1")
    file_of(tmp_path).write_bytes(data)
    assert Store(tmp_path, "shop").get("test", "a") is None
    kept(tmp_path, a=b"1")
    kept(tmp_path, a=b"1")
    assert Store(tmp_path, "shop").get("test", "a") == b"1"


def test_without_a_place_to_write_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept(tmp_path / "file" / "readings", a=b"1")
    assert Store(tmp_path / "file" / "readings", "shop").get("test", "a") is None


def test_the_folder_of_somebody_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path, a=b"1")
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert Store(tmp_path, "shop").get("test", "a") is None


def test_the_file_stays_below_its_limit_and_keeps_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path, "shop", largest_mb=0.1)
    for number in range(40):
        store.put("test", number, os.urandom(5_000))
        store.flush()
    assert store.get("test", 0) is None
    assert store.get("test", 39) is not None
    store.close()
    assert file_of(tmp_path).stat().st_size < 200_000


def test_what_is_asked_for_together_is_what_is_asked_for_alone(tmp_path: Path) -> None:
    store = Store(tmp_path, "shop")
    for number in range(1_200):
        store.put("test", number, str(number).encode())
        if number == 1_000:
            store.flush()
    found = store.get_each("test", [5, 1_199, 2_000, *range(300, 1_100)])
    assert found == {number: str(number).encode() for number in (5, 1_199, *range(300, 1_100))}
    assert store.get_each("other", [5]) == {}
    store.close()


def test_answers_on_whole_trees_go_before_the_readings_of_files(tmp_path: Path) -> None:
    store = Store(tmp_path, "shop", largest_mb=1)
    store.put("file", "a", b"1" * 1_000)
    store.flush()
    for number in range(6):
        store.put("tree", number, b"2" * 200_000)
        store.flush()
    assert store.get("file", "a") == b"1" * 1_000
    assert store.get("tree", 0) is None
    assert store.get("tree", 5) is not None
    store.close()


def test_what_is_used_outlives_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    today = storing._today()
    kept(tmp_path, old=b"1" * 60_000, used=b"2" * 60_000)
    monkeypatch.setattr(storing, "_today", lambda: today + 1)
    store = Store(tmp_path, "shop", largest_mb=0.15)
    assert store.get("test", "used") is not None
    store.put("test", "new", b"3" * 60_000)
    store.flush()
    assert (store.get("test", "old"), store.get("test", "new")) == (None, b"3" * 60_000)
    store.close()


def _writes(folder: Path, number: int) -> None:
    store = Store(folder, "shop")
    for each in range(200):
        store.put("test", each, b"the same")
        store.put("test", (number, each), b"my own")
        if each % 20 == 0:
            store.flush()
    store.close()


def test_processes_may_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_writes, args=(tmp_path, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    store = Store(tmp_path, "shop")
    assert {store.get("test", each) for each in range(200)} == {b"the same"}
    store.close()
