"""One piece of work after another in a child process; where a piece ends the child, another child goes on behind it.

A part of `probe.py`.
"""

from __future__ import annotations

import faulthandler
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Document = dict[str, Any]

LOOK_SECONDS = 0.05
AGAIN = 75
"""The exit status of a child that answered, and leaves what is left to another."""
NO_TIME = "no time"
"""What is told of a piece of work that was not begun, as all the time was spent."""


def answers(
    pieces: Sequence[str],
    work: Callable[[str], Document],
    patience: Callable[[str], float | None],
    ends: float | None,
) -> Iterator[tuple[str, Document | str]]:
    """Each piece with what `work` makes of it, or with a text: how it ended its process, and where that was known.

    `patience` is how many seconds one may take; at `ends`, on the monotonic clock, the rest is given up.
    """
    left = list(pieces)
    while left:
        if ends is not None and time.monotonic() >= ends:
            yield from ((piece, NO_TIME) for piece in left)
            return
        with tempfile.TemporaryFile() as trace:
            child = _Child(left, work, trace)
            try:
                answered = 0
                while left:
                    told = child.next_line(_until(patience(left[0]), ends))
                    if told is None:
                        break
                    answered += 1
                    yield left.pop(0), told
            finally:
                end = child.end()
            if left and not (answered and end == f"exit {AGAIN}"):
                trace.seek(0)
                yield left.pop(0), f"{end}\n{trace.read().decode(errors='replace')}"


def _until(seconds: float | None, ends: float | None) -> float | None:
    moments = [time.monotonic() + seconds] if seconds is not None else []
    return min([*moments, *([ends] if ends is not None else [])], default=None)


class _Child:
    """A fork of this process that works and tells each answer as a line of JSON."""

    def __init__(self, pieces: Sequence[str], work: Callable[[str], Document], trace: Any) -> None:
        self._reading, writing = os.pipe()
        self._held = b""
        self._status: int | None = None
        self._late = False
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._reading)
            try:
                os.setpgid(0, 0)
                _work(pieces, work, writing, trace)
            except BaseException:  # noqa: BLE001  ours: it must not go on as a second parent
                sys.excepthook(*sys.exc_info())
                os._exit(70)
            os._exit(0)
        os.close(writing)

    def next_line(self, until: float | None) -> Document | None:
        """The next answer; None where the child has ended, or has not answered in time."""
        while b"\n" not in self._held:
            ended = self._has_ended()
            ready, _, _ = select.select([self._reading], [], [], 0 if ended else LOOK_SECONDS)
            chunk = os.read(self._reading, 1 << 20) if ready else b""
            self._held += chunk
            # What it started may still hold the pipe: its own end is enough.
            if not chunk and (ended or ready):
                return None
            if until is not None and time.monotonic() > until:
                self._late = True
                return None
        line, _, self._held = self._held.partition(b"\n")
        return json.loads(line)  # type: ignore[no-any-return]

    def end(self) -> str:
        """End it with all that it started, and say how it ended: by itself, or for being late."""
        if not self._has_ended() and self._late:
            # It tells where it is, even from a loop that lets no Python signal handler in.
            os.kill(self._pid, signal.SIGUSR2)
            time.sleep(LOOK_SECONDS * 4)
        for kill, target in ((os.killpg, self._pid), (os.kill, self._pid)):
            try:
                kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        if self._status is None:
            _, self._status = os.waitpid(self._pid, 0)
        os.close(self._reading)
        if self._late:
            return "late"
        if os.WIFSIGNALED(self._status):
            return f"signal {signal.Signals(os.WTERMSIG(self._status)).name}"
        return f"exit {os.WEXITSTATUS(self._status)}"

    def _has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None


def _work(pieces: Sequence[str], work: Callable[[str], Document], writing: int, trace: Any) -> None:
    faulthandler.enable(trace)
    faulthandler.register(signal.SIGUSR2, trace, all_threads=False)
    own = os.getpid()
    for piece in pieces:
        line = json.dumps(work(piece), sort_keys=True).encode() + b"\n"
        if os.getpid() != own:
            # A DAG file forked, and its child came back here too.
            os._exit(0)
        while line:
            line = line[os.write(writing, line) :]
        if sys.stdout.closed or sys.stderr.closed:
            # Whatever logs would fail in the files behind the one that did this.
            os._exit(AGAIN)
