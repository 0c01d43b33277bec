"""Judge the last commits of a repository, each against its first parent, as a first-time user would in CI.

usage: python -m scripts.check_history REPO [--commits N] [--side-branches] [--level static|full]

Prints a Markdown table of what was not a plain pass, and the counts. Ends with 1 where a command crashed: ended
with a status that `check` does not have, printed no JSON document, or said that it is at fault itself.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERDICTS = {0: ("pass",), 1: ("blocked",), 3: ("needs_approval",), 4: ("blocked",)}


@dataclass(frozen=True)
class Judged:
    """One commit: `document` is what `check --json` printed, None where it crashed with the words in `said`."""

    commit: str
    subject: str
    seconds: float
    document: dict[str, Any] | None
    said: str = ""

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"]) if self.document else "CRASH"

    @property
    def stopping(self) -> list[dict[str, Any]]:
        gates = self.document["gates"] if self.document else []
        return [g for g in gates if g["outcome"] in ("failed", "needs_approval", "could_not_run")]


@dataclass
class Tally:
    """How often each verdict and each stopping gate came out."""

    verdicts: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)

    def add(self, judged: Judged) -> None:
        self.verdicts[judged.verdict] += 1
        self.gates.update(f"{gate['id']} {gate['outcome']}" for gate in judged.stopping)


def main() -> int:
    """Walk the history; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repo", type=Path)
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument(
        "--side-branches", action="store_true", help="also the commits that merges brought in"
    )
    parser.add_argument("--level", choices=("static", "full"), default="static")
    options = parser.parse_args()
    tally = Tally()
    slowest = 0.0
    print("| commit | verdict | why |\n|---|---|---|")
    for commit, parent, subject in _commits(
        options.repo, options.commits, side_branches=options.side_branches
    ):
        judged = _check(options.repo, parent, commit, subject, options.level)
        tally.add(judged)
        slowest = max(slowest, judged.seconds)
        if judged.verdict != "pass":
            print(f"| {commit[:8]} {_cell(subject)} | {judged.verdict} | {_why(judged)} |", flush=True)
    print(f"\nverdicts: {_counted(tally.verdicts)}; stopped by: {_counted(tally.gates) or 'no gate'}")
    print(f"slowest commit: {slowest:.1f} s")
    return 1 if tally.verdicts["CRASH"] else 0


def _commits(repo: Path, count: int, *, side_branches: bool) -> list[tuple[str, str, str]]:
    """Id, first parent and subject of the newest commits that have a parent."""
    way = () if side_branches else ("--first-parent",)
    log = subprocess.run(
        ["git", "-C", repo, "log", *way, f"--max-count={count}", "--format=%H%x1f%P%x1f%s"],
        check=True,
        capture_output=True,
        text=True,
    )
    fields = [line.split("\x1f") for line in log.stdout.splitlines()]
    return [(commit, parents.split()[0], subject) for commit, parents, subject in fields if parents]


def _check(repo: Path, base: str, head: str, subject: str, level: str) -> Judged:
    started = time.monotonic()
    options = ("--repo", str(repo), "--base", base, "--head", head, "--level", level, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "meta_pipeline", "check", *options],
        check=False,
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - started
    try:
        document = json.loads(done.stdout)
        sound = document["verdict"] in VERDICTS[done.returncode] and "Traceback" not in done.stderr
    except (ValueError, KeyError):
        document, sound = None, False
    said = "" if sound else f"exit {done.returncode}: {(done.stderr.strip().splitlines() or ['silent'])[-1]}"
    return Judged(head, subject, seconds, document if sound else None, said)


def _why(judged: Judged) -> str:
    if judged.document is None:
        return _cell(judged.said)
    return "; ".join(f"{gate['id']} {gate['outcome']}: {_cell(gate['reason'])}" for gate in judged.stopping)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:240]


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counter.most_common())


if __name__ == "__main__":
    sys.exit(main())
