"""Source is read up to a limit, and what is above it is known for what it is."""

from meta_pipeline.delivery.bounded import LARGEST, bounded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import MemoryTree, tree_digest

LARGE = b"x = 1\n" * (LARGEST // 6 + 1)


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> Change:
    return Change(bounded(MemoryTree.of(before)), bounded(MemoryTree.of(after)), (), ())


def test_a_large_file_of_source_reads_as_a_comment() -> None:
    tree = bounded(MemoryTree.of({"a.py": LARGE, "a.csv": LARGE, "b.py": LARGE[:LARGEST]}))
    said = tree.read("a.py") or b""
    assert said.startswith(b"# 1000002 bytes that are not read: ")
    assert (tree.read("a.csv"), tree.read("b.py")) == (LARGE, LARGE[:LARGEST])
    assert bounded(tree) is tree
    assert tree_digest(tree) == tree_digest(tree.whole)


def test_the_changed_ones_can_be_had_whole() -> None:
    change = changed(
        {"a.py": b"x = 1\n", "c.py": LARGE}, {"a.py": LARGE, "b.sql": b"select 1\n", "c.py": LARGE}
    )
    assert [file.path for file in change.files] == ["a.py", "b.sql"]
    (unread,) = change.unread
    assert (unread.path, unread.old, unread.new) == ("a.py", b"x = 1\n", LARGE)


def test_a_moved_file_is_still_known_for_one() -> None:
    gone, come = changed({"a.py": LARGE}, {"b.py": LARGE}).files
    assert gone.old == come.new
    gone, come = changed({"a.py": LARGE}, {"b.py": LARGE + b"\n"}).files
    assert gone.old != come.new
