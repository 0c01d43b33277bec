"""Edits by position: what is taken out with an item, and which lines a mutation names."""

import pytest

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Place


def without(text: str, item: str) -> str:
    start = text.index(item)
    source = Text("a.py", text)
    return source.edited([source.without_item((start, start + len(item)))])


@pytest.mark.parametrize(
    "before,after",
    [
        ("f(a, x=1, b)", "f(a, b)"),
        ("f(x=1, b)", "f(b)"),
        ("f(a, x=1)", "f(a)"),
        ("f(x=1)", "f()"),
        ("f(\n    a,\n    x=1,\n    b,\n)", "f(\n    a,\n    b,\n)"),
        ("f(\n    a,\n    x=1,  # once\n)", "f(\n    a,\n)"),
        ("f(\n    a,\n    x=1\n)", "f(\n    a,\n)"),
        ("select\n    a\n    , x=1\n    , b", "select\n    a\n    , b"),
    ],
)
def test_an_item_goes_with_its_comma(before: str, after: str) -> None:
    assert without(before, "x=1") == after


def test_a_removed_line_is_named_at_base_and_what_is_near_at_head() -> None:
    text = Text("a.py", "f(\n    a,\n    x=1,\n    b,\n)\ng()\n")
    edit = text.without_item((text.value.index("x=1"), text.value.index("x=1") + 3))
    mutation = Change(text, [edit], [(0, text.value.index("g"))]).fault("takes x out")
    assert mutation.places == (Place("a.py", 3, 3, "base"), Place("a.py", 1, 4, "head"))
    assert mutation.files == {"a.py": b"f(\n    a,\n    b,\n)\ng()\n"}


def test_an_added_line_is_named_where_it_is_once_earlier_edits_are_made() -> None:
    text = Text("a.py", "one\ntwo\n")
    mutation = Change(text, [Edit(4, 4, "new\n"), Edit(0, 0, "first\nsecond\n")]).fault("adds lines")
    assert mutation.files == {"a.py": b"first\nsecond\none\nnew\ntwo\n"}
    assert mutation.places == (Place("a.py", 4, 4), Place("a.py", 1, 2))


def test_a_file_keeps_its_line_ends() -> None:
    text = Text("a.py", "one\r\ntwo\r\n")
    assert text.edited([Edit(5, 5, "new\n")]) == "one\r\nnew\r\ntwo\r\n"
