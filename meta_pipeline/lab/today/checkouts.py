"""One side of the change as the tools see it: a checkout, the files that differ, and the commands that run in it."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.environment import Built
from meta_pipeline.workspace.installer import search_path
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class ToolMissingError(RuntimeError):
    """A tool that the stack is made of is not on this machine; the text says how to get it."""


class ToolFault(RuntimeError):  # noqa: N818  as GitFault
    """A tool gave no answer; the text says which, and what it said."""


@dataclass(frozen=True)
class Side:
    """A checkout at one commit. `changed` are the files of the change that are there, by path."""

    root: Path
    changed: tuple[str, ...]
    scratch: Path = field(repr=False)

    def tool(self, name: str, *arguments: str) -> Ran:
        """Run a tool that is installed beside the laboratory; raises `ToolMissingError`."""
        beside = Path(sys.executable).parent / name
        program = str(beside) if beside.is_file() else shutil.which(name)
        if program is None:
            raise ToolMissingError(f"{name} is not on this machine; install it with: pip install {name}")
        command = Command(name=name, argv=(program, *arguments), shown_as=name, seconds=120)
        return run(
            command, cwd=self.root, path=search_path(), variables={}, sandbox=Sandbox("none", "a tool")
        )

    def within(
        self,
        environment: Built,
        *argv: str,
        variables: Mapping[str, str],
        seconds: float,
        reads: Sequence[Path] = (),
    ) -> Ran:
        """Run code of the target in its own environment, in the sandbox."""
        command = Command(name=argv[0], argv=argv, shown_as=argv[0], seconds=seconds)
        walls = detect_sandbox().opened(
            read_only=(*environment.folders, *reads), writable=(self.root, self.scratch)
        )
        given = {
            "VIRTUAL_ENV": str(environment.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TZ": "UTC",
            **variables,
        }
        path = f"{environment.programs}{os.pathsep}{SYSTEM_PATH}"
        return run(command, cwd=self.root, path=path, variables=given, sandbox=walls)


def as_json(ran: Ran, tool: str) -> Any:
    """The JSON that a tool printed, which may follow lines of another kind; raises `ToolFault`."""
    text = ran.stdout.decode(errors="replace")
    for start in (text, text[text.find("\n{") + 1 :], text.strip().rpartition("\n")[2]):
        try:
            return json.loads(start)
        except ValueError:
            continue
    said = ran.stderr.decode(errors="replace").strip()[-400:]
    raise ToolFault(f"{tool} gave no answer (exit {ran.exit}): {said}")
