"""A commit with some files of another content, for tools to look at; nobody ever merges it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from meta_pipeline.workspace.patch import Applied
from meta_pipeline.workspace.repository import Mirror


def laid_over(mirror: Mirror, commit: str, files: Mapping[str, bytes], message: str) -> str:
    """The commit `commit` with these contents in place of its own; equal ones give an equal commit."""
    applied = mirror.commit_patch(
        commit,
        mirror.write_tree_patch(commit, files),
        message,
        "meta-pipeline",
        "meta-pipeline@localhost",
        datetime(2000, 1, 1, tzinfo=UTC),
    )
    if not isinstance(applied, Applied):
        raise RuntimeError(f"{', '.join(files)} cannot be laid over {commit}: {applied.reason}")  # noqa: TRY004
    return applied.head
