"""A topology taken apart into facts: pairs of a place and a value, by field."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline, SchedulerKind, Topology

_WHERE_IT_STANDS = frozenset({"id", "path", "line", "nodes"})


@dataclass(frozen=True, order=True)
class Place:
    """Where a fact holds: a pipeline, or one node of it."""

    scheduler: SchedulerKind
    root: str
    pipeline: str
    node: str = ""

    def __str__(self) -> str:
        name = f"{self.pipeline}.{self.node}" if self.node else self.pipeline
        return f"{name} ({self.root})" if self.root not in ("", ".") else name


@dataclass
class Facts:
    """The facts of one side: `single` have one value at a place, `many` any number; both as JSON.

    `paths` has the file of every pipeline and node, `untold` the number of nodes that are left out of a pipeline.
    """

    single: dict[tuple[str, Place], str] = field(default_factory=dict)
    many: dict[tuple[str, Place], frozenset[str]] = field(default_factory=dict)
    paths: dict[Place, str] = field(default_factory=dict)
    untold: dict[Place, int] = field(default_factory=dict)


def roots_of(
    static: Sequence[tuple[Topology, Pipeline]], runtime: Sequence[Topology]
) -> dict[tuple[SchedulerKind, str, str], str]:
    """For each pipeline of static the root of the same one of runtime.

    It has the same root and id; or the same id alone, where runtime speaks of no such root at all.
    """
    left: dict[tuple[SchedulerKind, str], list[str]] = {}
    for topology in runtime:
        for pipeline in topology.pipelines:
            left.setdefault((topology.scheduler, pipeline.id), []).append(topology.root)
    spoken_of = {(topology.scheduler, topology.root) for topology in runtime}
    keys = [(topology.scheduler, topology.root, pipeline.id) for topology, pipeline in static]
    found: dict[tuple[SchedulerKind, str, str], str] = {}
    for scheduler, root, name in keys:
        if root in left.get((scheduler, name), ()):
            left[scheduler, name].remove(root)
            found[scheduler, root, name] = root
    for scheduler, root, name in keys:
        if (scheduler, root) not in spoken_of and left.get((scheduler, name)):
            found[scheduler, root, name] = left[scheduler, name].pop(0)
    return found


def facts_of(
    pipelines: list[tuple[Topology, Pipeline]],
    roots: Mapping[tuple[SchedulerKind, str, str], str],
    untold: Collection[Place] = (),
) -> Facts:
    """The facts of these pipelines, without the nodes of those that are `untold`.

    A node whose id says that it is not known stands for what is there, and is no fact.
    """
    facts = Facts()
    for topology, pipeline in pipelines:
        root = topology.root
        if topology.method == "static":
            root = roots.get((topology.scheduler, root, pipeline.id), root)
        place = Place(topology.scheduler, root, pipeline.id)
        facts.paths[place] = pipeline.path
        facts.single["pipelines", place] = as_json(pipeline.id)
        facts.single["pipeline.path", place] = as_json(pipeline.path)
        _add(facts, "pipeline", place, pipeline)
        if place in untold:
            facts.untold[place] = len(pipeline.nodes)
            continue
        for node in pipeline.nodes:
            if node.id.startswith(UNRESOLVED):
                continue
            where = Place(topology.scheduler, root, pipeline.id, node.id)
            facts.paths[where] = node.path or pipeline.path
            facts.single["nodes", where] = as_json(node.id)
            _add(facts, "node", where, node)
    return facts


def _add(facts: Facts, of: str, place: Place, thing: Pipeline | Node) -> None:
    for name in type(thing).model_fields:
        if name in _WHERE_IT_STANDS:
            continue
        value = getattr(thing, name)
        called = "edges" if (of, name) == ("node", "upstream") else f"{of}.{name}"
        if isinstance(value, tuple):
            facts.many[called, place] = frozenset(as_json(entry) for entry in value)
        else:
            facts.single[called, place] = as_json(value)


def as_json(value: Any) -> str:
    if isinstance(value, Link):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


OPEN = as_json(UNRESOLVED)
_OPEN_END = re.compile(rf"(?:.*(?:=|: ))?{UNRESOLVED}(?: \(.*\))?")


def is_open(entry: str) -> bool:
    """Whether an entry of a tuple says that it is not known, or not all of it.

    Such are `unresolved`, `unresolved (load)`, `key=unresolved`, `hook: unresolved`, and a link with an open offset.
    """
    value = json.loads(entry)
    if isinstance(value, dict):
        return value.get("offset_s") == UNRESOLVED
    return isinstance(value, str) and _OPEN_END.fullmatch(value) is not None


def may_be(entry: str, value: str) -> bool:
    """Whether an entry that is open may mean `value`."""
    stated, meant = json.loads(entry), json.loads(value)
    if isinstance(stated, dict):
        return isinstance(meant, dict) and stated == meant | {"offset_s": UNRESOLVED}
    known, _, _ = str(stated).rpartition(UNRESOLVED)
    return isinstance(meant, str) and meant.startswith(known)


def _defaults() -> Iterator[tuple[str, tuple[str, ...]]]:
    for of, model in (("pipeline", Pipeline), ("node", Node)):
        for name, info in model.model_fields.items():
            if not info.is_required():
                yield f"{of}.{name}", (as_json(info.default), as_json(None))


DEFAULTS: Mapping[str, tuple[str, ...]] = dict(_defaults())
