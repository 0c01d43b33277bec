"""The Python that a repository says it runs on."""

import re
from dataclasses import dataclass

from meta_pipeline.delivery.tree import Tree, text_of

_REQUIRES = re.compile(
    r"""^\s*(?:requires-python|python)\s*=\s*["'](?P<demand>[^"']+)["']\s*(?:#.*)?$""", re.MULTILINE
)
_EXACT = re.compile(r"^\s*(?:python-|cpython-)?3\.(\d+)(?:\.\d+)?\s*$", re.MULTILINE)
_LOWER = re.compile(r"(?:>=|==|~=|\^|~|^)\s*3\.(\d+)")
_UPPER = re.compile(r"<\s*3\.(\d+)")
_OLDEST, _NEWEST = 7, 14


@dataclass(frozen=True, slots=True)
class OldestPython:
    """`minor` of the oldest Python 3 that is asked for in `path`; `certain` where no newer one is allowed."""

    minor: int
    path: str
    certain: bool

    @property
    def target(self) -> str:
        """As ruff writes it."""
        return f"py3{self.minor}"


def oldest_python(tree: Tree, path: str) -> OldestPython | None:
    """What the nearest `.python-version` or `pyproject.toml` at or above a file asks for; None where none does."""
    folders = path.split("/")[:-1]
    entries = tree.entries()
    for count in range(len(folders), -1, -1):
        prefix = "".join(f"{folder}/" for folder in folders[:count])
        pinned = f"{prefix}.python-version"
        exact = _EXACT.search(text_of(tree, pinned) or "") if pinned in entries else None
        if exact and _OLDEST <= int(exact[1]) <= _NEWEST:
            return OldestPython(int(exact[1]), pinned, certain=True)
        project = f"{prefix}pyproject.toml"
        demand = _REQUIRES.search(text_of(tree, project) or "") if project in entries else None
        lower = _LOWER.search(demand["demand"].strip()) if demand else None
        if demand and lower and int(lower[1]) <= _NEWEST:
            minor, text = max(int(lower[1]), _OLDEST), demand["demand"]
            upper = _UPPER.search(text)
            only = bool(upper and int(upper[1]) == minor + 1) or bool(
                re.fullmatch(r"\s*(?:==\s*3\.\d+(?:\.\*)?|~=?\s*3\.\d+\.\d+|~\s*3\.\d+)\s*", text)
            )
            return OldestPython(minor, project, certain=only)
    return None
