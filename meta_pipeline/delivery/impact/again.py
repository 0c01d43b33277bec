"""What to test again because of a change, and whom to tell."""

from collections.abc import Iterable, Mapping

from meta_pipeline.delivery.impact.flow import Flow
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.running import is_run, pipelines_to_run, shares_work, work_of
from meta_pipeline.delivery.spots import Spot, spot_name
from meta_pipeline.delivery.topology import SchedulerKind, Topology

_BUILT = frozenset({"model", "seed", "snapshot"})
_TESTS = frozenset({"test", "asset_check"})
_DRY_RUN: tuple[SchedulerKind, ...] = ("airflow", "dagster", "prefect")


class Pipelines(Frozen):
    """Pipelines of one scheduler that a dry run should run."""

    scheduler: SchedulerKind
    pipelines: tuple[str, ...]


class Build(Frozen):
    """What dbt should build again in one project, with how many `tests`: `select` is for `dbt build --select`."""

    project: str
    select: tuple[str, ...]
    tests: int


class Told(Frozen):
    """A reader outside of the pipelines, and whom to tell."""

    exposure: str
    owner: str | None


class Again(Frozen):
    """What to test again, and whom to tell."""

    dry_runs: tuple[Pipelines, ...] = ()
    dbt: tuple[Build, ...] = ()
    checks: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    tell: tuple[Told, ...] = ()


def again_of(
    head: tuple[Topology, ...],
    flow: Flow,
    touched: frozenset[Spot],
    downstream: list[Spot],
    checkpoints: Mapping[str, Iterable[str]],
) -> Again:
    """What to test again where these nodes are touched, and those are downstream."""
    there = [spot for spot in (*sorted(touched), *downstream) if spot in flow.nodes]
    runs = tuple(found for kind in _DRY_RUN if (found := _runs(head, kind, there)))
    ran = {pipeline for run in runs for pipeline in run.pipelines}
    return Again(
        dry_runs=runs,
        dbt=_builds(flow, touched, there),
        checks=tuple(
            spot_name(flow.nodes[spot].kind, spot) for spot in there if flow.nodes[spot].kind == "asset_check"
        ),
        checkpoints=tuple(name for name, pipelines in checkpoints.items() if ran & set(pipelines)),
        tell=tuple(
            Told(exposure=spot.node, owner=flow.nodes[spot].owner)
            for spot in there
            if flow.nodes[spot].kind == "exposure"
        ),
    )


def _runs(head: tuple[Topology, ...], kind: SchedulerKind, there: list[Spot]) -> Pipelines | None:
    """The pipelines of a scheduler that run what is touched or downstream; of assets the fewest jobs that do."""
    topologies = tuple(topology for topology in head if topology.scheduler == kind)
    wanted = frozenset(there)
    work, whole = set(), set()
    for topology in topologies:
        for pipeline in topology.pipelines:
            for node in pipeline.nodes:
                one = work_of(topology, pipeline, node)
                spot = Spot(kind, topology.root, one.pipeline or "", node.id)
                if spot in wanted and is_run(node):
                    work.add(one)
                    if not shares_work(topology):
                        whole.add(pipeline.id)
    chosen = pipelines_to_run(topologies, work, whole)
    return Pipelines(scheduler=kind, pipelines=chosen) if chosen else None


def _builds(flow: Flow, touched: frozenset[Spot], there: list[Spot]) -> tuple[Build, ...]:
    """For each project: what is touched, and the first models that only another scheduler's change reaches."""
    found: dict[str, list[str]] = {}
    covered: set[Spot] = set()
    for spot in there:
        if spot.scheduler != "dbt" or flow.nodes[spot].kind not in (*_BUILT, *_TESTS):
            continue
        if spot in touched or spot not in covered:
            is_built = flow.nodes[spot].kind in _BUILT
            found.setdefault(spot.root, []).append(f"{spot.node}+" if is_built else spot.node)
        covered |= _all_after(flow, spot)
    return tuple(
        Build(project=root, select=tuple(select), tests=_tests(flow, root, there))
        for root, select in sorted(found.items())
    )


def _all_after(flow: Flow, spot: Spot) -> set[Spot]:
    """All nodes of the same project after a node, and the node itself."""
    found, left = {spot}, [spot]
    while left:
        for passing in flow.next.get(left.pop(), ()):
            if passing.to not in found and (passing.to.scheduler, passing.to.root) == (
                spot.scheduler,
                spot.root,
            ):
                found.add(passing.to)
                left.append(passing.to)
    return found


def _tests(flow: Flow, root: str, there: list[Spot]) -> int:
    return sum(
        spot.scheduler == "dbt" and spot.root == root and flow.nodes[spot].kind in _TESTS for spot in there
    )
