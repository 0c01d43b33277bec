"""One warm process in a sandbox: it imported a package once, and forks for each command that is given to it."""

import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import psutil

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.process import (
    MARKER,
    POLL_SECONDS,
    EndedBy,
    Output,
    Ran,
    limit_reached,
    scrubbed_environment,
    shell_status,
)
from meta_pipeline.workspace.process_tree import ProcessTree
from meta_pipeline.workspace.sandbox import Sandbox
from meta_pipeline.workspace.scratch import IN_USE, remove_folder, scratch_folder
from meta_pipeline.workspace.warm_server import READY

SERVER = Path(__file__).with_name("warm_server.py")
START_SECONDS = 120
END_SECONDS = 10
"""The longest that the imports may take, and that word may take of the end of a command that was killed."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """What a warm process has: the target's `python`, the `modules` that it imports, and the walls around it.

    `path` is that of every command. `variables` are there at the imports: none that leads into a checkout.
    """

    python: Path
    modules: tuple[str, ...]
    path: str
    variables: Mapping[str, str]
    sandbox: Sandbox


@contextmanager
def warm_process(warmth: Warmth) -> Iterator["WarmProcess"]:
    """A warm process that starts with its first command, and is ended with all that it started when the block ends."""
    with scratch_folder() as folder:
        process = WarmProcess(warmth, folder / "private", folder / "room")
        for made in (process.room, *(process.private / name for name in ("home", "tmp", "start"))):
            made.mkdir(parents=True)
        try:
            yield process
        finally:
            process.close()


@dataclass(frozen=True, slots=True)
class _Started:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    marker: str
    own: frozenset[psutil.Process]
    """The processes of the warm process itself; all others are of the command that it runs."""
    shown: frozenset[Path]
    """What the sandbox made in the folder that it shows as /tmp, to show files and folders of ours below it."""


@dataclass(eq=False)
class WarmProcess:
    """Runs one command at a time, each in a fork with nothing of the commands before.

    The checkouts of its commands lie in its room, which the sandbox shows all of: base and head each need a process
    of their own. Where it cannot start, or has died, its commands are run as any other.
    """

    warmth: Warmth
    private: Path
    room: Path
    _lock: Lock = field(default_factory=Lock)
    _started: _Started | None = None
    _given_up: bool = False

    @property
    def alive(self) -> bool:
        """Whether it has started, and not been given up."""
        return self._started is not None

    @contextmanager
    def turn(self) -> Iterator[Path]:
        """The room, to make a checkout and a scratch folder in; nobody else has a folder there meanwhile."""
        with self._lock:
            yield self.room

    def run(self, command: Command, *, cwd: Path, variables: Mapping[str, str]) -> Ran | None:
        """Run `python SCRIPT ARGUMENTS` in `cwd`, as `process.run` does; None where that has to do it.

        Only in a `turn`, and with `cwd` in its room.
        """
        if command.argv[0] != "python" or not cwd.is_relative_to(self.room):
            return None
        started = self._ready()
        if started is None:
            return None
        ran, lives = self._request(started, command, cwd, {**variables, **dict(command.variables)})
        self._put_right()
        if not lives or not self._emptied(started.shown) or started.process.poll() is not None:
            self.close()
            self._given_up = True
        return ran

    def close(self) -> None:
        """End it, with all that it started."""
        started, self._started = self._started, None
        if started is not None:
            started.channel.close()
            _end(started.process, started.marker)

    def _ready(self) -> _Started | None:
        if self._started is None and not self._given_up:
            self._started = self._start()
            self._given_up = self._started is None
        return self._started

    def _start(self) -> _Started | None:
        marker = uuid.uuid4().hex
        environment = scrubbed_environment(self.warmth.variables, self.private, self.warmth.path, marker)
        environment["HOME"] = str(self.private / "start")
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = (str(self.warmth.python), str(SERVER), str(its.fileno()), *self.warmth.modules)
        sandbox = self.warmth.sandbox.opened(read_only=(SERVER,), writable=(self.room,))
        try:
            with its, Path(os.devnull).open("wb") as null:
                process = subprocess.Popen(
                    sandbox.wrap(argv, cwd=self.room, private=self.private, status=null.fileno()),
                    cwd=self.room,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(its.fileno(), null.fileno()),
                    start_new_session=True,
                )
        except OSError:
            ours.close()
            return None
        if _received(ours, START_SECONDS) != READY:
            ours.close()
            _end(process, marker)
            return None
        own = frozenset(ProcessTree(process.pid, MARKER, marker).look())
        return _Started(process, ours, marker, own, _all_below(self.private / "tmp"))

    def _request(
        self, started: _Started, command: Command, cwd: Path, given: Mapping[str, str]
    ) -> tuple[Ran | None, bool]:
        """What the command did, None where the warm process did not live to tell; and whether that lives on."""
        request = {
            "script": command.argv[1],
            "argv": command.argv[2:],
            "cwd": str(cwd),
            "environment": scrubbed_environment(given, self.private, self.warmth.path, started.marker),
        }
        begun = time.monotonic()
        pipes = [os.pipe(), os.pipe()]
        output = Output(command, [os.fdopen(reading, "rb") for reading, _ in pipes])
        try:
            socket.send_fds(started.channel, [json.dumps(request).encode()], [pipe[1] for pipe in pipes])
        except OSError:
            return None, False
        finally:
            for _, writing in pipes:
                os.close(writing)
        tree = ProcessTree(started.process.pid, MARKER, started.marker, beside=started.own)
        told: bytes | None = None
        ended_by: EndedBy | None = None
        try:
            while told is None and ended_by is None:
                told = _received(started.channel, POLL_SECONDS)
                ended_by = limit_reached(command, begun, output, tree, ended=told is not None)
        finally:
            tree.end()
        stdout, stderr = output.close()
        if told is None:
            told = _received(started.channel, END_SECONDS)
        if ended_by is None and not told:
            return None, False
        code = os.waitstatus_to_exitcode(int(told)) if told else 0
        seconds = round(time.monotonic() - begun, 3)
        return Ran(shell_status(code, ended_by), ended_by, seconds, stdout, stderr), bool(told)

    def _put_right(self) -> None:
        """A link in place of a folder would lead us, and the sandbox of the next command, to where it points."""
        _be_folder(self.room)
        for entry in self.room.iterdir():
            if entry.suffix == IN_USE:
                if not entry.is_file():
                    remove_folder(entry)
            else:
                _be_folder(entry)

    def _emptied(self, kept: frozenset[Path]) -> bool:
        """Remove what the command left in the folders that each one takes for its own; False where they are not.

        What the sandbox shows below its /tmp hangs in files and folders of those names in ours: they stay.
        """
        for top in (self.private / "home", self.private / "tmp"):
            if top.is_symlink() or not top.is_dir():
                return False
            for where, folders, files in os.walk(top, topdown=False):
                for path in (Path(where, name) for name in (*folders, *files)):
                    if path not in kept:
                        remove_folder(path) if path.is_dir() else path.unlink(missing_ok=True)
        return all(path.exists() and not path.is_symlink() for path in kept)


def _be_folder(path: Path) -> None:
    """Put an empty folder in place of whatever else is there."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        path.mkdir()


def _all_below(top: Path) -> frozenset[Path]:
    return frozenset(
        Path(where, name) for where, folders, files in os.walk(top) for name in (*folders, *files)
    )


def _end(process: subprocess.Popen[bytes], marker: str) -> None:
    ProcessTree(process.pid, MARKER, marker).end()
    process.wait()


def _received(channel: socket.socket, seconds: float) -> bytes | None:
    """The next message; None where none comes in time, empty where the other end is gone."""
    channel.settimeout(seconds)
    try:
        return channel.recv(64)
    except TimeoutError:
        return None
    except OSError:
        return b""
