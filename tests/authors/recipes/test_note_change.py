import pytest

from meta_pipeline.authors.recipes.note_change import NoteChange, NoteParameters, can_note
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.tree import MemoryTree


def noted(text: str) -> str:
    parameters = NoteParameters(path="CHANGELOG.md", line="New.")
    after = NoteChange().apply(MemoryTree.of({"CHANGELOG.md": text}), parameters)["CHANGELOG.md"]
    assert NoteChange().apply(MemoryTree.of({"CHANGELOG.md": after}), parameters) == {}
    return after.decode()


@pytest.mark.parametrize(
    "before, after",
    [
        (
            "# Log\n\n## Unreleased\n\n## 1.0\n\n- Old.\n",
            "# Log\n\n## Unreleased\n\n- New.\n\n## 1.0\n\n- Old.\n",
        ),
        ("## Unreleased\n\n- Old.\n\n## 1.0\n", "## Unreleased\n\n- Old.\n- New.\n\n## 1.0\n"),
        ("## [Unreleased]\n* Old,\n  long.\n", "## [Unreleased]\n* Old,\n  long.\n* New.\n"),
        ("## Unreleased\n\n### Changed\n\n- Old.\n", "## Unreleased\n\n### Changed\n\n- Old.\n- New.\n"),
        ("## Unreleased\r\n\r\n- Old.\r\n", "## Unreleased\r\n\r\n- Old.\r\n- New.\r\n"),
        ("## Unreleased", "## Unreleased\n\n- New.\n"),
    ],
)
def test_line_goes_below_the_entries_of_unreleased(before: str, after: str) -> None:
    assert noted(before) == after


def test_without_a_place() -> None:
    tree = MemoryTree.of({"CHANGELOG.md": "# Log\n\n## 1.0\n"})
    assert not can_note(tree, "CHANGELOG.md")
    assert not can_note(tree, "absent.md")
    with pytest.raises(RecipeError, match="no `## Unreleased` heading"):
        NoteChange().apply(tree, NoteParameters(path="CHANGELOG.md", line="New."))
