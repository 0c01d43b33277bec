"""Everything downstream of what a change touches, in whatever scheduler, and what to test again because of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.impact.again import Again, again_of
from meta_pipeline.delivery.impact.flow import Flow, flow_of
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.spots import Spot, spot_name
from meta_pipeline.delivery.topology import Node, SchedulerKind, Topology

_OF_NO_READER = frozenset({"owner", "tags", "alerts", "group", "moved", "pool"})
"""What may change of a node or pipeline without anybody downstream noticing."""


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
    return _impact(flows, sides.head, touched, checkpoints or {})


def impact_of_edits(
    topologies: tuple[Topology, ...],
    edits: Iterable[TopologyEdit],
    checkpoints: Mapping[str, Iterable[str]],
) -> Impact:
    """Everything downstream of what a plan intends to change, as the pipelines are before it."""
    flow = flow_of(topologies)
    places = {(edit.pipeline, edit.node) for edit in edits if edit.field not in _OF_NO_READER}
    found = frozenset(
        spot
        for spot, homes in flow.homes.items()
        if (spot.pipeline and (spot.pipeline, None) in places)
        or any((home, spot.node) in places for home in homes)
    )
    return _impact((flow, flow), topologies, found, checkpoints)


def _impact(
    flows: tuple[Flow, Flow],
    head: tuple[Topology, ...],
    touched: frozenset[Spot],
    checkpoints: Mapping[str, Iterable[str]],
) -> Impact:
    steps = _downstream(flows, touched)
    return Impact(
        touched=tuple(_as_touched(flows, spot) for spot in sorted(touched)),
        downstream=tuple(_as_step(flows[1].nodes[spot], spot, far, why) for spot, far, why in steps),
        again=again_of(head, flows[1], touched, [spot for spot, _, _ in steps], checkpoints),
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
