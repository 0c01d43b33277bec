"""Two commands side by side: each round runs both, one right after the other, so that noise hits both."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.conftest import ROOT

BEFORE = os.environ.get("BENCH_BEFORE")
"""A checkout of an older commit, whose commands are timed in the same rounds; see `scripts/bench`."""


class Benchmark(Protocol):
    """What is used of pytest-benchmark's fixture."""

    extra_info: dict[str, object]

    def pedantic(
        self, target: Callable[[], object], *, setup: Callable[[], None], rounds: int, warmup_rounds: int
    ) -> object: ...


def compare(
    benchmark: Benchmark,
    ours: Callable[[], object],
    baseline: Callable[[], object],
    *,
    before: Callable[[], object] | None = None,
    rounds: int,
    warm: bool = True,
) -> None:
    """Time `ours` in rounds, each preceded by `baseline` (and by `before`, the same of an older commit).

    pytest-benchmark keeps the times of `ours`; those of the others, in seconds and in the order of the
    rounds, stand beside them as `baseline` and `before`. One round that is not counted warms all of them up.
    """
    others = {"baseline": baseline} | ({"before": before} if before else {})
    taken: dict[str, list[float]] = {name: [] for name in others}

    def others_first() -> None:
        for name, run in others.items():
            taken[name].append(seconds(run))

    benchmark.pedantic(ours, setup=others_first, rounds=rounds, warmup_rounds=int(warm))
    benchmark.extra_info |= {name: times[-rounds:] for name, times in taken.items()}


def seconds(run: Callable[[], object]) -> float:
    """The wall time of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def command(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    source: Path = ROOT,
    variables: Mapping[str, str] | None = None,
    exits: Sequence[int] = (0,),
) -> Callable[[], None]:
    """A command to time; `python` is ours, and `source` the checkout that it finds meta-pipeline in."""
    program = [sys.executable if part == "python" else str(part) for part in argv]
    environment = {**os.environ, "PYTHONPATH": str(source), **(variables or {})}

    def run() -> None:
        done = subprocess.run(program, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in exits, done.stdout[-2000:] + done.stderr[-2000:]

    return run


def in_turn(commands: Iterable[Callable[[], None]]) -> Callable[[], None]:
    """The next of these commands at each call."""
    waiting = iter(commands)

    def run() -> None:
        next(waiting)()

    return run
