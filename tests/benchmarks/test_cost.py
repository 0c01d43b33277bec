"""What meta-pipeline costs beside what it is made of; `make bench` runs these and writes docs/benchmarks.md."""

import itertools
import sys
from pathlib import Path

import pytest

from tests.benchmarks.comparing import BEFORE, Benchmark, command, compare, seconds
from tests.benchmarks.dag_folder import DagFolder
from tests.benchmarks.delivering import Delivered
from tests.benchmarks.idle_target import IdleTarget
from tests.benchmarks.large_project import large_project, ten_file_change
from tests.benchmarks.many_pipelines import BARE, surveyed
from tests.conftest import ROOT, MakeRepository, commit

pytestmark = pytest.mark.timeout(600)

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
    """The `doubtful` change holds one line that looks like a credential, so that a scanner must be loaded."""
    repository = large_project(tmp_path / "large")
    files = dict(ten_file_change(repository))
    if kind == "doubtful":
        path = "transform/models/domain_3/stg_source_003.sql"
        files[path] = "{{ config(unique_key='order_id') }}\n" + files[path]
    base = repository.head.commit.hexsha
    head = commit(repository, dict(files), "Ten files")
    root = tmp_path / "large"
    home = {"META_PIPELINE_HOME": str(tmp_path / "home")}
    python = " ".join(path for path in files if path.endswith(".py"))
    by_hand = f"git diff {base} {head} && ruff check {python}"
    check = ["python", "-m", "meta_pipeline", "check", "--repo", str(root), "--base", base, "--head", head]
    compare(
        benchmark,
        command(check, cwd=tmp_path, variables=home),
        command(
            ["sh", "-c", by_hand],
            cwd=root,
            variables={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        ),
        before=command(check, cwd=tmp_path, variables=home, source=Path(BEFORE)) if BEFORE else None,
        rounds=5,
    )


@pytest.mark.benchmark(group="runtime")
@pytest.mark.airflow
@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_a_runtime_topology(
    benchmark: Benchmark, tmp_path: Path, shared_environments: Path, kind: str
) -> None:
    with DagFolder.make(tmp_path, shared_environments) as folder:
        compare(benchmark, folder.warm if kind == "warm" else folder.cold, folder.own_parse, rounds=7)


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
