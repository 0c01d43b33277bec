"""What meta-pipeline costs beside what it is made of; `make bench` runs these and writes docs/benchmarks.md."""

import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from git import Repo

from tests.benchmarks.comparing import BEFORE, Benchmark, command, compare, in_turn, seconds
from tests.benchmarks.dag_folder import DagFolder
from tests.benchmarks.delivering import Delivered
from tests.benchmarks.idle_target import IdleTarget
from tests.benchmarks.large_project import (
    change_branches,
    dag_path,
    dag_project,
    dag_source,
    large_project,
    ten_file_change,
)
from tests.benchmarks.many_pipelines import BARE, surveyed
from tests.conftest import ROOT, MakeRepository, commit

pytestmark = pytest.mark.timeout(600)

CHECKS = 5
"""Rounds of a check; each has a change of its own, and one goes before them."""
LOAD = "from meta_pipeline.definitions import definitions; definitions().get_repository_def().get_all_jobs()"


@pytest.mark.benchmark(group="load")
def test_loading_the_code_location(benchmark: Benchmark, tmp_path: Path) -> None:
    home = {"META_PIPELINE_HOME": str(tmp_path)}
    for name in ("airflow_sales", "dagster_sales"):
        surveyed(tmp_path, name, 10)
    compare(
        benchmark,
        command(["python", "-c", LOAD], cwd=tmp_path, variables=home),
        command(["python", "-c", "import dagster"], cwd=tmp_path),
        before=command(["python", "-c", LOAD], cwd=tmp_path, variables=home, source=Path(BEFORE))
        if BEFORE
        else None,
        rounds=10,
    )


@pytest.mark.benchmark(group="load")
def test_loading_two_thousand_pipelines(benchmark: Benchmark, tmp_path: Path) -> None:
    surveyed(tmp_path, "shop", 2000)
    compare(
        benchmark,
        command(["python", "-c", LOAD], cwd=tmp_path, variables={"META_PIPELINE_HOME": str(tmp_path)}),
        command(["python", "-c", BARE, "2000"], cwd=tmp_path),
        rounds=10,
    )


@pytest.mark.benchmark(group="tick")
def test_an_idle_tick(benchmark: Benchmark, tmp_path: Path, git_repo: MakeRepository) -> None:
    many, few = (IdleTarget(tmp_path / str(count), git_repo, count) for count in (10_000, 10))
    compare(benchmark, many.tick, few.tick, rounds=15)


@pytest.mark.benchmark(group="check")
@pytest.mark.parametrize("kind", ["ordinary", "doubtful"])
def test_a_static_check_of_ten_files(benchmark: Benchmark, tmp_path: Path, kind: str) -> None:
    """Each round judges a change that was never seen, of a base that was: as CI and hooks do.

    The `doubtful` change holds one line that looks like a credential, so that a scanner must be loaded.
    """
    repository = large_project(tmp_path / "large", size=332)
    files = dict(ten_file_change(repository))
    if kind == "doubtful":
        path = "transform/models/domain_3/stg_source_003.sql"
        files[path] = "{{ config(unique_key='order_id') }}\n" + files[path]
    base = repository.head.commit.hexsha
    heads = change_branches(repository, files, CHECKS + 1)
    root = tmp_path / "large"
    python = " ".join(path for path in files if path.endswith(".py"))
    ruff = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    by_hand = [["sh", "-c", f"git diff {base} {head} && ruff check {python}"] for head in heads]
    compare(
        benchmark,
        in_turn(first_checks(root, base, heads, tmp_path / "home")),
        in_turn(command(each, cwd=root, variables=ruff) for each in by_hand),
        before=in_turn(first_checks(root, base, heads, tmp_path / "home-before", source=Path(BEFORE)))
        if BEFORE
        else None,
        rounds=CHECKS,
    )


@pytest.mark.benchmark(group="check")
def test_a_static_check_in_ten_times_as_many_files(benchmark: Benchmark, tmp_path: Path) -> None:
    """The same ten files change; what was read from the base's source before is on disk, the change is new."""
    checks = []
    for name, size in (("ten_times", 3_320), ("once", 332)):
        repository = large_project(tmp_path / name, size=size)
        base = repository.head.commit.hexsha
        heads = change_branches(repository, ten_file_change(repository), CHECKS + 1)
        checks.append(in_turn(first_checks(tmp_path / name, base, heads, tmp_path / f"home-{name}")))
    compare(benchmark, *checks, rounds=CHECKS)


def first_checks(
    root: Path, base: str, heads: list[str], home: Path, *, source: Path = ROOT
) -> list[Callable[[], None]]:
    """The check of each of these heads, after the base was read once: by a check of a change of nothing."""

    def check(head: str) -> Callable[[], None]:
        asked = ("--repo", str(root), "--base", base, "--head", head)
        variables = {"META_PIPELINE_HOME": str(home)}
        return command(
            ("python", "-m", "meta_pipeline", "check", *asked), cwd=root, variables=variables, source=source
        )

    check(base)()
    return [check(head) for head in heads]


