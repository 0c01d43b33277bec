"""Which files of a repository a person wrote for its pipelines, and which are prose, pictures, or made by tools."""

from pathlib import PurePosixPath

PROSE = frozenset({".md", ".rst", ".txt", ".adoc", ".html"})
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".pdf"})
_MADE_SUFFIXES = frozenset({".pyc", ".pyo", ".lock", ".log", ".map"})
_MADE_FOLDERS = frozenset(
    {"__pycache__", "build", "dist", "node_modules", "target", "dbt_packages", ".ipynb_checkpoints", "logs"}
)


def is_work(path: str) -> bool:
    """Whether a person wrote the file and a pipeline may need it: no prose, no picture, nothing that tools make."""
    where = PurePosixPath(path)
    return (
        where.suffix.casefold() not in PROSE | _PICTURES | _MADE_SUFFIXES
        and _MADE_FOLDERS.isdisjoint(where.parts)
        and not any(part.endswith(".egg-info") for part in where.parts)
    )
