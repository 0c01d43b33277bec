"""How a repository's nodes retry by habit, new ones that do not, and old ones that lose their retries."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.briefing.folding import folded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference, called
from meta_pipeline.delivery.differences.phrases import listed
from meta_pipeline.delivery.topology import UNRESOLVED, Node, SchedulerKind, Topology
from meta_pipeline.gates.change.declared import settings_apart
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.change.sides import Sides
from meta_pipeline.gates.change.touched import TouchedNode, can_retry
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_HABIT = 0.5
_ENOUGH = 3
_MUCH_SHORTER = 0.5
_DOES_NOTHING = frozenset({"EmptyOperator", "DummyOperator"})
_CONSEQUENCE: Mapping[Strength, str] = {
    "failed": "a passing fault now fails the whole run",
    "needs_approval": "a fault that lasts a little longer now fails the whole run",
    "warned": "a fault that lasts a little longer may now fail the whole run",
}
_NOT_RETRIED = re.compile(r"\b(?:max_)?retries[\"']?\s*[:=]\s*(?:0|None)\b")
_RETRYING = frozenset({"retries", "retry_delay_s", "retry_backoff"})


@dataclass(frozen=True, slots=True)
class _Share:
    """How many nodes of a kind retry, of those of which it is known."""

    retrying: int = 0
    known: int = 0

    @property
    def is_habit(self) -> bool:
        return self.known > 0 and self.retrying >= _HABIT * self.known

    def with_(self, node: Node) -> "_Share":
        return _Share(self.retrying + bool(node.retries), self.known + 1)


_Habits = Mapping[tuple[SchedulerKind, str | None], _Share]


def _habits(topologies: Iterable[Topology]) -> _Habits:
    """By scheduler and operator, and for all operators of a scheduler under None."""
    found: defaultdict[tuple[SchedulerKind, str | None], _Share] = defaultdict(_Share)
    for topology in topologies:
        # A task of Prefect or an asset is declared once and called by many.
        nodes = {
            (node.path, node.line, node.id): node
            for pipeline in topology.pipelines
            for node in pipeline.nodes
            if can_retry(node) and node.retries != UNRESOLVED
        }
        for node in nodes.values():
            for operator in {node.operator, None}:
                found[topology.scheduler, operator] = found[topology.scheduler, operator].with_(node)
    return found


def below_habit(change: Change, touched: Iterable[TouchedNode]) -> Iterator[Weighed]:
    """New nodes without retries, those of one pipeline together; a person is asked where their like retry.

    Who writes that something new is not retried has decided it, and it is only told of.
    """
    new = [one for one in touched if one.before is None and not one.is_called_anew and one.after.retries == 0]
    habits = _habits(change.base_topologies) if new else {}
    decided = {file.path for file in change.files if any(_NOT_RETRIED.search(one.text) for one in file.added)}
    poor: dict[tuple[str, _Share, bool], list[TouchedNode]] = {}
    for one in new:
        share = habits.get((one.scheduler, one.after.operator), _Share())
        if one.after.operator is None or share.known < _ENOUGH:
            share = habits.get((one.scheduler, None), _Share())
        is_meant = (one.after.path or one.pipeline.path) in decided
        poor.setdefault((one.pipeline.id, share, is_meant), []).append(one)
    for (_, share, is_meant), nodes in poor.items():
        first = nodes[0]
        names = listed([called(one.after.kind, one.pipeline.id, one.after.id) for one in nodes])
        others = f", as {share.retrying} of {share.known} others are" if share.is_habit else ""
        yield weighed(
            "needs_approval" if share.is_habit and not is_meant else "warned",
            f"{names} {'are' if len(nodes) > 1 else 'is'} not retried{others}: "
            "a passing fault fails the whole run",
            "give retries as the others have them, or have a person confirm that it must not run twice"
            if share.is_habit
            else "give retries where it may run twice",
            path=first.after.path or first.pipeline.path,
            line=first.after.line or first.pipeline.line,
            pipelines=[node.pipeline.id for node in nodes],
        )


def retries_lost(change: Change) -> Iterator[Weighed]:
    """Nodes and flows that were there and retry less than they did, with less delay, or not at all."""
    yield from waits_lost(change, _RETRYING)
    yield from _flows(change)


def waits_lost(change: Change, fields: frozenset[str]) -> Iterator[Weighed]:
    """Nodes that were there and lose something of these fields of their retries."""
    sides, lines = Sides(change), ChangedLines(change)
    told: dict[Strength, list[Difference]] = {}
    for difference in change.differences:
        if difference.node is not None and difference.field in fields and difference.change == "changed":
            strength = _lost(difference, *sides.nodes(difference))
            if strength is not None:
                told.setdefault(strength, []).append(difference)
    for strength, differences in told.items():
        for one in folded(tuple(differences), change.base_topologies, change.head_topologies):
            spot = lines.of(one.differences[0])
            yield weighed(
                strength,
                f"{one.sentence}: {_CONSEQUENCE[strength]}",
                "restore what was there"
                + ("" if strength == "failed" else ", or have a person confirm that less is enough"),
                path=spot.path,
                line=spot.line,
                pipelines=[difference.pipeline for difference in one.differences],
            )


def _lost(difference: Difference, before: Node | None, after: Node | None) -> Strength | None:
    if before is None or after is None or after.operator in _DOES_NOTHING:
        return None
    if difference.field == "retries":
        return _fewer(before.retries, after.retries)
    if not before.retries or not after.retries:
        return None
    if difference.field == "retry_backoff":
        return "needs_approval" if before.retry_backoff is True and after.retry_backoff is False else None
    old, new = _waits(before), _waits(after)
    if old is None or new is None or new >= old:
        return None
    return "needs_approval" if new <= _MUCH_SHORTER * old else "warned"


def _fewer(before: int | str, after: int | str) -> Strength | None:
    if not isinstance(before, int) or not before:
        return None
    if not isinstance(after, int):
        return "needs_approval"
    if after == 0:
        return "failed"
    return "needs_approval" if after < before else None


def _waits(node: Node) -> float | None:
    """For how long a node is tried again, but for a growing wait; None where it cannot be known."""
    if not isinstance(node.retries, int) or isinstance(node.retry_delay_s, str):
        return None
    return node.retries * (node.retry_delay_s or 0.0)


def _flows(change: Change) -> Iterator[Weighed]:
    """A flow of Prefect retries as a whole, which no node shows."""
    for setting in settings_apart(change, frozenset({"retries"}), frozenset({"flow"})):
        before, after = _number(setting.before), _number(setting.after) if setting.after else 0
        strength = _fewer(before, after)
        if strength is not None:
            now = "is no longer retried" if after == 0 else f"is retried {setting.after} times"
            yield weighed(
                strength,
                f"flow {setting.of} {now} as a whole (before: {setting.before}): a passing fault now fails the run",
                "restore the retries of the flow",
                path=setting.path,
                line=setting.line,
            )


def _number(text: str | None) -> int | str:
    return int(text) if text is not None and text.isdigit() else UNRESOLVED