@pytest.mark.benchmark(group="runtime")
@pytest.mark.airflow
@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_a_runtime_topology(
    benchmark: Benchmark, tmp_path: Path, shared_environments: Path, kind: str
) -> None:
    with DagFolder.make(tmp_path, shared_environments) as folder:
        compare(benchmark, folder.warm if kind == "warm" else folder.cold, folder.own_parse, rounds=7)


@pytest.mark.benchmark(group="scan")
def test_a_scan_by_command(benchmark: Benchmark, tmp_path: Path) -> None:
    """A thousand DAG files: nothing is known of them, to the command or to ruff."""
    dag_project(tmp_path / "dags", size=1_000)
    room = itertools.count()
    topology = ("python", "-m", "meta_pipeline", "topology", "--json", "--repo", str(tmp_path / "dags"))

    def scan() -> None:
        home = {"META_PIPELINE_HOME": str(tmp_path / f"home-{next(room)}")}
        command(topology, cwd=tmp_path, variables=home)()

    ruff = command(
        (Path(sys.executable).parent / "ruff", "check", "--no-cache", "dags"), cwd=tmp_path / "dags"
    )
    compare(benchmark, scan, ruff, rounds=5)


@pytest.mark.benchmark(group="scan")
def test_another_scan_by_command(benchmark: Benchmark, tmp_path: Path) -> None:
    """The second command meets a commit with one changed file of a thousand, and what the first one left on disk."""
    repository = dag_project(tmp_path / "dags", size=1_000)
    revs = iter([repository.head.commit.hexsha, *_one_file_each(repository, 8)])
    room = itertools.count()
    topology = ("python", "-m", "meta_pipeline", "topology", "--json", "--repo", str(tmp_path / "dags"))
    home = {"META_PIPELINE_HOME": str(tmp_path / "home")}
    command((*topology, "--rev", next(revs)), cwd=tmp_path, variables=home)()

    def full() -> None:
        fresh = {"META_PIPELINE_HOME": str(tmp_path / f"home-{next(room)}")}
        command(topology, cwd=tmp_path, variables=fresh)()

    def another() -> None:
        command((*topology, "--rev", next(revs)), cwd=tmp_path, variables=home)()

    compare(benchmark, another, full, rounds=5)


@pytest.mark.benchmark(group="scan")
@pytest.mark.timeout(900)
def test_scans_in_one_process(benchmark: Benchmark, tmp_path: Path) -> None:
    """A thousand files and ten thousand: a process scans all, and then five commits that change one file each."""
    small, large = (dag_project(tmp_path / str(size), size=size) for size in (1_000, 10_000))
    revs = {repository: ["main", *_one_file_each(repository, 5)] for repository in (small, large)}
    taken: dict[str, list[float]] = {}

    def scan() -> None:
        few, many = (_scanned(repository, *revs[repository]) for repository in (small, large))
        for name, value in {
            "again": statistics.median(few["again"]),
            "full": few["full"],
            "large": many["full"],
            "ten_times_full": 10 * few["full"],
            "memory": many["memory_mb"],
            "most_memory": 500.0,
        }.items():
            taken.setdefault(name, []).append(value)

    benchmark.pedantic(scan, setup=lambda: None, rounds=3, warmup_rounds=0)
    benchmark.extra_info |= taken


def _one_file_each(repository: Repo, count: int) -> list[str]:
    """Commits one after the other, each with another file changed."""
    repository.git.checkout("--quiet", "-b", "edits")
    made = [commit(repository, {dag_path(number): dag_source(number, retries=7)}) for number in range(count)]
    repository.git.checkout("--quiet", "main")
    return made


def _scanned(repository: Repo, *revs: str) -> Any:
    script = Path(__file__).with_name("scanning.py")
    done = subprocess.run(
        [sys.executable, script, repository.working_dir, *revs],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.benchmark(group="delivery")
@pytest.mark.timeout(1800)
def test_a_whole_delivery(benchmark: Benchmark, tmp_path: Path, shared_environments: Path) -> None:
    """From the issue to the merge, nothing known of the base; the first one builds environments and is not counted."""
    room = itertools.count()
    sources = {"ours": ROOT} | ({"before": Path(BEFORE)} if BEFORE else {})
    first = Delivered.from_the_issue(tmp_path / "first", shared_environments, ROOT)
    records = first.records()
    taken: dict[str, list[float]] = {name: [] for name in ("baseline", "validation", "before")}

    def by_hand_first() -> None:
        checkouts = tmp_path / f"checkouts-{next(room)}"
        first.checked_out(records, checkouts)
        taken["baseline"].append(seconds(lambda: first.by_hand(records, checkouts)))
        if "before" in sources:
            taken["before"].append(seconds(lambda: deliver("before")))

    def deliver(side: str) -> None:
        made = Delivered.from_the_issue(tmp_path / f"{side}-{next(room)}", shared_environments, sources[side])
        if side == "ours":
            taken["validation"].append(made.validation_seconds)

    benchmark.pedantic(lambda: deliver("ours"), setup=by_hand_first, rounds=2, warmup_rounds=0)
    benchmark.extra_info |= {name: times for name, times in taken.items() if times}
    benchmark.extra_info["commands"] = [f"{each.side}: {each.command.name}" for each in records]
