"""What notices are made of: both sides of a change, and statements about some of their nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from meta_pipeline.delivery.briefing.statement import Statement, Weight
from meta_pipeline.delivery.differences.difference import Difference, called
from meta_pipeline.delivery.topology import Node, Pipeline, Topology, pipelines_of


@dataclass(frozen=True)
class Sides:
    """Both readings of a change and what differs; missed runs count until `at`."""

    base: tuple[Topology, ...]
    head: tuple[Topology, ...]
    differences: tuple[Difference, ...]
    at: datetime

    @cached_property
    def old(self) -> Mapping[str, Pipeline]:
        return pipelines_of(self.base)

    @cached_property
    def new(self) -> Mapping[str, Pipeline]:
        return pipelines_of(self.head)


def notice(weight: Weight, sentence: str, *about: tuple[Pipeline, Node | None, str]) -> Statement:
    """An urgent statement about pipelines, or their nodes, and the field of each that it tells of."""
    first, node, _ = about[0]
    return Statement(
        weight=weight,
        sentence=sentence,
        is_urgent=True,
        pipelines=tuple(dict.fromkeys(pipeline.id for pipeline, _, _ in about)),
        matters=frozenset((pipeline.id, one.id if one else None, field) for pipeline, one, field in about),
        path=(node.path if node else None) or first.path,
        line=(node.line if node else None) or first.line,
    )


def node_name(pipeline: Pipeline, node: Node) -> str:
    """A node as a person would name it."""
    return called(node.kind, pipeline.id, node.id)
