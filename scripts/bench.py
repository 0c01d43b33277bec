"""`make bench`: run tests/benchmarks and write docs/benchmarks.md from what they measured.

`python -m scripts.bench --before COMMIT` times an older commit in the same rounds, and keeps both in
docs/benchmarks-before.json, which every later page shows again with its commits and its date.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import psutil

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
RESULTS = ROOT / "build" / "benchmarks.json"
KEPT = DOCS / "benchmarks-before.json"
PACKAGES = ("dagster", "dbt-core", "great-expectations", "detect-secrets", "sqlglot", "pydantic", "ruff")


@dataclass(frozen=True)
class Measure:
    """What is measured, what it is compared with, and the ratio that is wanted at most.

    `part` and `against` are the lists of a test that give both sides, where they are not its own times and `baseline`.
    """

    name: str
    test: str
    beside: str
    goal: float
    part: str | None = None
    against: str = "baseline"
    unit: str = "s"


MEASURES = (
    Measure(
        "A whole delivery, from the issue to the merge",
        "test_a_whole_delivery",
        "the target commands of its evidence, one after another",
        1.0,
    ),
    Measure(
        "Its validation step: base and head",
        "test_a_whole_delivery",
        "the same commands",
        1.0,
        "validation",
    ),
    Measure(
        "Loading the code location, two targets of ten pipelines",
        "test_loading_the_code_location",
        "`import dagster`",
        1.5,
    ),
    Measure(
        "The same with one target of 2,000 pipelines",
        "test_loading_two_thousand_pipelines",
        "Dagster loading 2,000 external assets, and nothing else",
        1.5,
    ),
    Measure("An idle tick with 10,000 known issues", "test_an_idle_tick", "one with 10", 1.2),
    Measure(
        "`check --level static` of ten files",
        "test_a_static_check_of_ten_files[ordinary]",
        "`git diff` and `ruff check` of them",
        5.0,
    ),
    Measure(
        "The same with a line that a scanner must see",
        "test_a_static_check_of_ten_files[doubtful]",
        "`git diff` and `ruff check` of them",
        5.0,
    ),
    Measure(
        "The first in a repository of 20,000 files, warm",
        "test_a_static_check_in_ten_times_as_many_files",
        "it in one of 2,000",
        1.3,
    ),
    Measure(
        "The full runtime topology of 33 DAG files, sandboxed",
        "test_a_runtime_topology[cold]",
        "a plain script that fills a DagBag with them",
        1.1,
    ),
    Measure(
        "The same from a warm process",
        "test_a_runtime_topology[warm]",
        "a plain script that fills a DagBag with them",
        0.1,
    ),
    Measure(
        "A static scan of 1,000 DAG files by command, nothing known",
        "test_a_scan_by_command",
        "`ruff check --no-cache` of them",
        10.0,
    ),
    Measure(
        "A static scan of 10,000 DAG files",
        "test_scans_in_one_process",
        "ten times one of 1,000",
        1.2,
        "large",
        "ten_times_full",
    ),
    Measure(
        "A scan after one changed file of 1,000, in a process that stays",
        "test_scans_in_one_process",
        "the full scan",
        0.02,
        "again",
        "full",
    ),
    Measure(
        "The same by a new command",
        "test_another_scan_by_command",
        "the first command",
        0.02,
    ),
    Measure(
        "Peak memory of a scan of 10,000 DAG files",
        "test_scans_in_one_process",
        "500 MB",
        1.0,
        "memory",
        "most_memory",
        "MB",
    ),
)


@dataclass(frozen=True)
class Row:
    """Median seconds of both sides, and the median and the range of the ratios of the rounds."""

    name: str
    beside: str
    goal: float
    rounds: int
    ours: float
    baseline: float
    ratio: float
    least: float
    most: float
    unit: str = "s"

    @property
    def holds(self) -> str:
        return "yes" if self.ratio <= self.goal else "no"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", metavar="COMMIT", help="time this older commit in the same rounds")
    parser.add_argument("--only", metavar="EXPRESSION", default="", help="as pytest's -k")
    arguments = parser.parse_args()
    before = arguments.before
    with _older(before) as source:
        status = _run({} if source is None else {"BENCH_BEFORE": str(source)}, arguments.only)
    if status:
        return status
    found = json.loads(RESULTS.read_text())["benchmarks"]
    if before:
        KEPT.write_text(json.dumps(_kept(found, before), indent=2) + "\n")
    page = _page(found)
    (DOCS / "benchmarks.md").write_text(page, encoding="utf-8")
    print(page)
    print(f"wrote {(DOCS / 'benchmarks.md').relative_to(ROOT)}")
    return 0


def rows(found: Sequence[Mapping[str, Any]], side: str = "ours") -> Iterator[Row]:
    """A row for each measure that was taken of `side`: `ours`, or `before`."""
    named = {each["name"]: each for each in found}
    for measure in MEASURES:
        each = named.get(measure.test)
        if each is None:
            continue
        info = each["extra_info"]
        times = info.get(measure.part) if measure.part else each["stats"]["data"]
        if side == "before":
            times = None if measure.part else info.get("before")
        if times:
            beside = info[measure.against]
            ratios = [ours / other for ours, other in zip(times, beside, strict=True)]
            yield Row(
                measure.name,
                measure.beside,
                measure.goal,
                len(times),
                statistics.median(times),
                statistics.median(beside),
                statistics.median(ratios),
                min(ratios),
                max(ratios),
                measure.unit,
            )


def machine() -> Mapping[str, str]:
    """What a reader must know of the machine; no name and no place of it."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return {
        "CPU": f"{cpu}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "Python": platform.python_version(),
        "versions": ", ".join([*(f"{name} {version(name)}" for name in PACKAGES), f"git {git}"]),
    }


def _run(variables: Mapping[str, str], only: str) -> int:
    RESULTS.parent.mkdir(exist_ok=True)
    options = ["-o", "addopts=--import-mode=importlib --strict-markers", "--benchmark-only", "-q", "-k", only]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/benchmarks", *options, f"--benchmark-json={RESULTS}"],
        cwd=ROOT,
        env={**os.environ, **variables},
        check=False,
    )
    return done.returncode


@contextmanager
def _older(commit: str | None) -> Iterator[Path | None]:
    """A checkout of an older commit, gone at the end."""
    if commit is None:
        yield None
        return
    folder = ROOT / "build" / "before"
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--force", "--quiet", "--detach", str(folder), commit], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def _kept(found: Sequence[Mapping[str, Any]], before: str) -> Mapping[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "before": {"commit": _commit(before), "rows": [asdict(row) for row in rows(found, "before")]},
        "after": {"commit": _commit("HEAD"), "rows": [asdict(row) for row in rows(found)]},
        "machine": machine(),
    }


def _commit(rev: str) -> str:
    said = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short=12", rev], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


def _page(found: Sequence[Mapping[str, Any]]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "scripts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        autoescape=False,  # noqa: S701  the page is Markdown
    )
    return environment.get_template("benchmarks.md.j2").render(
        rows=list(rows(found)),
        machine=machine(),
        commit=_commit("HEAD"),
        date=datetime.now(UTC).date().isoformat(),
        commands=next(
            (each["extra_info"]["commands"] for each in found if "commands" in each["extra_info"]), []
        ),
        kept=json.loads(KEPT.read_text()) if KEPT.is_file() else None,
    )


if __name__ == "__main__":
    sys.exit(main())
