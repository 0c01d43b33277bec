"""Ruff, asked about texts of Python and nothing else: no setting of the target is obeyed, and no `# noqa`."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from meta_pipeline.gates.tools.tool import Missing, Reported, beside_python, run_on

SYNTAX = "invalid-syntax"
"""The code of what no Python can read; ruff reports it whatever is selected."""
NEWEST = "py314"
"""The version of Python that nearly every text is fit for: only what no Python can read is invalid there."""
INSTALL = "uv pip install ruff"
_SUFFIXES = (".py", ".pyi", ".ipynb")


def ruff_reports(
    files: Mapping[str, bytes], select: tuple[str, ...], *, python: str = NEWEST
) -> tuple[Reported, ...] | Missing:
    """What ruff's rules `select` (such as `F821` or `S`) report of `files` (path to content), by path and line.

    Files that are neither Python nor notebooks are passed over. `python` is the oldest version that the texts are for,
    as ruff writes it, such as `py310`. In a notebook the line is that of its cell, which is no line of the file: it is
    None. One process looks at all of them.
    """
    # Each in a folder of its own: no name of the target decides what ruff passes over, and none can leave the folder.
    numbered = {
        f"{number}/{PurePosixPath(path).name}": path
        for number, path in enumerate(sorted(files))
        if path.endswith(_SUFFIXES)
    }
    if not numbered:
        return ()
    # Preview stays off: its rules and their messages change from one release of ruff to the next.
    argv = [
        *(beside_python("ruff"), "check", "--isolated", "--no-cache", "--ignore-noqa", "--no-fix", "--quiet"),
        *("--no-respect-gitignore", "--config", "exclude=[]", "--config", "respect-gitignore=false"),
        *("--output-format", "json", "--target-version", python, "--select", ",".join(select), "{folder}"),
    ]
    said = run_on({name: files[path] for name, path in numbered.items()}, argv, install=INSTALL)
    if isinstance(said, Missing):
        return said
    if said.exit not in (0, 1):
        words = " ".join(said.stderr.decode(errors="replace").split()) or "it said nothing"
        return Missing("ruff", f"ruff ended with status {said.exit}: {words}", INSTALL)
    reports = (_reported(one, numbered) for one in json.loads(said.stdout))
    return tuple(sorted(reports, key=lambda one: (one.path, one.line or 0, one.code)))


def _reported(one: Mapping[str, Any], numbered: Mapping[str, str]) -> Reported:
    path = numbered["/".join(PurePosixPath(one["filename"]).parts[-2:])]
    line = one["location"]["row"] if one.get("cell") is None and one.get("location") else None
    return Reported(path, line, one["code"] or SYNTAX, one["message"])
