"""Pipelines, nodes and datasets that a change takes away, each with who at head still waits for it or reads it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference, called
from meta_pipeline.delivery.joined_datasets import JoinedDataset, Use, joined_datasets
from meta_pipeline.delivery.spots import Spot, spot_of
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Node, Pipeline, Topology
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates.change.coordination import coordination_lost
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_ENDS = {
    "triggers": ("triggers", "each of its runs fails"),
    "waits_for": ("waits for", "it waits until it times out"),
}
_MARKERS = frozenset({"ExternalTaskMarker"})
"""Operators that only note for whoever clears them what else is to be cleared: they run without it."""
_LONGEST_HEAD = 40
_MADE_BY_OTHERS = frozenset({"external_asset", "observable_asset"})


@dataclass(frozen=True)
class _Side:
    """The nodes of one side, by their places, each with its pipeline; the first of several jobs with one asset."""

    topologies: tuple[Topology, ...]
    nodes: Mapping[Spot, tuple[Pipeline, Node]]

    @classmethod
    def of(cls, topologies: tuple[Topology, ...]) -> "_Side":
        found: dict[Spot, tuple[Pipeline, Node]] = {}
        for topology in topologies:
            for pipeline in topology.pipelines:
                for node in pipeline.nodes:
                    found.setdefault(spot_of(topology, pipeline, node), (pipeline, node))
        return cls(topologies, found)

    @property
    def pipelines(self) -> frozenset[str]:
        return frozenset(pipeline.id for topology in self.topologies for pipeline in topology.pipelines)

    def joined(self) -> tuple[JoinedDataset, ...]:
        return joined_datasets(self.topologies, {spot: node for spot, (_, node) in self.nodes.items()})


def readers_left(change: Change) -> Iterator[Weighed]:
    """Each node at head that waits for, triggers or reads what no longer is, with how sure that is."""
    if not change.differences:
        return
    yield from coordination_lost(change)
    if not any(_takes_away(one) for one in change.differences):
        return
    base, head = _Side.of(change.base_topologies), _Side.of(change.head_topologies)
    # Who removes what only seems to be made elsewhere is asked by CHG004.
    strength: Strength = "warned" if _is_veiled(change) else "failed"
    yield from _linked(base, head, strength)
    dependent = list(_upstream(change, base, head, strength))
    yield from dependent
    named = _Named(change)
    told = {(one.finding.path, one.finding.line) for one in dependent}
    for one in _datasets(base, head, strength, named):
        if (one.finding.path, one.finding.line) not in told:
            yield one


def _takes_away(difference: Difference) -> bool:
    """Whether something may be gone, under its name, or may no longer write what it wrote."""
    return difference.change in ("removed", "renamed", "moved") or difference.field in ("writes", "kind")


def _is_veiled(change: Change) -> bool:
    """Whether new code makes something that only a run can tell: it may make what is no longer seen."""
    known = {(e.path, e.message) for topology in change.base_topologies for e in topology.errors}
    return any(
        error.opaque and (error.path, error.message) not in known
        for topology in change.head_topologies
        for error in topology.errors
    )


def _linked(base: _Side, head: _Side, strength: Strength) -> Iterator[Weighed]:
    """Who triggers or waits for a pipeline, or one node of it, that was there before."""
    there, before = head.pipelines, base.pipelines
    tasks = {(pipeline.id, node.id) for pipeline, node in head.nodes.values()}
    had = {(pipeline.id, node.id) for pipeline, node in base.nodes.values()}
    for pipeline, node in head.nodes.values():
        for link in node.links:
            if link.pipeline in before - there:
                lost = f"pipeline {link.pipeline}"
            elif link.node and (link.pipeline, link.node) in had - tasks and link.pipeline in there:
                lost = f"{link.pipeline}.{link.node}"
            else:
                continue
            verb, ends = _ENDS[link.kind]
            yield _told(
                "warned" if node.operator in _MARKERS else strength,
                pipeline,
                node,
                f"{verb} {lost}, which this change takes away or renames: {ends}",
                lost,
            )


def _upstream(change: Change, base: _Side, head: _Side, strength: Strength) -> Iterator[Weighed]:
    """Who depends by name on a node that is gone: an asset in Dagster, a model in dbt."""
    for spot, (pipeline, node) in head.nodes.items():
        if spot.scheduler == "dagster" and not spot.pipeline:
            for name in node.upstream:
                needed = spot._replace(node=name)
                was = base.nodes.get(needed)
                now = head.nodes.get(needed)
                is_lost = was is not None and was[1].kind not in _MADE_BY_OTHERS and now is None
                if is_lost and not _made_elsewhere(head, spot, name):
                    yield _told(
                        strength,
                        pipeline,
                        node,
                        f"depends on asset {name}, which this change takes away or renames: nothing makes its input "
                        "any more",
                        f"asset {name}",
                    )
        elif spot.scheduler == "dbt" and spot in base.nodes:
            for name in base.nodes[spot][1].upstream:
                if spot._replace(node=name) in head.nodes:
                    continue
                line = _ref_line(change, node.path or pipeline.path, name.partition(".v")[0])
                if line is not None:
                    message = (
                        f"reads {name}, which this change takes away or renames: dbt cannot build the project"
                    )
                    yield _told(strength, pipeline, node.model_copy(update={"line": line}), message, name)


def _made_elsewhere(head: _Side, spot: Spot, name: str) -> bool:
    """Whether another code location has the asset."""
    return any(one.scheduler == "dagster" and one.node == name and one != spot for one in head.nodes)


def _ref_line(change: Change, path: str, name: str) -> int | None:
    """The line of the head's file that refers to a model by this name."""
    text = text_of(change.head, path) or ""
    found = re.search(rf"""\bref\(\s*(?:['"]\w+['"]\s*,\s*)?['"]{re.escape(name)}['"]""", text)
    return text.count("\n", 0, found.start()) + 1 if found else None


