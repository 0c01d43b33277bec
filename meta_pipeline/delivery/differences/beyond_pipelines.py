"""What differs between two readings beside pipelines and nodes: schedulers, files that cannot be read, columns.

It is compared only where both sides were read in one way: a scheduler that was asked knows its version, and meets
other errors, than whoever reads source.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import takewhile

from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.differences.phrases import folder_name, listed
from meta_pipeline.delivery.topology import UNRESOLVED, Dataset, Node, Pipeline, Topology, TopologyError

_MOVED_END = 2
_LINE = re.compile(r"(?<=:)\d+|(?<=line )\d+")


def schedulers_apart(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> Iterator[Difference]:
    """Schedulers that came or went, and their versions."""
    old, new = _in_use(base), _in_use(head)
    for kind in sorted(old.keys() | new.keys()):
        there = (new.get(kind) or old[kind])[0]
        if kind not in old or kind not in new:
            change = "added" if kind in new else "removed"
            yield Difference(
                level="scheduler", change=change, pipeline="", field="scheduler", item=kind, path=there.root
            )
    for kind in sorted(old.keys() & new.keys()):
        yield from _versions(old[kind], new[kind])


def _versions(base: list[Topology], head: list[Topology]) -> Iterator[Difference]:
    """Other versions of one scheduler; a root is named only where not all went from one version to another."""
    places = {one.root: one for one in base}
    moves: dict[tuple[str, str], list[Topology]] = {}
    for after in sorted(head, key=lambda one: one.root):
        before = places.get(after.root)
        if before is not None and before.method == after.method:
            moves.setdefault((before.version, after.version), []).append(after)
    for (before_version, after_version), ones in moves.items():
        if before_version != after_version:
            yield Difference(
                level="scheduler",
                scheduler=ones[0].scheduler,
                root=listed([folder_name(one.root) for one in ones]) if len(moves) > 1 else None,
                pipeline="",
                field="version",
                item=ones[0].scheduler,
                before=before_version,
                after=after_version,
                path=ones[0].root,
            )


def errors_apart(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> Iterator[Difference]:
    """Files that can no longer be read, and those that can be read again; a moved line is no difference."""
    methods = {one.method for one in (*base, *head)}
    if len(methods) > 1:
        return
    old, new = _errors(base), _errors(head)
    came, went = _beyond(new, old), _beyond(old, new)
    # What only a run can tell, and is said in the same words of a file with the same end of its path, has moved there.
    alike = sorted(
        (-shared, gone.path, here.path, number, other)
        for number, gone in enumerate(went)
        for other, here in enumerate(came)
        if gone.opaque and here.opaque and gone.message == here.message
        if (shared := _shared_end(gone.path, here.path)) >= _MOVED_END
    )
    moved: dict[int, int] = {}
    for *_, number, other in alike:
        if number not in moved and other not in moved.values():
            moved[number] = other
    for number, other in sorted(moved.items(), key=lambda pair: pair[1]):
        record = {"before": went[number].path, "after": came[other].path, "change": "moved"}
        yield _error("added", came[other]).model_copy(update=record)
    came = [one for number, one in enumerate(came) if number not in moved.values()]
    went = [one for number, one in enumerate(went) if number not in moved]
    yield from (_error("added", one) for one in came)
    yield from (_error("removed", one) for one in went)


def _beyond(ones: list[TopologyError], others: list[TopologyError]) -> list[TopologyError]:
    """The errors that the other side does not have, counted: it may have fewer of the same."""
    left = Counter(map(_fault, others))
    found = []
    for error in ones:
        if left[_fault(error)]:
            left[_fault(error)] -= 1
        else:
            found.append(error)
    return found


def _shared_end(one: str, other: str) -> int:
    """How many parts two paths have in common at their ends; none where they are the same."""
    if one == other:
        return 0
    pairs = zip(reversed(one.split("/")), reversed(other.split("/")), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def columns_apart(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> Iterator[Difference]:
    """Columns that came to a dataset, left it, or changed their type, at the node that writes it where one does."""
    old, new = _datasets(base), _datasets(head)
    if old == new:
        return
    writers = _writers(base) | _writers(head)
    used = _used(base) & _used(head)
    for key in sorted(old.keys() | new.keys()):
        pipeline, node, path, line = writers.get(key, ("", None, key[1], None))
        said = {
            "level": "column",
            "scheduler": key[0],
            "root": key[1],
            "pipeline": pipeline,
            "node": node.id if node else None,
            "kind": node.kind if node else "task",
            "field": "columns",
            "path": path,
            "line": line,
        }
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            if key[2] in used:  # it goes on, and what is known of it came or went
                columns = tuple(column.name for column in (after or before or Dataset(name="")).columns)
                known = (
                    {"before": UNRESOLVED, "after": columns}
                    if after
                    else {"before": columns, "after": UNRESOLVED}
                )
                yield Difference.model_validate(said | {"item": key[2]} | known)
            continue
        yield from _columns(before, after, said)


def _columns(before: Dataset, after: Dataset, said: Mapping[str, object]) -> Iterator[Difference]:
    old = {column.name: column.type for column in before.columns}
    new = {column.name: column.type for column in after.columns}
    for name in [*old, *(name for name in new if name not in old)]:
        if name in old and name in new and old[name] == new[name]:
            continue
        change = "added" if name not in old else "removed" if name not in new else "changed"
        record = {
            "item": after.name,
            "column": name,
            "change": change,
            "before": old.get(name),
            "after": new.get(name),
        }
        yield Difference.model_validate(dict(said) | record)


def _in_use(topologies: tuple[Topology, ...]) -> Mapping[str, list[Topology]]:
    found: dict[str, list[Topology]] = {}
    for topology in topologies:
        if topology.pipelines or topology.errors:
            found.setdefault(topology.scheduler, []).append(topology)
    return found


def _errors(topologies: tuple[Topology, ...]) -> list[TopologyError]:
    found = [error for topology in topologies for error in topology.errors]
    return sorted(found, key=lambda error: (error.path, error.line or 0, error.message))


def _fault(error: TopologyError) -> tuple[str, str, bool]:
    """What an error is, wherever it stands: lines within its words count as little as its own."""
    return error.path, _LINE.sub("", error.message), error.opaque


def _error(change: str, error: TopologyError) -> Difference:
    return Difference.model_validate(
        {
            "level": "error",
            "change": change,
            "pipeline": "",
            "field": "opaque" if error.opaque else "error",
            "item": error.message,
            "path": error.path,
            "line": error.line,
        }
    )


_Key = tuple[str, str, str]
_Writer = tuple[str, Node, str, int | None]


def _datasets(topologies: tuple[Topology, ...]) -> Mapping[_Key, Dataset]:
    return {
        (topology.scheduler, topology.root, dataset.name): dataset
        for topology in topologies
        for dataset in topology.datasets
    }


def _writers(topologies: tuple[Topology, ...]) -> dict[_Key, _Writer]:
    found: dict[_Key, _Writer] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            for node in pipeline.nodes:
                for name in node.writes:
                    found.setdefault((topology.scheduler, topology.root, name), _writer(pipeline, node))
    return found


def _writer(pipeline: Pipeline, node: Node) -> _Writer:
    return pipeline.id, node, node.path or pipeline.path, node.line or pipeline.line


def _used(topologies: tuple[Topology, ...]) -> frozenset[str]:
    """The datasets that any node reads or writes."""
    nodes = [node for topology in topologies for pipeline in topology.pipelines for node in pipeline.nodes]
    return frozenset(name for node in nodes for name in (*node.reads, *node.writes))
