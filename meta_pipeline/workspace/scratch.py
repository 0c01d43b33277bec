"""Folders of our own that live as long as their owner: what a killed process left, the next one removes."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EPERM
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

IN_USE = ".in-use"
"""Ends the name of the lock file beside a folder."""


@contextmanager
def scratch_folder(room: Path | None = None) -> Iterator[Path]:
    """An empty folder in `room`, or else in the machine's temporary folder, removed when the block ends.

    There, all of one user lie in one room, where those whose owner was killed are removed first. Raises `OSError`
    where that room is not this user's own.
    """
    if room is None:
        room = _room()
        remove_abandoned(room)
    with held_folder(room) as folder:
        folder.mkdir()
        yield folder


@contextmanager
def held_folder(room: Path) -> Iterator[Path]:
    """A path in `room` for a folder that its user makes; removed at the end.

    The lock file beside it, held meanwhile, tells others that it is in use.
    """
    from filelock import FileLock

    folder = room / uuid.uuid4().hex[:16]
    in_use = FileLock(_lock_of(folder))
    with _lock_of_room(room):  # between making a lock file and holding it, it looks abandoned
        in_use.acquire()
    try:
        yield folder
    finally:
        remove_folder(folder)
        _lock_of(folder).unlink(missing_ok=True)
        in_use.release()


def remove_abandoned(room: Path) -> bool:
    """Remove the folders whose owner is gone, as after a kill: nobody holds the lock beside them any more."""
    from filelock import FileLock, Timeout

    found = False
    for lock in room.glob(f"*{IN_USE}"):
        with suppress(Timeout), _lock_of_room(room), FileLock(lock, timeout=0):
            remove_folder(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
            found = True
    return found


def remove_folder(path: Path) -> None:
    """Delete a folder even where a command took away the right to write in folders of it, or put a link there."""
    if path.is_symlink():
        path.unlink()
        return
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        path.chmod(0o700)
        for parent, folders, _ in os.walk(path):
            for folder in (Path(parent, name) for name in folders):
                if not folder.is_symlink():
                    folder.chmod(0o700)
        shutil.rmtree(path)


def _lock_of(folder: Path) -> Path:
    return folder.with_suffix(IN_USE)


def _lock_of_room(room: Path) -> "FileLock":
    from filelock import FileLock

    return FileLock(room.with_suffix(".lock"))


def _room() -> Path:
    """Others may write to the temporary folder too: what they put in our place must not be taken for ours."""
    own = Path(tempfile.gettempdir()).resolve() / f"meta-pipeline-{os.geteuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    found = own.lstat()
    if own.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(
            EPERM,
            "it belongs to somebody else, or others may write there; remove it, or set TMPDIR",
            str(own),
        )
    room = own / "scratch"
    room.mkdir(exist_ok=True)
    return room