@dataclass(frozen=True)
class _Named:
    """Finds the line of a pipeline's head at which it names a dataset."""

    change: Change

    def line(self, pipeline: Pipeline, name: str) -> int | None:
        first = pipeline.line or 1
        last = min(
            (
                one.line
                for one in pipeline.nodes
                if one.line and one.path in (None, pipeline.path) and one.line > first
            ),
            default=first + _LONGEST_HEAD,
        )
        lines = (text_of(self.change.head, pipeline.path) or "").split("\n")[first - 1 : last - 1]
        return next((number for number, text in enumerate(lines, first) if name in text), pipeline.line)


def _datasets(base: _Side, head: _Side, strength: Strength, named: _Named) -> Iterator[Weighed]:
    """Who is started by, or reads, a dataset that a node wrote and none writes any more."""
    former = {_called(use): one for one in base.joined() for use in one.writers if use.name != UNRESOLVED}
    if former.keys() <= {_called(use) for one in head.joined() for use in one.writers}:
        return
    # A name is a dataset's within its scheduler: a model of dbt and an asset may share one and be two things.
    was_written = {
        _called(use) for one in former.values() for use in (*one.writers, *one.readers, *one.starts)
    }
    may_write = any(UNRESOLVED in node.writes for _, node in head.nodes.values())
    sure: Strength = "needs_approval" if may_write and strength == "failed" else strength
    stale: Strength = "needs_approval" if strength == "failed" else strength
    for one in head.joined():
        if one.writers:
            continue
        names = {_called(use) for use in (*one.readers, *one.starts)}
        lost = next((name for scheduler, name in sorted(names) if (scheduler, name) in was_written), None)
        if lost is None:
            continue
        told: set[Spot] = set()
        for use, is_start in (*((use, True) for use in one.starts), *((use, False) for use in one.readers)):
            if use.spot in told or use.spot not in head.nodes or _wrote(use, base):
                continue
            told.add(use.spot)
            pipeline, node = head.nodes[use.spot]
            if is_start:
                message = (
                    f"starts when {lost} is updated, which nothing does after this change: it never runs"
                )
                place = node.model_copy(update={"path": pipeline.path, "line": named.line(pipeline, lost)})
                yield _told(sure, pipeline, place, message, lost)
            else:
                message = f"reads {lost}, which nothing writes after this change: what it reads goes stale"
                yield _told(stale, pipeline, node, message, lost)


def _called(use: Use) -> tuple[str, str]:
    return use.spot.scheduler, use.name


def _wrote(use: Use, base: _Side) -> bool:
    """Whether the reader itself was the one that wrote it."""
    held = base.nodes.get(use.spot)
    return held is not None and use.name in held[1].writes


def _told(strength: Strength, pipeline: Pipeline, node: Node, what: str, lost: str) -> Weighed:
    name = called(node.kind, pipeline.id if pipeline.id != IMPLICIT_JOB else IMPLICIT_JOB, node.id)
    return weighed(
        strength,
        f"{name} {what}",
        f"keep {lost}, or change {node.id} along with it",
        path=node.path or pipeline.path,
        line=node.line or pipeline.line,
    )
