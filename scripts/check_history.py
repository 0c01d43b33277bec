"""Judge the last commits of a repository, each against its first parent, as a first-time user would in CI.

usage: python -m scripts.check_history REPO [--commits N] [--side-branches] [--level static|full]

Prints a Markdown table of what was not a plain pass, and the counts. Ends with 1 where a command crashed: ended
with a status that `check` does not have, printed no JSON document, or said that it is at fault itself.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.history import Commit, ask, cell, commits, counted

VERDICTS = {0: ("pass",), 1: ("blocked",), 3: ("needs_approval",), 4: ("blocked",)}


@dataclass(frozen=True)
class Judged:
    """One commit: `document` is what `check --json` printed, None where it crashed with the words in `said`."""

    commit: Commit
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
    for commit in commits(options.repo, options.commits, side_branches=options.side_branches):
        judged = _check(options.repo, commit, options.level)
        tally.add(judged)
        slowest = max(slowest, judged.seconds)
        if judged.verdict != "pass":
            print(f"| {commit.named} | {judged.verdict} | {_why(judged)} |", flush=True)
    print(f"\nverdicts: {counted(tally.verdicts)}; stopped by: {counted(tally.gates) or 'no gate'}")
    print(f"slowest commit: {slowest:.1f} s")
    return 1 if tally.verdicts["CRASH"] else 0


def _check(repo: Path, commit: Commit, level: str) -> Judged:
    started = time.monotonic()
    said = ask("check", "--repo", str(repo), "--base", commit.parent, "--head", commit.sha, "--level", level)
    seconds = time.monotonic() - started
    sound = said.document is not None and said.document.get("verdict") in VERDICTS.get(said.exit, ())
    return Judged(commit, seconds, said.document if sound else None, "" if sound else said.crash)


def _why(judged: Judged) -> str:
    if judged.document is None:
        return cell(judged.said)
    return "; ".join(f"{gate['id']} {gate['outcome']}: {cell(gate['reason'])}" for gate in judged.stopping)


if __name__ == "__main__":
    sys.exit(main())
