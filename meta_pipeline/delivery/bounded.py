"""A tree whose source files are read up to a limit: what is larger reads as a comment that says so.

Nobody writes a megabyte of source by hand. What generated such a file can be judged, the file itself cannot be in any
useful time: parsers of Python, SQL and YAML need a hundred times its size. Whoever must see all of a file, such as a
scanner for credentials, asks for it `whole`.
"""

from collections.abc import Mapping
from functools import cached_property

from meta_pipeline.delivery.tree import Entry, Tree, tree_digest

LARGEST = 1_000_000
"""Bytes of a source file that are still read."""
_COMMENTS = {".py": "#", ".sql": "--", ".yml": "#", ".yaml": "#"}


def bounded(tree: Tree) -> "Bounded":
    """The tree with this limit; one that has it already is itself."""
    return tree if isinstance(tree, Bounded) else Bounded(tree)


class Bounded:
    """`whole` is the tree without the limit."""

    def __init__(self, tree: Tree) -> None:
        self.whole = tree
        self._cut: dict[str, bytes] = {}

    @cached_property
    def tree_id(self) -> str:
        return tree_digest(self.whole)

    def entries(self) -> Mapping[str, Entry]:
        return self.whole.entries()

    def read(self, path: str) -> bytes | None:
        if path in self._cut:
            return self._cut[path]
        data = self.whole.read(path)
        if data is None or len(data) <= LARGEST or (sign := _COMMENTS.get(_ending(path))) is None:
            return data
        # The same for the same content only: so a moved file is still known for one.
        content = self.entries()[path].content
        self._cut[path] = f"{sign} {len(data)} bytes that are not read: {content}\n".encode()
        return self._cut[path]

    def cuts(self, path: str) -> bool:
        """Whether the file, which must have been read, is larger than the limit."""
        return path in self._cut


def is_cut(tree: Tree, path: str) -> bool:
    """Whether a file that was read is not all that the tree holds at this path."""
    return isinstance(tree, Bounded) and tree.cuts(path)


def whole_of(tree: Tree, path: str) -> bytes | None:
    """All of a file."""
    return tree.whole.read(path) if isinstance(tree, Bounded) else tree.read(path)


def _ending(path: str) -> str:
    return path[path.rfind(".") :].lower()
