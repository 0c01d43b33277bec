"""Which files of a repository a person wrote for its pipelines, and which are prose, pictures, or made by tools."""

import posixpath

PROSE = frozenset({".md", ".rst", ".txt", ".adoc", ".html"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".pdf"})
_MADE_SUFFIXES = frozenset({".pyc", ".pyo", ".lock", ".log", ".map"})
_NO_WORK = PROSE | _PICTURES | _MADE_SUFFIXES
_MADE_FOLDERS = frozenset(
    {"__pycache__", "build", "dist", "node_modules", "target", "dbt_packages", ".ipynb_checkpoints", "logs"}
)


def is_work(path: str) -> bool:
    """Whether a person wrote the file and a pipeline may need it: no prose, no picture, nothing that tools make."""
    parts = path.split("/")
    return (
        posixpath.splitext(path)[1].casefold() not in _NO_WORK
        and _MADE_FOLDERS.isdisjoint(parts)
        and not any(part.endswith(".egg-info") for part in parts)
    )
