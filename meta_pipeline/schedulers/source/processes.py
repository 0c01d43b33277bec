"""Reading spread over processes, in a command that allows it; elsewhere all is read where it is asked for."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import repeat

FEWEST = 96
"""So many readings are worth the start of other processes."""
_MOST_PROCESSES = 8
_ROUNDS = 8

Work = Callable[[int], bytes | None]

_is_allowed = False
_work: Work | None = None


def read_in_processes() -> None:
    """From now on have this process share long readings with others, as a command may that runs nothing beside it."""
    global _is_allowed  # noqa: PLW0603  one process has one answer
    _is_allowed = True


def spread(work: Work, count: int) -> Iterator[bytes | None]:
    """What `work` gives in other processes for each number below `count`, in order; None for what is to be done here.

    That is all of it where other processes are not allowed, or not worth it. They are forked, so that they know all
    that is known here; a process in which another thread may be at work is never forked.
    """
    is_wanted = _is_allowed and count >= FEWEST and threading.active_count() == 1
    processes = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES) if is_wanted else 1
    if processes == 1:
        yield from repeat(None, count)
        return
    # As slow to load as reading a dozen files.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    size = max(1, count // (processes * _ROUNDS))
    parts = [range(start, min(start + size, count)) for start in range(0, count, size)]
    pool = ProcessPoolExecutor(processes, get_context("fork"), initializer=partial(_begin, work))
    done = 0
    try:
        with pool:
            for part in pool.map(_each, parts):
                done += len(part)
                yield from part
    except BrokenProcessPool:  # one was killed, as where memory is short
        yield from repeat(None, count - done)


def _begin(work: Work) -> None:
    global _work  # noqa: PLW0603  a forked process does one work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it is told, and ends it


def _each(numbers: Sequence[int]) -> list[bytes | None]:
    assert _work is not None
    return [_work(number) for number in numbers]
