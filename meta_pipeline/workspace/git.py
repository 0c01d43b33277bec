"""The one place that calls git: nothing inherited, no prompt, no hook, no filter, no network unless asked."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.pager=cat",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "diff.external=",
    "gc.auto=0",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
    "maintenance.auto=false",
    "log.showSignature=false",
    "protocol.ext.allow=never",
    "safe.directory=*",
)
_OFFLINE = ("protocol.allow=never",)

# What ssh and https need to reach the user's own server, and a PATH to find them. No GIT_* but the last two:
# an inherited GIT_DIR or GIT_INDEX_FILE (set in every git hook) would turn a command on another repository.
_KEPT = (
    "PATH",
    "HOME",
    "SSH_AUTH_SOCK",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
)
_FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}


_COMPLAINT = re.compile(r"(fatal|error|remote): |.*\[(remote )?rejected\]")


class GitFault(RuntimeError):  # noqa: N818  a fault is what stops everything; an error may be the target's
    """Git could not do what was asked; the text is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one git command said. `error` is its standard error as text."""

    exit: int
    output: bytes
    error: str

    @property
    def text(self) -> str:
        """Standard output without the last line's end; bytes that are not UTF-8 become escapes."""
        return decoded(self.output).removesuffix("\n")

    @property
    def complaint(self) -> str:
        """The lines in which git says what is wrong, without their prefixes, as one line."""
        lines = [line.strip() for line in self.error.splitlines() if line.strip()]
        said = [line for line in lines if _COMPLAINT.match(line)] or lines
        return "; ".join(re.sub(r"^(fatal|error): ", "", line) for line in said) or "git gave no reason"


def decoded(data: bytes) -> str:
    """Text that JSON can hold whatever the bytes are: those that are not UTF-8 become escapes."""
    return data.decode("utf-8", errors="backslashreplace")


@dataclass(frozen=True)
class Git:
    """Git commands in one folder, with options and variables that every one of them gets."""

    folder: Path
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str,
        given: bytes | None = None,
        variables: Mapping[str, str] | None = None,
        settings: Iterable[str] = (),
        network: bool = False,
    ) -> Answer:
        """Run one command to its end, with `given` on standard input; a non-zero exit is an answer too.

        Raises `GitFault` where git cannot be started.
        """
        command = self.command(*arguments, variables=variables, settings=settings, network=network)
        try:
            ended = subprocess.run(
                command, cwd=self.folder, input=given or b"", capture_output=True, check=False
            )
        except OSError as fault:
            raise self._not_started() from fault
        return Answer(ended.returncode, ended.stdout, decoded(ended.stderr))

    def out(
        self,
        *arguments: str,
        given: bytes | None = None,
        variables: Mapping[str, str] | None = None,
        settings: Iterable[str] = (),
    ) -> bytes:
        """Standard output of one command; raises `GitFault` with git's own words where it fails."""
        answer = self.run(*arguments, given=given, variables=variables, settings=settings)
        if answer.exit != 0:
            raise GitFault(f"git {arguments[0]} failed in {self.folder}: {answer.complaint}.")
        return answer.output

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command that is talked to over its pipes, and which the caller ends; raises `GitFault`."""
        try:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as fault:
            raise self._not_started() from fault

    def _not_started(self) -> GitFault:
        return GitFault(f"git cannot be started in {self.folder}; install git 2.38 or newer.")

    def command(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        settings: Iterable[str] = (),
        network: bool = False,
    ) -> list[str]:
        """The argument list, which says by itself what of this process's environment git gets."""
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= _FIXED | dict(self.variables) | dict(variables or {})
        every = (*_SETTINGS, *(() if network else _OFFLINE), *settings)
        return [
            "env",
            "-i",
            *(f"{name}={value}" for name, value in environment.items()),
            "git",
            *(part for setting in every for part in ("-c", setting)),
            *self.options,
            *arguments,
        ]
