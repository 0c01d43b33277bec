"""The requirement files that an environment is built from, with those that they include, read from a tree."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.tree import Tree, text_of

_INCLUDE = re.compile(r"(?:-r|-c|--requirements?|--constraints?)(?:\s+|=|(?<=-[rc]))\s*(?P<file>\S+)")
_LOCAL = re.compile(r"(?:-e|--editable)(?:\s+|=)|\.{0,2}/|\.$|.*@\s*file:|file:")


class RequirementFault(ValueError):  # noqa: N818  as GitFault
    """A requirement file that no environment can be built from; one sentence with file, line and mend."""


@dataclass(frozen=True)
class RequirementFiles:
    """`roots` are installed from; `contents` are they and all that they include, by path in the repository."""

    roots: tuple[str, ...]
    contents: Mapping[str, bytes]

    @property
    def are_hashed(self) -> bool:
        """Whether every root pins by hash, as a lock does."""
        return bool(self.roots) and all(b"--hash=" in self.contents[root] for root in self.roots)


def requirement_files(tree: Tree, roots: tuple[str, ...]) -> RequirementFiles:
    """Read `roots` and what they include at any depth; raises `RequirementFault` where one is not in the tree."""
    contents: dict[str, bytes] = {}
    waiting = [(root, "the policy's environment.requirements") for root in reversed(roots)]
    while waiting:
        path, named_by = waiting.pop()
        if path in contents:
            continue
        text = text_of(tree, path)
        data = tree.read(path)
        if text is None or data is None:
            raise RequirementFault(
                f"{named_by} names '{path}', which is not in the repository; commit it there."
            )
        contents[path] = data
        if not path.endswith(".toml"):
            waiting += [(file, f"{path}:{line}") for file, line in _included(path, text)]
    return RequirementFiles(roots, contents)


def _included(path: str, text: str) -> Iterator[tuple[str, int]]:
    """The files that `path` includes, with the line that does; those behind a URL are left to the installer."""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        if _LOCAL.match(line):
            raise RequirementFault(
                f"{path}:{number}: '{line}' installs a folder of a checkout, which a shared environment cannot "
                "hold; remove the line and name the folder in the policy's environment.variables as PYTHONPATH."
            )
        include = _INCLUDE.match(line)
        if include and "://" not in include["file"]:
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), include["file"])), number
