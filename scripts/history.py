"""The commits of a repository, one after the other, and what a command says of each: shared by those who walk them."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Commit:
    """One commit that has a parent."""

    sha: str
    parent: str
    subject: str

    @property
    def named(self) -> str:
        """Its short id and subject, for a cell of a table."""
        return f"{self.sha[:8]} {cell(self.subject)}"


def commits(repo: Path, count: int, *, side_branches: bool) -> list[Commit]:
    """The newest commits that have a parent, each with its first one."""
    way = () if side_branches else ("--first-parent",)
    log = subprocess.run(
        ["git", "-C", repo, "log", *way, f"--max-count={count}", "--format=%H%x1f%P%x1f%s"],
        check=True,
        capture_output=True,
        text=True,
    )
    fields = [line.split("\x1f") for line in log.stdout.splitlines()]
    return [Commit(commit, parents.split()[0], subject) for commit, parents, subject in fields if parents]


@dataclass(frozen=True)
class Said:
    """How a command ended: `document` is what it printed under `--json`, None where that is none."""

    exit: int
    document: dict[str, Any] | None
    complaint: str

    @property
    def crash(self) -> str:
        """The exit and the last words of a command that gave no sound answer."""
        return f"exit {self.exit}: {(self.complaint.strip().splitlines() or ['silent'])[-1]}"


def ask(command: str, *options: str) -> Said:
    """Run `meta-pipeline COMMAND ... --json`; a traceback is no answer, whatever was printed."""
    done = subprocess.run(
        [sys.executable, "-m", "meta_pipeline", command, *options, "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    try:
        document = json.loads(done.stdout) if "Traceback" not in done.stderr else None
    except ValueError:
        document = None
    return Said(done.returncode, document if isinstance(document, dict) else None, done.stderr)


def cell(text: str, width: int = 240) -> str:
    """Text of others in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")[:width]


def counted(counter: Counter[str]) -> str:
    """`3 pass, 1 blocked`."""
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())
