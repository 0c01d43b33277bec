"""Which things of the lineage a change touches, and what it does to each, in sentences."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.lineage.cards import (
    PIPELINE_KINDS,
    Key,
    Kind,
    kind_of_node,
    kind_of_pipeline,
    node_key,
    pipeline_key,
)
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.topology import Node, Pipeline, Topology

TOUCHED = "touched"
"""The name under which a delivery's record keeps what its change touches."""

MOST_SENTENCES = 20
"""As many are told of one thing; the review packet has all."""


class Touched(Frozen):
    """One thing that a change touches. `sentences` are the first of what differs, `more` counts the others.

    `change` tells whether the thing is there before the change, after it, or on both sides.
    """

    key: Key
    name: str
    kind: Kind
    change: Literal["added", "changed", "removed"] = "changed"
    sentences: tuple[str, ...] = ()
    more: int = 0

    @property
    def is_pipeline(self) -> bool:
        return self.kind in PIPELINE_KINDS


class TouchedThings(Frozen):
    """All that one change touches, `change_set` being its digest."""

    change_set: str
    things: tuple[Touched, ...]


@dataclass(frozen=True)
class Things:
    """The pipelines and nodes of some readings of one repository, to be found by the ids that a difference names."""

    target: str
    topologies: tuple[Topology, ...]
    _by_id: dict[str, list[tuple[Topology, Pipeline]]] = field(
        default_factory=lambda: defaultdict(list), init=False
    )

    def __post_init__(self) -> None:
        for topology in self.topologies:
            for pipeline in topology.pipelines:
                self._by_id[pipeline.id].append((topology, pipeline))

    def named(
        self, pipeline_id: str, node_id: str | None, path: str | None
    ) -> Iterator[tuple[Key, str, Kind]]:
        """Key, name and kind of what a pipeline's id, or its node's, means in the lineage.

        A test is what it tests; a task is its pipeline. Of several pipelines with one id, those in `path` are meant.
        """
        for topology, pipeline in self._meant(pipeline_id, path):
            key = pipeline_key(self.target, topology, pipeline)
            if key is not None:
                yield key, pipeline.id, kind_of_pipeline(topology.scheduler)
            node = pipeline.node(node_id) if node_id else None
            for each in _data_of(topology, pipeline, node) if node else ():
                own = node_key(self.target, topology, pipeline, each)
                kind = kind_of_node(topology.scheduler, each)
                if own is not None and kind is not None:
                    yield own, each.id, kind

    def defined_in(self, files: Collection[str]) -> Iterator[tuple[tuple[Key, str, Kind], str]]:
        """Everything that is defined in one of these files, or has a part that is, with the first such file."""
        for topology in self.topologies:
            for pipeline in topology.pipelines:
                nodes = [node for node in pipeline.nodes if node.path in files]
                path = pipeline.path if pipeline.path in files else nodes[0].path if nodes else None
                key = pipeline_key(self.target, topology, pipeline)
                if path is not None and key is not None:
                    yield (key, pipeline.id, kind_of_pipeline(topology.scheduler)), path
                for node in nodes:
                    own = node_key(self.target, topology, pipeline, node)
                    kind = kind_of_node(topology.scheduler, node)
                    if own is not None and kind is not None and node.path is not None:
                        yield (own, node.id, kind), node.path

    @property
    def keys(self) -> frozenset[Key]:
        """The keys of everything that has a page."""
        found: set[Key | None] = set()
        for topology in self.topologies:
            for pipeline in topology.pipelines:
                found.add(pipeline_key(self.target, topology, pipeline))
                found.update(node_key(self.target, topology, pipeline, node) for node in pipeline.nodes)
        return frozenset(key for key in found if key is not None)

    def _meant(self, pipeline_id: str, path: str | None) -> list[tuple[Topology, Pipeline]]:
        found = self._by_id.get(pipeline_id, [])
        places = {(topology.scheduler, topology.root) for topology, _ in found}
        if path is None or len(places) < 2:
            return found
        here = [(t, p) for t, p in found if path == p.path or any(node.path == path for node in p.nodes)]
        return here or found


def _data_of(topology: Topology, pipeline: Pipeline, node: Node) -> list[Node]:
    """The node itself where it has a page, else what it is a test or a check of."""
    if kind_of_node(topology.scheduler, node) is not None:
        return [node]
    if topology.scheduler == "dbt" or node.kind == "asset_check":
        return [up for name in node.upstream if (up := pipeline.node(name))]
    return []


def touched(target: str, change: Change) -> tuple[Touched, ...]:
    """What a change touches, in the order of the keys: what differs for the scheduler, or is defined in a changed file.

    A pipeline that got another id is touched under both. Code that a task only imports is not followed.
    """
    before, after = Things(target, change.base_topologies), Things(target, change.head_topologies)
    either = Things(target, (*change.head_topologies, *change.base_topologies))
    differing = [
        (place, difference.sentence)
        for difference in change.differences
        for pipeline in _ids(difference)
        for place in dict.fromkeys(either.named(pipeline, difference.node, difference.path))
    ]
    told = {key for (key, _, _), _ in differing}
    changed = frozenset(file.path for file in change.files)
    elsewhere = [
        (place, f"{path} changes, and the scheduler sees it as before")
        for place, path in dict.fromkeys(either.defined_in(changed))
        if place[0] not in told
    ]
    found = _gathered((*differing, *elsewhere))
    if not found:
        return ()
    was, is_ = before.keys, after.keys
    return tuple(
        thing.model_copy(update={"change": "added" if thing.key not in was else "removed"})
        if (thing.key in was) != (thing.key in is_)
        else thing
        for thing in found
    )


def _ids(difference: Difference) -> tuple[str, ...]:
    """The pipeline's id, and the one that it had where it is called anew."""
    return tuple(dict.fromkeys(filter(None, (difference.pipeline, difference.pipeline_before))))


def touched_by_plan(
    target: str, topologies: tuple[Topology, ...], edits: Iterable[TopologyEdit]
) -> tuple[Touched, ...]:
    """What a plan intends to touch; what does not exist yet has its page only once the change is written."""
    things = Things(target, topologies)
    return _gathered(
        (place, _intended(edit))
        for edit in edits
        for place in dict.fromkeys(things.named(edit.pipeline, edit.node, None))
    )


def _intended(edit: TopologyEdit) -> str:
    thing = f"{edit.pipeline}.{edit.node}" if edit.node else f"pipeline {edit.pipeline}"
    if edit.field in ("added", "removed"):
        return f"{thing} is to be {edit.field}"
    return f"{edit.field} of {thing} is to change"


def _gathered(said: Iterable[tuple[tuple[Key, str, Kind], str]]) -> tuple[Touched, ...]:
    names: dict[Key, tuple[str, Kind]] = {}
    sentences: dict[Key, dict[str, None]] = defaultdict(dict)
    for (key, name, kind), sentence in said:
        names.setdefault(key, (name, kind))
        sentences[key][sentence] = None
    return tuple(
        Touched(
            key=key,
            name=names[key][0],
            kind=names[key][1],
            sentences=tuple(sentences[key])[:MOST_SENTENCES],
            more=max(0, len(sentences[key]) - MOST_SENTENCES),
        )
        for key in sorted(names)
    )
