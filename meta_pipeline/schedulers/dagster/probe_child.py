"""One piece of work in a fork of this process, which it may end, hang or fill with words; a part of `probe.py`."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

LOOK_SECONDS = 0.05
KEPT_BYTES = 1 << 18
"""How much of the end of its output is kept."""


def in_fork(work: Callable[[], None], limit: float) -> tuple[str | None, str]:
    """Run `work` for at most `limit` seconds: how the fork failed, if it did, and the last words on its error output.

    Those words go on to the error output of this process; its standard output is dropped. What it leaves running
    is not waited for.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _begin(writing)
        _work(work)
    os.close(writing)
    try:
        status, said = _followed(child, reading, time.monotonic() + limit)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    text = said.decode(errors="replace")
    if status is None:
        os.waitpid(child, 0)
        return f"it took longer than {limit:g} s to load", text
    if os.WIFSIGNALED(status):
        return f"it was ended by the signal {os.WTERMSIG(status)}", text
    return None, text


def _begin(writing: int) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number, target in ((0, null), (1, null), (2, writing)):
        os.dup2(target, number)
    os.close(null)
    os.close(writing)


def _work(work: Callable[[], None]) -> None:
    """Do it and end, whatever the code of the target makes of `os._exit`."""
    leave, status = os._exit, 1
    try:
        work()
        status = 0
    except BaseException:  # noqa: BLE001  told by the exit
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        leave(status)


def _followed(child: int, reading: int, until: float) -> tuple[int | None, bytes]:
    """The wait status of the child, None where it is late, and the end of what it said."""
    said = b""
    status: int | None = None
    open_still = True
    while True:
        if status is None:
            ended, found = os.waitpid(child, os.WNOHANG)
            status = found if ended else None
        chunk = b""
        if open_still and select.select([reading], [], [], 0 if status is not None else LOOK_SECONDS)[0]:
            chunk = os.read(reading, 1 << 16)
            open_still = bool(chunk)
        elif not open_still and status is None:
            time.sleep(LOOK_SECONDS)
        if chunk:
            said = (said + chunk)[-KEPT_BYTES:]
            sys.stderr.write(chunk.decode(errors="replace"))
        # What it started may still hold the pipe, and write to it: its own end is enough.
        if status is not None and (not chunk or time.monotonic() > until):
            return status, said
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            return None, said
