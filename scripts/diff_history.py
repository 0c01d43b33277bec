"""Tell what each of the last commits of a repository changed for its schedulers, against its first parent.

usage: python -m scripts.diff_history REPO [--commits N] [--side-branches]

Prints a Markdown table with every sentence of `topology --diff`, those that on-call must know first, and the counts.
Ends with 1 where a command crashed, where two equal topologies were said to differ, or two that differ to be equal.
"""

import argparse
import sys
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from scripts.history import Commit, ask, cell, commits, counted

_WIDTH = 400


def main() -> int:
    """Walk the history; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repo", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument(
        "--side-branches", action="store_true", help="also the commits that merges brought in"
    )
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    weights: Counter[str] = Counter()
    slowest = 0.0
    seen = cache(lambda commit: _topologies(options.repo, commit))
    print("| commit | what it means | downstream |\n|---|---|---|")
    for commit in commits(options.repo, options.commits, side_branches=options.side_branches):
        started = time.monotonic()
        said = ask("topology", "--repo", str(options.repo), "--diff", f"{commit.parent}..{commit.sha}")
        slowest = max(slowest, time.monotonic() - started)
        document = said.document if said.exit == 0 else None
        outcome = _outcome(document, seen(commit.parent), seen(commit.sha))
        outcomes[outcome] += 1
        if document is not None:
            weights.update(one["weight"] for one in document["statements"])
            _print(commit, document)
        if outcome not in ("equal", "different"):
            print(
                f"| {commit.named} | **{outcome}** {cell(said.crash) if document is None else ''} | |",
                flush=True,
            )
    print(f"\ncommits: {counted(outcomes)}; sentences: {counted(weights) or 'none'}")
    print(f"slowest commit: {slowest:.1f} s")
    return 1 if outcomes.keys() - {"equal", "different"} else 0


def _outcome(document: dict[str, Any] | None, before: object, after: object) -> str:
    if document is None:
        return "CRASH"
    is_told = bool(document["differences"])
    if before is None or after is None:
        return "TOPOLOGY CRASH"
    if is_told and before == after:
        return "TOLD OF EQUALS"
    return "different" if is_told else "equal"


def _topologies(repo: Path, commit: str) -> object:
    """What `topology` says of a commit, without lines; None where it crashes."""
    said = ask("topology", "--repo", str(repo), "--rev", commit)
    return _without_lines(said.document["topologies"]) if said.document and said.exit == 0 else None


def _without_lines(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_lines(one) for name, one in value.items() if name != "line"}
    return [_without_lines(one) for one in value] if isinstance(value, list) else value


def _print(commit: Commit, document: dict[str, Any]) -> None:
    must_know = [one["sentence"] for one in document["must_know"]]
    rest = [one["sentence"] for one in document["statements"] if one["sentence"] not in must_know]
    reached = document["impact"]["downstream"]
    for number, (mark, sentence) in enumerate(
        [*(("! ", one) for one in must_know), *(("", one) for one in rest)]
    ):
        first = number == 0
        print(
            f"| {commit.named if first else ''} | {mark}{cell(sentence, _WIDTH)} | {len(reached) if first else ''} |"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
