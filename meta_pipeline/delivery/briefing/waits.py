"""Waits for another pipeline, and starts of it, that a change breaks."""

from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.briefing.noticing import Sides, node_name, notice
from meta_pipeline.delivery.briefing.statement import Statement
from meta_pipeline.delivery.differences.crons import met
from meta_pipeline.delivery.differences.phrases import link_name, which_run
from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline

_OF_WAITS = frozenset({"links", "schedule", "timezone", "added"})


def _links(pipelines: Mapping[str, Pipeline]) -> Iterator[tuple[Pipeline, Node, Link]]:
    for pipeline in pipelines.values():
        for node in pipeline.nodes:
            for link in node.links:
                yield pipeline, node, link


def broken_links(sides: Sides) -> Iterator[Statement]:
    """Waits for, and starts of, what was there before the change and is not there any more."""
    before, after = _ends(sides.old), _ends(sides.new)
    for pipeline, node, link in _links(sides.new):
        end = (link.pipeline, link.node)
        if end in before and end not in after:
            does = "waits for" if link.kind == "waits_for" else "clears" if link.node else "starts"
            yield notice(
                "stops",
                f"{node_name(pipeline, node)} still {does} {link_name(link)}, which is gone",
                (pipeline, node, "links"),
            )


def _ends(pipelines: Mapping[str, Pipeline]) -> frozenset[tuple[str, str | None]]:
    return frozenset(
        (p.id, end) for p in pipelines.values() for end in (None, *(node.id for node in p.nodes))
    )


def waits(sides: Sides) -> Iterator[Statement]:
    """Waits that find no run of the other pipeline at the time they look at, and did before or are new."""
    old, new = sides.old, sides.new
    changed = {d.pipeline for d in sides.differences if d.field in _OF_WAITS}
    known = {
        (pipeline.id, node.id, link): runs_found(pipeline, link, old)
        for pipeline, node, link in _links(sides.old)
    }
    for pipeline, node, link in _links(sides.new):
        if link.kind != "waits_for" or changed.isdisjoint((pipeline.id, link.pipeline)):
            continue
        found = runs_found(pipeline, link, new)
        if found is None or found[0] == found[1] or known.get((pipeline.id, node.id, link)) == found:
            continue
        exists = (
            "which does not exist at that time"
            if found[0] == 0
            else f"which exists for {found[0]} of {found[1]} runs only"
        )
        yield notice(
            "stops",
            f"{node_name(pipeline, node)} waits for {link_name(link)}, {which_run(link.offset_s)}, {exists}",
            (pipeline, node, "links"),
        )


def runs_found(pipeline: Pipeline, link: Link, others: Mapping[str, Pipeline]) -> tuple[int, int] | None:
    """How many of so many runs find the one that they wait for; None where it cannot be known."""
    other = others.get(link.pipeline)
    if other is None or link.offset_s == UNRESOLVED or not pipeline.schedule or not other.schedule:
        return None
    here, there = (pipeline.schedule, pipeline.timezone), (other.schedule, other.timezone)
    return met(here, there, float(link.offset_s or 0))
