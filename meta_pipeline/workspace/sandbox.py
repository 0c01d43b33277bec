"""The wall around the target's code: bubblewrap where the machine has it."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, Self

# A merged /usr makes these links; elsewhere they are folders of their own.
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "fonts",
    "group",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "nsswitch.conf",
    "passwd",
    "pki",
    "protocols",
    "services",
    "ssl",
    "timezone",
)
_NETWORK_SETTINGS = ("gai.conf", "host.conf", "resolv.conf")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a command may see and change beside its own folder and the system's programs.

    `kind` is `none` where bubblewrap cannot be used, for the `reason` given; nothing is then kept from
    the command but the environment. `network` False leaves it only its own loopback. `program` is
    bubblewrap's full path: a program of that name in the target's environment must not be taken for it.
    """

    kind: Literal["bubblewrap", "none"]
    reason: str = ""
    program: str = "bwrap"
    read_only: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    network: bool = False

    def opened(
        self, *, read_only: Iterable[Path] = (), writable: Iterable[Path] = (), network: bool | None = None
    ) -> Self:
        """The same sandbox with more to see."""
        return replace(
            self,
            read_only=(*self.read_only, *read_only),
            writable=(*self.writable, *writable),
            network=self.network if network is None else network,
        )

    def wrap(self, argv: tuple[str, ...], *, cwd: Path, private: Path, status: int) -> list[str]:
        """The argument list that runs `argv` inside. `private` holds the folders `home` and `tmp` of this command.

        Bubblewrap writes how it went to the file descriptor `status`.
        """
        if self.kind == "none":
            return list(argv)
        return [
            self.program,
            "--unshare-user-try",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            *([] if self.network else ["--unshare-net"]),
            "--cap-drop",
            "ALL",
            "--die-with-parent",
            "--new-session",
            "--json-status-fd",
            str(status),
            *_system(network=self.network),
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--bind",
            str(private / "tmp"),
            "/tmp",  # noqa: S108  the command's own, made for it
            *self._binds(cwd, private),
            "--remount-ro",
            "/",
            "--chdir",
            str(cwd),
            "--",
            *argv,
        ]

    def _binds(self, cwd: Path, private: Path) -> list[str]:
        """Parents first, so that a folder inside another keeps its own rule."""
        rules = {
            **dict.fromkeys(self.read_only, "--ro-bind"),
            **dict.fromkeys((*self.writable, private), "--bind"),
        }
        if not any(cwd.is_relative_to(folder) for folder in rules):
            rules[cwd] = "--bind"
        ordered = sorted(rules.items(), key=lambda rule: len(rule[0].parts))
        return [part for folder, rule in ordered for part in (rule, str(folder), str(folder))]


def interpreter_folders(python: Path) -> tuple[Path, ...]:
    """What an environment's `python` needs outside it: the prefix it was made from, which may be under the home folder.

    The links are followed one by one, as a tool may link to a link that names only the minor version. A
    link in a folder of programs, such as `~/.local/bin`, shows as itself and not with all that is beside it.
    """
    found: list[Path] = []
    link = python
    while link.is_symlink():
        link = link.parent / link.readlink()
        for program in (link, link.resolve()):
            prefix = program.parent.parent
            found.append(prefix if any(prefix.glob("lib*/python*/os.py")) else program)
    return tuple(
        dict.fromkeys(
            path
            for path in found
            # A link of the environment to another of its own is shown with the environment.
            if path.parent != python.parent
            and not path.is_relative_to("/usr")
            and path.parts[1:2] != ("bin",)
        )
    )


@cache
def detect_sandbox() -> Sandbox:
    """Try bubblewrap once: it may be there and still be forbidden, as in many containers."""
    program = shutil.which("bwrap")
    if program is None:
        return Sandbox("none", "bubblewrap is not installed; install the package 'bubblewrap'.")
    walls = ("--unshare-user-try", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--cap-drop", "ALL")
    tried = subprocess.run(
        [program, *walls, *_system(network=False), "--proc", "/proc", "--dev", "/dev", "--", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )
    if tried.returncode != 0:
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        return Sandbox("none", f"bubblewrap is forbidden here ({said[-1] if said else 'it gave no reason'}).")
    return Sandbox("bubblewrap", program=program)


def _system(*, network: bool) -> list[str]:
    """The system's programs and the few settings they need; nothing of a user."""
    options = ["--ro-bind", "/usr", "/usr"]
    for folder in map(Path, _SYSTEM):
        if folder.is_symlink():
            options += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            options += ["--ro-bind", str(folder), str(folder)]
    for name in (*_SETTINGS, *(_NETWORK_SETTINGS if network else ())):
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return options
