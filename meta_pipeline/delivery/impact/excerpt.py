"""The part of the flow that a change touches, with what stands before and after it, small enough to be looked at.

What is touched comes with one step before it and two after it. Many nodes of one pipeline that are marked alike and
have the same neighbours, or follow each other in a row, are drawn as one. Where there are still too many, the farthest
go, and then all that one pipeline has alike is drawn as one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.impact.flow import Flow, flow_of
from meta_pipeline.delivery.impact.impact import Impact, Sides
from meta_pipeline.delivery.spots import Spot, spot_name

Mark = Literal["added", "removed", "changed", "renamed", "none"]

MOST_BOXES = 36
_BEFORE, _AFTER = 1, 2
_MOST_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Box:
    """One node, or `more` besides the one that gives the name; `title` says all of it in words."""

    key: str
    name: str
    home: str
    mark: Mark
    title: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Boxes, arrows between their keys, and how many nodes further on are not drawn."""

    boxes: tuple[Box, ...] = ()
    arrows: tuple[tuple[str, str], ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Graph:
    """The nodes of both sides: what is gone is as it was at base."""

    base: Flow
    head: Flow

    def after(self, spot: Spot) -> tuple[Spot, ...]:
        is_gone = spot not in self.head.nodes
        now = () if is_gone else tuple(passing.to for passing in self.head.next.get(spot, ()))
        then = (passing.to for passing in self.base.next.get(spot, ()))
        return (*now, *(to for to in then if is_gone or to not in self.head.nodes))

    def kind(self, spot: Spot) -> str:
        return (self.head.nodes.get(spot) or self.base.nodes[spot]).kind

    def before(self) -> Mapping[Spot, tuple[Spot, ...]]:
        found: dict[Spot, list[Spot]] = {}
        for spot in {*self.head.nodes, *self.base.nodes}:
            for one in self.after(spot):
                found.setdefault(one, []).append(spot)
        return {spot: tuple(sorted(ones)) for spot, ones in found.items()}


def excerpt_of(sides: Sides, impact: Impact, most: int = MOST_BOXES) -> Excerpt:
    """What to draw of a change; empty where it touches no node."""
    graph = _Graph(flow_of(sides.base), flow_of(sides.head))
    touched = {Spot(one.scheduler, one.root, one.pipeline, one.node) for one in impact.touched}
    distance = _around(graph, touched)
    if not distance:
        return Excerpt()
    marks = _marks(graph, touched, sides.differences)
    gone = {old for old, new in _renames(graph, sides.differences).items() if new in distance}
    shown = {spot: far for spot, far in distance.items() if spot not in gone}
    return _folded(graph, shown, marks, _renamed_from(sides.differences), most)


def _around(graph: _Graph, touched: set[Spot]) -> dict[Spot, int]:
    """The nodes near what is touched, each with its distance."""
    found = dict.fromkeys(touched, 0)
    before = graph.before()
    for steps, follow in ((_BEFORE, lambda spot: before.get(spot, ())), (_AFTER, graph.after)):
        layer = touched
        for far in range(1, steps + 1):
            layer = {one for spot in layer for one in follow(spot) if one not in found}
            found |= dict.fromkeys(layer, far)
    return found


def _marks(graph: _Graph, touched: set[Spot], differences: Iterable[Difference]) -> Mapping[Spot, Mark]:
    whole: dict[tuple[str | None, str, str | None], Mark] = {}
    for difference in differences:
        if difference.change in ("added", "removed", "renamed") and difference.level in ("pipeline", "node"):
            whole[difference.root, difference.pipeline, difference.node] = _mark(difference)
    found: dict[Spot, Mark] = {}
    for spot in touched:
        homes = graph.head.homes.get(spot) or graph.base.homes[spot]
        said = [
            whole.get((spot.root, home, spot.node)) or whole.get((spot.root, home, None))
            for home in sorted(homes)
        ]
        default: Mark = "changed" if spot in graph.head.nodes else "removed"
        found[spot] = next(filter(None, said), default)
    return found


def _mark(difference: Difference) -> Mark:
    return (
        "added"
        if difference.change == "added"
        else "removed"
        if difference.change == "removed"
        else "renamed"
    )


def _renames(graph: _Graph, differences: Iterable[Difference]) -> Mapping[Spot, Spot]:
    """Former place -> new place of the nodes that got another name: one box is enough for both."""
    found: dict[Spot, Spot] = {}
    for one in differences:
        if one.change == "renamed" and one.node is not None and one.scheduler and one.root is not None:
            shared = Spot(one.scheduler, one.root, "", one.node) in graph.head.nodes
            homes = ("", "") if shared else (one.pipeline_before or one.pipeline, one.pipeline)
            old = Spot(one.scheduler, one.root, homes[0], one.node_before or one.node)
            found[old] = Spot(one.scheduler, one.root, homes[1], one.node)
    return found


def _renamed_from(differences: Iterable[Difference]) -> Mapping[tuple[str | None, str], str]:
    return {
        (one.root, one.node): one.node_before
        for one in differences
        if one.node is not None and one.node_before is not None
    }


def _folded(
    graph: _Graph,
    shown: Mapping[Spot, int],
    marks: Mapping[Spot, Mark],
    former: Mapping[tuple[str | None, str], str],
    most: int,
) -> Excerpt:
    before = graph.before()
    alike: dict[tuple[object, ...], list[Spot]] = {}
    for spot in sorted(shown, key=lambda one: (shown[one], one)):
        around = tuple(one for one in before.get(spot, ()) if one in shown), graph.after(spot)
        alike.setdefault((spot.root, spot.pipeline, marks.get(spot, "none"), around), []).append(spot)
    groups = [part for ones in alike.values() for part in _parts(ones)]
    groups = _without_rows(groups, graph, marks)
    groups.sort(key=lambda ones: (shown[ones[0]], ones[0]))
    if len(groups) > most:
        near = [ones for ones in groups if shown[ones[0]] < _AFTER]
        groups = near if len(near) <= most else _by_pipeline(near, marks)[:most]
    drawn = {spot: ones[0] for ones in groups for spot in ones}
    arrows = {
        (str(drawn[spot]), str(drawn[one]))
        for spot in drawn
        for one in graph.after(spot)
        if one in drawn and drawn[one] != drawn[spot]
    }
    schedulers = {ones[0].scheduler for ones in groups}
    boxes = tuple(_box(graph, ones, marks, former, one_scheduler=len(schedulers) == 1) for ones in groups)
    return Excerpt(boxes, tuple(sorted(arrows)), len(shown) - len(drawn))


def _parts(ones: list[Spot]) -> list[list[Spot]]:
    return [[one] for one in ones] if len(ones) <= _MOST_ALIKE else [ones]


def _without_rows(groups: list[list[Spot]], graph: _Graph, marks: Mapping[Spot, Mark]) -> list[list[Spot]]:
    """Groups with each long row of them, one after the other in one pipeline and marked alike, as one."""
    drawn = {spot: number for number, ones in enumerate(groups) for spot in ones}
    after: dict[int, set[int]] = {number: set() for number in range(len(groups))}
    before: dict[int, set[int]] = {number: set() for number in range(len(groups))}
    for spot, number in drawn.items():
        for one in graph.after(spot):
            if one in drawn and drawn[one] != number:
                after[number].add(drawn[one])
                before[drawn[one]].add(number)

    def follows(number: int) -> int | None:
        """The group that alone follows this one, and only it, in the same pipeline and with the same mark."""
        only = next(iter(after[number])) if len(after[number]) == 1 else None
        if only is None or len(before[only]) != 1:
            return None
        (one, *_), (other, *_) = groups[number], groups[only]
        same = (one.root, one.pipeline, marks.get(one)) == (other.root, other.pipeline, marks.get(other))
        return only if same else None

    inner = {only for number in after if (only := follows(number)) is not None}
    found: list[list[Spot]] = []
    for number in range(len(groups)):
        if number in inner:
            continue
        row, step = [number], follows(number)
        while step is not None and step not in row:
            row.append(step)
            step = follows(step)
        whole = [spot for each in row for spot in groups[each]]
        found += [whole] if len(row) > _MOST_ALIKE else [groups[each] for each in row]
    return found


def _by_pipeline(groups: list[list[Spot]], marks: Mapping[Spot, Mark]) -> list[list[Spot]]:
    """What is marked alike in one pipeline, as one; what is touched comes first."""
    found: dict[tuple[str, ...], list[Spot]] = {}
    for ones in groups:
        mark = marks.get(ones[0], "none")
        found.setdefault((ones[0].root, ones[0].pipeline, mark), []).extend(ones)
    return sorted(found.values(), key=lambda ones: marks.get(ones[0], "none") == "none")


def _box(
    graph: _Graph,
    ones: list[Spot],
    marks: Mapping[Spot, Mark],
    former: Mapping[tuple[str | None, str], str],
    *,
    one_scheduler: bool,
) -> Box:
    first = ones[0]
    mark = marks.get(first, "none")
    name = spot_name(graph.kind(first), first)
    was = former.get((first.root, first.node))
    said = f"{name} ({first.scheduler}){'' if mark == 'none' else f': {mark}'}"
    said += f", before {was}" if was else ""
    home = first.pipeline or first.root
    rest = "".join(f"\n{spot_name(graph.kind(one), one)}" for one in ones[1:])
    return Box(
        key=str(first),
        name=first.node,
        home=home if one_scheduler else f"{first.scheduler}: {home}",
        mark=mark,
        title=f"{said}{rest}",
        more=len(ones) - 1,
    )
