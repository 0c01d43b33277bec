"""What the user has staged, as a tree, without a touch of their index or their object store."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from meta_pipeline.workspace.git import Git, GitFault
from meta_pipeline.workspace.repository import Repository
from meta_pipeline.workspace.scratch import scratch_folder
from meta_pipeline.workspace.tree import BlobReader, GitTree

_HOOKS_INDEX = "GIT_INDEX_FILE"


@contextmanager
def staged_tree(repository: Repository) -> Iterator[GitTree]:
    """The tree that `git commit` would commit now; its `commit` is the tree's own id. Readable within the block.

    In a hook of `git commit --all` or `git commit FILE` it is the index that git made for this very commit. Raises
    `GitFault` where there is no index, or where a merge left conflicts in it.
    """
    git = repository.git
    index = _index(git)
    if index is None:
        raise GitFault(
            f"{repository.path} has nothing staged: it has no index, as a bare repository has none; "
            "name a commit with --head."
        )
    with scratch_folder() as folder:
        mine = folder / "index"
        shutil.copyfile(index, mine)
        (folder / "objects").mkdir()
        own = replace(
            git,
            variables={
                **git.variables,
                _HOOKS_INDEX: str(mine),
                "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted(_path_of(git, "objects")),
            },
        )
        written = own.run("write-tree", "--missing-ok")
        if written.exit != 0:
            raise GitFault(
                f"what is staged in {repository.path} is no tree that could be committed: {written.complaint}; "
                "settle the conflicts, stage the files again and repeat."
            )
        yield GitTree(own, BlobReader(own), written.text, written.text)


def _index(git: Git) -> Path | None:
    """The index file: the one that a hook was given for this repository, or the repository's own."""
    own = _path_of(git, "index")
    given = os.environ.get(_HOOKS_INDEX)
    if given:
        named = (git.folder / given).resolve()
        if named.parent == own.resolve().parent and named.is_file():
            return named
    return own if own.is_file() else None


def _path_of(git: Git, name: str) -> Path:
    return git.folder / git.out("rev-parse", "--git-path", name).decode(errors="surrogateescape").rstrip("\n")


def _quoted(path: Path) -> str:
    """A path may hold the colon that parts the entries of the variable."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
