"""What the target's commands wrote into a folder of ours; it is read with their code distrusted."""

import os
import stat
from pathlib import Path

_MEGABYTE = 1024 * 1024
MOST_BYTES = 128 * _MEGABYTE


def read_written(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file that a command wrote; the folder of `path` is one that no command can put a link for.

    A link there could name any file of the operator's, and a pipe would be waited for without end: both are
    refused. Raises `OSError` where there is no file or a link, `ValueError` where it is another kind of file or
    holds more than `most` bytes.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path.name} is no plain file; have the command write a file there.")
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(
            f"{path.name} holds more than {most // _MEGABYTE} MB; have the command write less, or split the project."
        )
    return data
