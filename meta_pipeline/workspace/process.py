"""The one place that starts the target's processes, within limits, and ends all that they leave behind."""

import json
import os
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread
from typing import IO, TYPE_CHECKING, Literal

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.sandbox import Sandbox
from meta_pipeline.workspace.scratch import scratch_folder

if TYPE_CHECKING:
    from meta_pipeline.workspace.process_tree import ProcessTree

MARKER = "META_PIPELINE_RUN"
POLL_SECONDS = 0.1
_MEGABYTE = 1024 * 1024

EndedBy = Literal["time", "memory", "output", "processes", "missing"]


class ToolMissingError(RuntimeError):
    """A program that the operator's machine needs is not there."""


class SandboxFault(RuntimeError):  # noqa: N818  as GitFault: the machinery's, not the target's
    """The sandbox could not be set up; the text is one sentence with the reason."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did. `exit` is None where a limit ended it; a signal's number is added to 128, as a shell does."""

    exit: int | None
    ended_by: EndedBy | None
    seconds: float
    stdout: bytes
    stderr: bytes


def split_command(text: str) -> tuple[str, ...]:
    """The arguments of a command as a person types it; raises `ValueError` for an open quote or no command."""
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"the command '{text}' cannot be read: {error}; close the quote.") from error
    if not argv:
        raise ValueError("the command is empty; write a program and its arguments.")
    return argv


def run(command: Command, *, cwd: Path, path: str, variables: Mapping[str, str], sandbox: Sandbox) -> Ran:
    """Run `command.argv` in `cwd` without a shell and without input, and end its whole process tree.

    The environment holds `path`, private HOME and TMPDIR, `variables`, `command.variables` and nothing
    inherited. Raises `SandboxFault` where bubblewrap fails before the command begins.
    """
    if _program(command.argv[0], cwd, path) is None:
        said = f"{command.argv[0]}: there is no such program in {path}\n"
        return Ran(None, "missing", 0.0, b"", said.encode())
    with scratch_folder() as private:
        for name in ("home", "tmp"):
            (private / name).mkdir()
        given = {**variables, **dict(command.variables)}
        environment = scrubbed_environment(given, private, path, uuid.uuid4().hex)
        return _run(command, cwd.resolve(), private, environment, sandbox)


def scrubbed_environment(given: Mapping[str, str], private: Path, path: str, marker: str) -> dict[str, str]:
    """What a command of the target finds in its environment: what it is `given`, and nothing of ours."""
    return {
        "LANG": "C.UTF-8",
        "USER": "target",
        "LOGNAME": "target",
        **given,
        "PATH": path,
        "HOME": str(private / "home"),
        "TMPDIR": str(private / "tmp"),
        MARKER: marker,
    }


@dataclass(frozen=True, slots=True)
class Called:
    """What a trusted tool said."""

    exit: int
    stdout: bytes
    stderr: bytes


def call(argv: Sequence[str], *, given: bytes = b"", seconds: float = 60) -> Called:
    """Run a trusted tool of this machine, such as `ssh-keygen`, with `given` on its standard input.

    For the operator's own tools only; the target's commands go through `run`. Raises `ToolMissingError`
    where there is no such program.
    """
    try:
        done = subprocess.run(list(argv), input=given, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError as error:
        raise ToolMissingError(f"{argv[0]} is not on this machine; install it and try again.") from error
    return Called(done.returncode, done.stdout, done.stderr)


def _run(command: Command, cwd: Path, private: Path, environment: Mapping[str, str], sandbox: Sandbox) -> Ran:
    from meta_pipeline.workspace.process_tree import ProcessTree

    status_read, status_write = os.pipe()
    started = time.monotonic()
    with os.fdopen(status_read, "rb") as status:
        try:
            process = subprocess.Popen(
                sandbox.wrap(command.argv, cwd=cwd, private=private, status=status_write),
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(status_write,) if sandbox.kind == "bubblewrap" else (),
                start_new_session=True,
            )
        except OSError as error:
            # There, but not to be started: such as a script whose interpreter is missing.
            return Ran(None, "missing", 0.0, b"", f"{command.argv[0]}: {error.strerror}\n".encode())
        finally:
            os.close(status_write)
        output = Output(command, (process.stdout, process.stderr))
        tree = ProcessTree(process.pid, MARKER, environment[MARKER])
        try:
            ended_by = _watch(command, process, tree, output, started)
        finally:
            tree.end()
            process.wait()
        stdout, stderr = output.close()
        told = status.read() if sandbox.kind == "bubblewrap" else b""
    seconds = round(time.monotonic() - started, 3)
    if ended_by is None and sandbox.kind == "bubblewrap" and not _began(told):
        if stderr.startswith(b"bwrap: execvp "):
            return Ran(None, "missing", seconds, stdout, stderr)
        said = stderr.decode(errors="replace").strip()
        raise SandboxFault(f"bubblewrap could not start '{command.name}': {said}.")
    return Ran(shell_status(process.returncode, ended_by), ended_by, seconds, stdout, stderr)


def shell_status(code: int, ended_by: EndedBy | None) -> int | None:
    """The exit status of a `Ran`, from what `subprocess` says of a process."""
    return None if ended_by else code if code >= 0 else 128 - code


def _program(name: str, cwd: Path, path: str) -> str | None:
    return shutil.which(str(cwd / name)) if os.sep in name else shutil.which(name, path=path)


def _began(told: bytes) -> bool:
    """Whether bubblewrap came as far as to have an exit status of the command to tell."""
    return any("exit-code" in json.loads(line) for line in told.splitlines() if line.strip())


def _watch(
    command: Command, process: subprocess.Popen[bytes], tree: "ProcessTree", output: "Output", started: float
) -> EndedBy | None:
    """Wait for the command's own end, or say which limit it reached first."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
        ended_by = limit_reached(command, started, output, tree, ended=process.returncode is not None)
        if ended_by is not None or process.returncode is not None:
            return ended_by


def limit_reached(
    command: Command, started: float, output: "Output", tree: "ProcessTree", *, ended: bool
) -> EndedBy | None:
    """The first of a command's limits that it is over; once it has `ended`, only its output can be too much."""
    if output.full.is_set():
        return "output"
    if ended:
        return None
    if time.monotonic() - started > command.seconds:
        return "time"
    alive = tree.look()
    if len(alive) > command.processes:
        return "processes"
    return "memory" if tree.holds_more_than(command.memory_mb * _MEGABYTE, alive) else None


class Output:
    """Both outputs of a process, read by threads so that neither pipe fills up, within one limit."""

    def __init__(self, command: Command, pipes: Sequence[IO[bytes] | None]) -> None:
        self.full = Event()
        self._limit = command.output_mb * _MEGABYTE
        self._held = 0
        self._lock = Lock()
        self._parts: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._threads = [
            Thread(target=self._read, args=(pipe, part), daemon=True)
            for pipe, part in zip(pipes, self._parts, strict=True)
            if pipe is not None
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> tuple[bytes, bytes]:
        # A process that escaped without a sandbox may still hold a pipe open: it is not waited for.
        for thread in self._threads:
            thread.join(timeout=5)
        with self._lock:
            return bytes(self._parts[0]), bytes(self._parts[1])

    def _read(self, pipe: IO[bytes], part: bytearray) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                with self._lock:
                    room = self._limit - self._held
                    part += chunk[:room]
                    self._held += min(room, len(chunk))
                if len(chunk) > room:
                    self.full.set()
