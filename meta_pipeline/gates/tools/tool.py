"""What all tools answer with, and how one is run on texts that are not in a folder."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.workspace.process import Called, ToolMissingError, call
from meta_pipeline.workspace.scratch import scratch_folder


@dataclass(frozen=True, slots=True)
class Reported:
    """One thing that a tool reports of a text: `code` is the tool's own name of the rule, `line` counts from 1."""

    path: str
    line: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The tool gave no answer. `reason` is one sentence; `install` the command that mends it."""

    tool: str
    reason: str
    install: str


def beside_python(program: str) -> str:
    """The program of that name that was installed with this package, or else its bare name, to be found on PATH."""
    there = Path(sys.executable).parent / program
    return str(there) if there.exists() else program


def run_on(
    files: Mapping[str, bytes], argv: Sequence[str], *, install: str, seconds: float = 60
) -> Called | Missing:
    """Run a trusted tool in a folder that holds `files` alone, so that no configuration of the target is obeyed.

    `{folder}` in an argument is that folder. Files are written with neither links nor modes.
    """
    with scratch_folder() as folder:
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            return call([argument.replace("{folder}", str(folder)) for argument in argv], seconds=seconds)
        except ToolMissingError as error:
            return Missing(Path(argv[0]).name, str(error), install)


def new_reports(base: Iterable[Reported], head: Iterable[Reported]) -> list[Reported]:
    """What is reported at head and was not at base, however lines moved: as many as there are more of a kind."""
    known = Counter((one.path, one.code, one.message) for one in base)
    found = []
    for one in head:
        kind = (one.path, one.code, one.message)
        if known[kind] > 0:
            known[kind] -= 1
        else:
            found.append(one)
    return found
