"""Who waits for whom: links to what is not there, waits that meet no run any more, and edges that are gone."""

from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import called
from meta_pipeline.delivery.differences.phrases import link_name
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Link, Node, Pipeline, Topology
from meta_pipeline.gates.weighing import Weighed, weighed

_LEAST_LINKS = 3
"""So many links must all have led somewhere before one that does not is a fault: some wait for other repositories."""
_MARKERS = frozenset({"ExternalTaskMarker"})
Nodes = Mapping[tuple[str, str], tuple[Pipeline, Node]]


def coordination_lost(change: Change) -> Iterator[Weighed]:
    """What of the order between nodes no longer holds, though both sides of it are still there."""
    head = {key: one for key, one in _nodes(change.head_topologies).items() if one[1].links}
    if not head:
        return
    base = _nodes(change.base_topologies)
    schedules = {
        one.pipeline
        for one in change.differences
        if one.node is None and one.field in ("schedule", "timezone")
    }
    known = _Known(change)
    for key, (pipeline, node) in head.items():
        former = base[key][1].links if key in base else ()
        for link in node.links:
            if link in former or node.operator in _MARKERS:
                continue
            yield from known.nowhere(pipeline, node, link, former)
            yield from _other_run(pipeline, node, link, former, schedules)


def _nodes(topologies: tuple[Topology, ...]) -> Nodes:
    return {
        (pipeline.id, node.id): (pipeline, node)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
    }


class _Known:
    """What there is to wait for at head, and whether all that was waited for at base was in the repository."""

    def __init__(self, change: Change) -> None:
        # Projects of one repository may each have a pipeline of that id, such as the job of all assets.
        self.head: dict[str, list[Pipeline]] = {}
        for topology in change.head_topologies:
            for one in topology.pipelines:
                self.head.setdefault(one.id, []).append(one)
        base = {one.id for topology in change.base_topologies for one in topology.pipelines}
        self.before = base
        links = [link for _, node in _nodes(change.base_topologies).values() for link in node.links]
        self.named = {(link.pipeline, link.node) for link in links} | {
            (link.pipeline, None) for link in links
        }
        self.all_inside = len(links) >= _LEAST_LINKS and all(link.pipeline in base for link in links)
        self.opaque = {error.path for topology in change.head_topologies for error in topology.errors}
        # All that a project makes is in the job of all its assets, wherever it stands.
        if any(error.opaque for topology in change.head_topologies for error in topology.errors):
            self.opaque |= {one.path for one in self.head.get(IMPLICIT_JOB, ())}

    def nowhere(
        self, pipeline: Pipeline, node: Node, link: Link, former: tuple[Link, ...]
    ) -> Iterator[Weighed]:
        """A new link to a pipeline that is not there, where the others are, or to a node that its pipeline lacks."""
        if UNRESOLVED in (link.pipeline, link.node) or link.pipeline in self.before - self.head.keys():
            return
        verb = "triggers" if link.kind == "triggers" else "waits for"
        targets = self.head.get(link.pipeline)
        if targets is None:
            led_inside = any(one.kind == link.kind and one.pipeline in self.head for one in former)
            if not led_inside and not self.all_inside:
                yield from self._unheard_of(pipeline, node, link, former)
                return
            what = f"{verb} pipeline {link.pipeline}, which is not in the repository"
        elif link.node and not any(self._may_have(target, link.node) for target in targets):
            what = f"{verb} {link.pipeline}.{link.node}, which that pipeline does not have"
        else:
            return
        yield weighed(
            "needs_approval",
            f"{called(node.kind, pipeline.id, node.id)} {what}: it never gets what it waits for",
            "name what is there, or approve it if it is in another repository",
            path=node.path or pipeline.path,
            line=node.line or pipeline.line,
        )

    def _unheard_of(
        self, pipeline: Pipeline, node: Node, link: Link, former: tuple[Link, ...]
    ) -> Iterator[Weighed]:
        """A link that leads out of the repository, as it did, and now to what nobody in it ever spoke of."""
        left = [one for one in former if one.kind == link.kind and one not in node.links]
        if not left or (link.pipeline, link.node) in self.named:
            return
        verb = "triggers" if link.kind == "triggers" else "waits for"
        yield weighed(
            "needs_approval",
            f"{called(node.kind, pipeline.id, node.id)} now {verb} {link_name(link)} instead of {link_name(left[0])}, "
            "and nothing in the repository knows it: if it is not there, this never gets what it needs",
            "make sure that it is there, and have it approved",
            path=node.path or pipeline.path,
            line=node.line or pipeline.line,
        )

    def _may_have(self, target: Pipeline, wanted: str) -> bool:
        return not target.nodes or target.path in self.opaque or _has(target, wanted)


def _has(pipeline: Pipeline, wanted: str) -> bool:
    return any(wanted in (node.id, node.group) or node.id.startswith(f"{wanted}.") for node in pipeline.nodes)


def _other_run(
    pipeline: Pipeline, node: Node, link: Link, former: tuple[Link, ...], schedules: set[str]
) -> Iterator[Weighed]:
    """A wait for another run than before, though neither side is scheduled anew."""
    same = next(
        (
            one
            for one in former
            if (one.kind, one.pipeline, one.node) == (link.kind, link.pipeline, link.node)
        ),
        None,
    )
    if (
        same is None
        or UNRESOLVED in (same.offset_s, link.offset_s)
        or {pipeline.id, link.pipeline} & schedules
    ):
        return
    if (same.offset_s or 0) != (link.offset_s or 0):
        yield weighed(
            "needs_approval",
            f"{called(node.kind, pipeline.id, node.id)} waits for the run of {link.pipeline} {_ago(link.offset_s)} "
            f"instead of {_ago(same.offset_s)}, and neither is scheduled anew: there may be no such run",
            "wait for the run that there is, or have it approved",
            path=node.path or pipeline.path,
            line=node.line or pipeline.line,
        )


def _ago(offset: object) -> str:
    seconds = float(offset) if isinstance(offset, int | float) else 0.0
    if not seconds:
        return "of the same time"
    minutes = abs(seconds) / 60
    length = f"{minutes / 60:g} hours" if minutes >= 60 else f"{minutes:g} minutes"
    return f"{length} {'before' if seconds > 0 else 'after'} it"
