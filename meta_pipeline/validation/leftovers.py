"""What a build left behind, its manifest and the warehouse in the checkout: another can begin where it ended."""

import tarfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from meta_pipeline.delivery.tree import Tree
from meta_pipeline.evidence.store import Folder
from meta_pipeline.workspace.worktree import Worktree

_MEGABYTE = 1024 * 1024
MOST_CARRIED = 512 * _MEGABYTE
"""A build that leaves more than this is not carried on: the next one builds everything."""
MOST_KEPT = 4096 * _MEGABYTE
"""Of what is kept of many builds, the oldest goes first beyond this."""
_FILES, _MANIFEST = "files", "manifest.json"


def pack(worktree: Worktree, manifest: Path, archive: Path) -> bool:
    """Write the manifest and all files that a build made or changed in its checkout to `archive`.

    False where there is no manifest, or too much to carry on. Links are left out: they may lead anywhere.
    """
    if manifest.resolve() != manifest:  # the folders above it were the build's too
        return False
    left = [path for path in _left(worktree) if path.is_file() and not path.is_symlink()]
    if not manifest.is_file() or sum(path.stat().st_size for path in (*left, manifest)) > MOST_CARRIED:
        return False
    # Files that share their content are stored one by one: a hard link would name a path outside `files`.
    with tarfile.open(archive, "w", dereference=True) as tar:
        tar.add(manifest, _MANIFEST, recursive=False)
        for path in left:
            tar.add(path, f"{_FILES}/{path.relative_to(worktree.path).as_posix()}", recursive=False)
    return True


def unpack(archive: Path, worktree: Worktree, trees: tuple[Tree, Tree], state: Path) -> None:
    """Put the files of an archive into a checkout of another commit, and its manifest into the folder `state`.

    A file that the two commits (`trees`) hold with different content stays as the checkout has it.
    """
    old, new = (tree.entries() for tree in trees)
    state.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name == _MANIFEST:
                tar.extract(member, state, filter="data")
                continue
            member.name = member.name.removeprefix(f"{_FILES}/")
            if old.get(member.name) == new.get(member.name):
                # The change may have put a link or a file where the build of the base had a folder.
                with suppress(tarfile.FilterError, OSError):
                    tar.extract(member, worktree.path, filter="data")


def _left(worktree: Worktree) -> Iterator[Path]:
    status = worktree.git.out(
        *("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=traditional"),
        *("--no-renames", "--ignore-submodules=all"),
    )
    for record in status.split(b"\0")[:-1]:
        yield worktree.path / record[3:].decode("utf-8", "surrogateescape")


def keep(folder: Folder, name: str, archive: Path) -> None:
    """Keep an archive under this name, whole or not at all, and let the oldest of its kind go where it is too much."""
    path, part = folder.path(name), folder.path(f".writing-{uuid.uuid4().hex}")
    folder.fs.makedirs(folder.root, exist_ok=True)
    folder.fs.put_file(str(archive), part)
    folder.fs.mv(part, path)
    kept = [folder.path(other) for other in folder.names() if other.endswith(".tar")]
    newest = sorted(((folder.fs.modified(one), folder.fs.size(one), one) for one in kept), reverse=True)
    total = 0
    for _, size, one in newest:
        total += size
        if total > MOST_KEPT and one != path:
            with suppress(FileNotFoundError):
                folder.fs.rm_file(one)


def fetch(folder: Folder, name: str, archive: Path) -> bool:
    """Bring a kept archive to the file `archive`; False where it is not kept."""
    try:
        folder.fs.get_file(folder.path(name), str(archive))
    except FileNotFoundError:
        return False
    return True
