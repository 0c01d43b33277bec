"""One line in the target's change log."""

import re
from collections.abc import Mapping

from meta_pipeline.authors.recipes.recipe import RecipeError, Rewrite
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.tree import Tree, text_of

_UNRELEASED = re.compile(r"^##+\s*\[?unreleased\]?.*$", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"^##?\s", re.MULTILINE)
_ITEM = re.compile(r"^([-*+]) .*$", re.MULTILINE)


class NoteParameters(Frozen):
    """`line` is the text of the entry, without its bullet."""

    path: str
    line: str


class NoteChange(Rewrite[NoteParameters]):
    """Adds one entry under the `Unreleased` heading of a Markdown change log, below the entries there."""

    id = "note_change"
    title = "Note the change"
    model = NoteParameters

    def apply(self, tree: Tree, parameters: NoteParameters) -> Mapping[str, bytes]:
        data = tree.read(parameters.path)
        if data is None:
            raise RecipeError(parameters.path, 1, "there is no change log here; name one that exists.")
        text = data.decode()
        newline = "\r\n" if "\r\n" in text else "\n"
        text = text.replace("\r\n", "\n")
        heading = _UNRELEASED.search(text)
        if heading is None:
            raise RecipeError(
                parameters.path, 1, "there is no `## Unreleased` heading; add one above the releases."
            )
        following = _HEADING.search(text, heading.end())
        end = following.start() if following else len(text)
        section = text[heading.end() : end]
        bullets = list(_ITEM.finditer(text))
        entry = f"{bullets[0][1] if bullets else '-'} {parameters.line}"
        if entry in section.splitlines():
            return {}
        kept = section.rstrip()
        gap = "\n" if re.match(r"[-*+] |\s+\S", kept.rpartition("\n")[2]) else "\n\n"
        after = "\n\n" if following else "\n"
        changed = f"{text[: heading.end()]}{kept}{gap}{entry}{after}{text[end:]}"
        return {parameters.path: changed.replace("\n", newline).encode()}


def can_note(tree: Tree, path: str) -> bool:
    """Whether a change log with an `Unreleased` heading is at `path`."""
    text = text_of(tree, path)
    return text is not None and _UNRELEASED.search(text.replace("\r\n", "\n")) is not None
