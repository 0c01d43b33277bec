"""Everything downstream of what a change touches, in whatever scheduler, and what to test again because of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.difference import Difference
from meta_pipeline.delivery.flow import Flow, Spot, flow_of, spot_name
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.running import is_run, pipelines_to_run, shares_work, work_of
from meta_pipeline.delivery.topology import Node, SchedulerKind, Topology

_OF_NO_READER = frozenset({"owner", "tags", "alerts", "group", "moved", "pool"})
"""What may change of a node or pipeline without anybody downstream noticing."""
_BUILT = frozenset({"model", "seed", "snapshot"})
_TESTS = frozenset({"test", "asset_check"})
_DRY_RUN: tuple[SchedulerKind, ...] = ("airflow", "dagster", "prefect")


class Touched(Frozen):
    """A node that the change itself touches. `gone` where it is not there any more."""

    scheduler: SchedulerKind
    root: str
    pipeline: str
    node: str
    kind: str
    gone: bool = False


class Step(Frozen):
    """A node downstream: `reason` is why it is, as said of it; `distance` counts the steps from what is touched."""

    scheduler: SchedulerKind
    root: str
    pipeline: str
    node: str
    kind: str
    distance: int
    reason: str
    owner: str | None = None
    path: str | None = None

    @property
    def name(self) -> str:
        return spot_name(self.kind, Spot(self.scheduler, self.root, self.pipeline, self.node))


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


class Impact(Frozen):
    """What a change touches, what lies downstream in the order of distance, and what to test again."""

    touched: tuple[Touched, ...] = ()
    downstream: tuple[Step, ...] = ()
    again: Again = Again()


@dataclass(frozen=True)
class Sides:
    """Both readings of a change, with what differs between them and the nodes whose own source was edited."""

    base: tuple[Topology, ...]
    head: tuple[Topology, ...]
    differences: tuple[Difference, ...]
    edited: frozenset[Spot] = frozenset()


def impact_of(sides: Sides, checkpoints: Mapping[str, Iterable[str]] | None = None) -> Impact:
    """Everything downstream of the change.

    `checkpoints` names for each checkpoint the pipelines whose data it looks at. What is gone passes on what it passed
    on at base, to those that are still there.
    """
    flows = flow_of(sides.base), flow_of(sides.head)
    touched = _touched(flows, sides)
    steps = _downstream(flows, touched)
    again = _again(sides.head, flows[1], touched, [spot for spot, _, _ in steps], checkpoints or {})
    return Impact(
        touched=tuple(_as_touched(flows, spot) for spot in sorted(touched)),
        downstream=tuple(_as_step(flows[1].nodes[spot], spot, far, why) for spot, far, why in steps),
        again=again,
    )


def _touched(flows: tuple[Flow, Flow], sides: Sides) -> frozenset[Spot]:
    """The nodes that a difference is about, with all those of a pipeline that comes, goes or runs at other times."""
    telling = [one for one in sides.differences if one.field not in _OF_NO_READER and one.pipeline]
    gone = {_place(one) for one in telling if one.change == "removed"}
    there = {_place(one) for one in telling if one.change != "removed"}
    found = {spot for flow, places in zip(flows, (gone, there), strict=True) for spot in _in(flow, places)}
    return frozenset(found | (sides.edited & flows[1].nodes.keys()))


def _place(difference: Difference) -> tuple[str | None, ...]:
    return difference.root, difference.pipeline, difference.node


def _in(flow: Flow, places: set[tuple[str | None, ...]]) -> Iterator[Spot]:
    """The nodes at these places; a pipeline's place means all its nodes but those that another job runs, too."""
    for spot, homes in flow.homes.items():
        is_whole = spot.pipeline and (spot.root, spot.pipeline, None) in places
        if is_whole or any((spot.root, home, spot.node) in places for home in homes):
            yield spot


def _downstream(flows: tuple[Flow, Flow], touched: frozenset[Spot]) -> list[tuple[Spot, int, str]]:
    """Each node downstream, how far, and why; what is touched itself is left out."""
    base, head = flows
    found: dict[Spot, tuple[int, str]] = {}
    layer, distance = sorted(touched), 0
    while layer:
        distance += 1
        fresh: list[Spot] = []
        for spot in layer:
            is_gone = spot not in head.nodes
            for passing in (base if is_gone else head).next.get(spot, ()):
                if passing.to in touched or passing.to in found or passing.to not in head.nodes:
                    continue
                found[passing.to] = (
                    distance,
                    f"{passing.reason}, which is gone" if is_gone else passing.reason,
                )
                fresh.append(passing.to)
        layer = sorted(fresh)
    return [(spot, *said) for spot, said in sorted(found.items(), key=lambda item: (item[1][0], item[0]))]


def _as_touched(flows: tuple[Flow, Flow], spot: Spot) -> Touched:
    gone = spot not in flows[1].nodes
    node = flows[0 if gone else 1].nodes[spot]
    return Touched(**spot._asdict(), kind=node.kind, gone=gone)


def _as_step(node: Node, spot: Spot, distance: int, reason: str) -> Step:
    return Step(
        **spot._asdict(), kind=node.kind, distance=distance, reason=reason, owner=node.owner, path=node.path
    )


def _again(
    head: tuple[Topology, ...],
    flow: Flow,
    touched: frozenset[Spot],
    downstream: list[Spot],
    checkpoints: Mapping[str, Iterable[str]],
) -> Again:
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
