"""The processes that one command of the target started, found and ended with all that they leave behind."""

import os
import signal
from contextlib import suppress

import psutil


class ProcessTree:
    """A process, all that it started, and all that carries its marker.

    In bubblewrap all of them end with the first. Without it, only a process that drops both its parents
    and its environment can hide. Those that run `beside` it are no part of it: where there are some, the
    first process is one of them and goes on.
    """

    def __init__(
        self, pid: int, variable: str, marker: str, beside: frozenset[psutil.Process] = frozenset()
    ) -> None:
        self._group = pid
        self._beside = beside
        self._variable = variable
        self._marker = marker
        self._known: set[psutil.Process] = set()

    def look(self) -> tuple[psutil.Process, ...]:
        """The processes that are alive now; each is remembered, should its parent end before it."""
        with suppress(psutil.Error):
            root = psutil.Process(self._group)
            self._known |= {root, *root.children(recursive=True)}
        return tuple(process for process in self._known - self._beside if process.is_running())

    def holds_more_than(self, limit: int, alive: tuple[psutil.Process, ...]) -> bool:
        """Whether those hold more than `limit` bytes together. Forked ones share pages, which the quick sum repeats."""
        return sum(map(_resident, alive)) > limit and sum(map(_own_share, alive)) > limit

    def end(self) -> None:
        """Kill until none is left: one that starts others while it is being killed must not win."""
        for _ in range(50):
            if not self._beside:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._group, signal.SIGKILL)
            left = {p for p in (*self.look(), *self._marked()) if p not in self._beside and _is_alive(p)}
            for process in left:
                with suppress(psutil.Error):
                    process.suspend()
            for process in left:
                with suppress(psutil.Error):
                    process.kill()
            if not left:
                return
            psutil.wait_procs(list(left), timeout=0.1)

    def _marked(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get(self._variable) == self._marker:
                    found.append(process)
        return found


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _own_share(process: psutil.Process) -> int:
    """Its own pages and its part of the shared ones; all of them where it keeps that to itself, as a process can."""
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return _resident(process)
