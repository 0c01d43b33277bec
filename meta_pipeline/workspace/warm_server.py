"""Imports packages once and forks for each request. Runs inside the target's environment, alone:

    python warm_server.py FD MODULE [MODULE ...]

FD is a socket. A request is a JSON object with `script`, `argv`, `cwd` and `environment`, sent together with two file
descriptors for standard output and standard error; the answer is the wait status of the process that ran the script.
This process runs nothing but installed packages: code of a checkout runs in the forks, which can neither read nor
write this process, nor speak on its socket. Needs Python 3.9 on Linux and nothing else.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import resource
import runpy
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

READY = b"ready"
LARGEST_REQUEST = 1 << 18

# From <linux/prctl.h>.
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4

LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))


def main(arguments: Sequence[str]) -> None:
    own_path = sys.path[1:]
    channel = socket.socket(fileno=int(arguments[0]))
    channel.set_inheritable(False)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for name in arguments[1:]:
        # Another release of a package may not have it; a fork imports for itself what is missing here.
        with suppress(ImportError):
            import_module(name)
    if threading.active_count() > 1:
        raise SystemExit("a package started a thread; a fork of this process would miss it")
    # The forks have the same user: without this they could read and write the memory and the socket of this process.
    prctl(PR_SET_DUMPABLE, 0)
    limits = held_limits()
    gc.freeze()
    channel.send(READY)
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, LARGEST_REQUEST, 2)
        # A fork may have set other limits on this process, which all later ones would inherit.
        if not data or held_limits() != limits:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            request = json.loads(data)
            begin(request, descriptors, own_path)
            sys.argv = [request["script"], *request["argv"]]
            runpy.run_path(request["script"], run_name="__main__")
            leave()
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        channel.send(str(status).encode())


def begin(request: Mapping[str, Any], descriptors: Sequence[int], own_path: Sequence[str]) -> None:
    """Make this fork what a process that was started for the request would be."""
    prctl(PR_SET_DUMPABLE, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    for number, descriptor in enumerate(descriptors, start=1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["cwd"])
    # Bubblewrap tells its command where it is.
    place = {"PWD": request["cwd"]} if "PWD" in os.environ else {}
    os.environ.clear()
    os.environ.update({**request["environment"], **place})
    time.tzset()
    tempfile.tempdir = None
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:] = [str(Path(request["script"]).parent), *given, *own_path]


def leave() -> None:
    """End as Python does, but for taking every module apart, which would copy all that the fork shares."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001  there is no other way to run them before the end
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(0)


def held_limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(limit) for limit in LIMITS]


def prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main(sys.argv[1:])
