"""What is read from source is what Prefect itself sees."""

from pathlib import Path

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.prefect.commands import PrefectRuntime
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.prefect.conftest import STYLES, Runner, checked_out, files_of

PREFECT = PrefectRuntime()
POLICY = Policy(scheduler=SchedulerPolicy(kind="prefect", paths=("flows",)))
ONLY_A_RUN_TELLS = [("from-environment", "guarded", "retries", 2, UNRESOLVED)]


def test_static_and_runtime_agree(run_in: Runner, tmp_path: Path) -> None:
    root, scratch = checked_out(STYLES, tmp_path / "checkout"), tmp_path / "scratch"
    scratch.mkdir()
    run_in(PREFECT.parse(POLICY, scratch), root)
    (runtime,) = PREFECT.topologies(scratch)
    (static,) = survey(MemoryTree.of(files_of(STYLES)), POLICY)
    assert [*runtime.errors, *static.errors] == []
    # Counted here, as a flow that both sides skip would agree with anything.
    assert len(runtime.pipelines) == len(static.pipelines) == 35
    assert sum(len(pipeline.nodes) for pipeline in runtime.pipelines) == 96
    assert apart(runtime, static) == ONLY_A_RUN_TELLS
    found = differences((runtime,), (static,))
    assert [(each.pipeline, each.node, each.field) for each in found] == [
        place[:3] for place in ONLY_A_RUN_TELLS
    ]


def apart(runtime: Topology, static: Topology) -> list[tuple[str, str | None, str, object, object]]:
    """Every field that is not the same on both sides."""
    ours = {pipeline.id: pipeline for pipeline in static.pipelines}
    found: list[tuple[str, str | None, str, object, object]] = []
    for theirs in runtime.pipelines:
        own = ours[theirs.id]
        found += [
            (theirs.id, None, name, getattr(theirs, name), getattr(own, name))
            for name in Pipeline.model_fields
            if name != "nodes" and getattr(theirs, name) != getattr(own, name)
        ]
        assert [node.id for node in theirs.nodes] == [node.id for node in own.nodes], theirs.id
        found += [
            (theirs.id, node.id, name, getattr(node, name), getattr(other, name))
            for node, other in zip(theirs.nodes, own.nodes, strict=True)
            for name in Node.model_fields
            if getattr(node, name) != getattr(other, name)
        ]
    return found
