"""The look at what a run wrote in its checkout: the command, and what it told."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.outputs import Outputs
from meta_pipeline.workspace.written import read_written

PROBE = Path(__file__).with_name("outputs_probe.py")
_SECONDS = 180


def outputs_command(scratch: Path, name: str, without: Sequence[str] = ()) -> Command:
    """Reads the data that the commands before it wrote; `without` are folders whose files are none."""
    left = tuple(part for folder in without for part in ("--without", folder))
    return Command(
        name="outputs",
        argv=(sys.executable, "-I", str(PROBE), "--output", str(_file(scratch, name)), *left),
        shown_as="read the data files that the run wrote",
        # Another release of DuckDB may number values otherwise: what a base was measured with must be the same.
        variables=(("META_PIPELINE_DUCKDB", version("duckdb")),),
        seconds=_SECONDS,
        reads_only=True,
    )


def read_outputs(scratch: Path, name: str) -> Outputs | None:
    """What the command of this name told; None where it told nothing that can be read."""
    try:
        return Outputs.model_validate_json(read_written(_file(scratch, name)))
    except (OSError, ValidationError, ValueError):
        return None


def _file(scratch: Path, name: str) -> Path:
    return scratch / f"outputs-{name}.json"
