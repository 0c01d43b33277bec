"""What is read from source is what Dagster itself sees."""

from pathlib import Path

from meta_pipeline.delivery.differences import differences
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.dagster.code_forms import FORMS
from tests.schedulers.dagster.conftest import Runner

DAGSTER = DagsterRuntime()
POLICY = Policy(scheduler=SchedulerPolicy(kind="dagster", paths=(".",)))


def test_static_and_runtime_agree(run_in: Runner, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    run_in(DAGSTER.parse(POLICY, scratch), root, FORMS)
    runtime = DAGSTER.topologies(scratch)
    static = survey(MemoryTree.of(FORMS), POLICY)
    assert [error for topology in (*runtime, *static) for error in topology.errors] == []
    # Named here, as a location that both sides skip would agree with anything.
    assert ids(runtime) == ids(static)
    apart = differences(runtime, static)
    assert [difference.sentence for difference in apart] == []
    assert places(runtime) == places(static)


def ids(topologies: tuple[Topology, ...]) -> dict[str, list[str]]:
    return {topology.root: [pipeline.id for pipeline in topology.pipelines] for topology in topologies}


def places(topologies: tuple[Topology, ...]) -> dict[tuple[str, str], tuple[str | None, int | None]]:
    """Where each op and asset is written, as far as Dagster tells."""
    return {
        (topology.root, node.id): (node.path, node.line)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        if node.kind in ("op", "asset", "asset_check") and node.id != "from_graph"
    }
