"""The commands that let dbt itself speak about a project in a checkout."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.policy import DbtPolicy
from meta_pipeline.schedulers.runtime import PARSE_SECONDS

PROBE = Path(__file__).with_name("probe.py")
BUILD_SECONDS = 1800
SHOWN_ROWS = 5
_STATE = "../base/target"
MODIFIED = "state:modified+"
"""What differs from the state, and all that is downstream of it."""
WITH_ALL_BEFORE = f"+{MODIFIED}"
"""The same with all that is upstream of it: where the state is one of a build that did not come to its end."""
_QUIET = (("DBT_SEND_ANONYMOUS_USAGE_STATS", "false"), ("DO_NOT_TRACK", "1"))


def answer_file(scratch: Path) -> Path:
    """Where the probe writes what it found."""
    return scratch / "dbt.json"


def manifest_file(scratch: Path) -> Path:
    """The manifest that dbt wrote, whole: the state that another run compares itself with."""
    return scratch / "dbt" / "target" / "manifest.json"


def parse_command(project: DbtPolicy, scratch: Path) -> Command:
    """Let dbt parse the project."""
    return _command("parse", project, scratch, (), "", PARSE_SECONDS)


def build_command(
    project: DbtPolicy,
    scratch: Path,
    *,
    state: Path | None = None,
    select: str = MODIFIED,
    nodes: Sequence[str] = (),
    rows: bool = False,
) -> Command:
    """Let dbt build the project: all of it, or what it selects by comparison with `state`, a folder with a manifest.

    `nodes` are selections of dbt; where there are any, nothing else is built. With `rows`, failing rows of failing
    tests are shown.
    """
    # A space joins selections, a comma keeps what both of them select.
    chosen = " ".join([f"{select},{node}" for node in nodes] or [select]) if state else " ".join(nodes)
    arguments = (
        *(("--rows", str(SHOWN_ROWS)) if rows else ()),
        *(("--state", str(state)) if state else ()),
        *(("--select", chosen) if chosen else ()),
    )
    quoted = chosen if chosen == select else shlex.quote(chosen)
    selection = (f" --select {quoted}" if chosen else "") + (f" --defer --state {_STATE}" if state else "")
    return _command("build", project, scratch, arguments, selection, BUILD_SECONDS)


def _command(
    what: Literal["parse", "build"],
    project: DbtPolicy,
    scratch: Path,
    arguments: tuple[str, ...],
    selection: str,
    seconds: float,
) -> Command:
    where = {
        "project": None if project.project == "." else project.project,
        "profiles": project.profiles,
        "target": project.target,
    }
    shown = {"project": "--project-dir", "profiles": "--profiles-dir", "target": "--target"}
    typed = [part for key, value in where.items() if value for part in (shown[key], value)]
    given = [
        part
        for key, value in (where | {"project": project.project}).items()
        if value
        for part in (f"--{key}", value)
    ]
    return Command(
        name=f"dbt-{what}-{project.project}",
        # Our own interpreter, which has dagster-dbt; -I keeps the target's PYTHONPATH out of it, not out of dbt.
        argv=(
            *(sys.executable, "-I", str(PROBE), what, *given),
            *("--artifacts", str(scratch / "dbt"), "--output", str(answer_file(scratch)), *arguments),
        ),
        shown_as=f"{shlex.join(['dbt', what, *typed])}{selection}",
        variables=_QUIET,
        seconds=seconds,
    )
