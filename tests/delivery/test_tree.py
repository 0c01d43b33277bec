from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.delivery.tree import FileChange, MemoryTree, changes_between, text_of

Files = Mapping[str, str | bytes]
lines = st.lists(st.sampled_from(["a", "b", "", "c\r", "\x1c"]), max_size=8).map("\n".join)
files = st.dictionaries(st.sampled_from(["a.py", "b/c.sql", "d"]), lines, max_size=3)


def changed(
    before: Files,
    after: Files,
    before_modes: Mapping[str, str] | None = None,
    after_modes: Mapping[str, str] | None = None,
) -> tuple[FileChange, ...]:
    return changes_between(MemoryTree.of(before, before_modes), MemoryTree.of(after, after_modes))


def test_added_deleted_and_modified_files_are_told_in_the_order_of_their_paths() -> None:
    found = changed({"a": "1", "b": "1", "same": "1"}, {"b": "2", "c": "1", "same": "1"})
    assert [(f.path, f.status) for f in found] == [("a", "deleted"), ("b", "modified"), ("c", "added")]


@given(files, files)
def test_exactly_what_differs_is_told(before: Files, after: Files) -> None:
    found = changed(before, after)
    assert [f.path for f in found] == [p for p in sorted({*before, *after}) if before.get(p) != after.get(p)]


@given(lines, lines)
def test_the_lines_told_turn_the_old_file_into_the_new_one(before: str, after: str) -> None:
    for file in changed({"a": before}, {"a": after}):
        gone = {line.number for line in file.removed}
        rest = [text for n, text in enumerate(before.split("\n"), start=1) if n not in gone]
        for line in file.added:
            rest.insert(line.number - 1, line.text)
        assert "\n".join(rest) == after


def test_a_line_is_told_with_its_number_on_its_own_side() -> None:
    (file,) = changed({"a": "1\n2\n3\n"}, {"a": "0\n1\ntwo\n3\n"})
    assert [(line.number, line.text) for line in file.added] == [(1, "0"), (3, "two")]
    assert [(line.number, line.text) for line in file.removed] == [(2, "2")]


def test_new_line_ends_are_a_change_of_every_line() -> None:
    (file,) = changed({"a": "1\n2\n"}, {"a": "1\r\n2\r\n"})
    assert [line.text for line in file.added] == ["1\r", "2\r"]
    assert not file.is_binary


def test_a_missing_last_newline_is_a_change() -> None:
    (file,) = changed({"a": "1\n"}, {"a": "1"})
    assert file.removed


def test_a_binary_file_has_no_lines() -> None:
    (file,) = changed({"a": b"\0\1"}, {"a": b"\0\2"})
    assert (file.is_binary, file.added, file.removed) == (True, (), ())
    (late,) = changed({}, {"a": b"x" * 8000 + b"\0"})
    assert not late.is_binary


def test_a_change_of_mode_alone_is_a_change() -> None:
    (file,) = changed({"a": "1"}, {"a": "1"}, {}, {"a": "100755"})
    assert (file.status, file.old_mode, file.new_mode, file.added) == ("modified", "100644", "100755", ())


def test_a_rename_is_one_deleted_and_one_added() -> None:
    assert [(f.path, f.status) for f in changed({"a": "1"}, {"b": "1"})] == [("a", "deleted"), ("b", "added")]


def test_an_empty_file_comes_and_goes() -> None:
    assert [(f.status, f.new) for f in changed({}, {"a": ""})] == [("added", b"")]
    assert [(f.status, f.new) for f in changed({"a": ""}, {})] == [("deleted", None)]


def test_text_that_is_not_utf8_is_read_all_the_same() -> None:
    assert text_of(MemoryTree.of({"a": b"caf\xe9"}), "a") == "caf\ufffd"
    assert text_of(MemoryTree.of({}), "a") is None


def test_of_large_data_a_line_that_only_moved_is_not_told() -> None:
    rows = [f"{number},a row of data" for number in range(120_000)]
    (file,) = changed({"a.csv": "\n".join(rows)}, {"a.csv": "\n".join([rows[-1], *rows[1:-1], "new", "new"])})
    assert [(line.number, line.text) for line in file.added] == [(120_000, "new"), (120_001, "new")]
    assert [(line.number, line.text) for line in file.removed] == [(1, rows[0])]
