"""How two readings of one repository's pipelines differ."""

from collections.abc import Iterator, Mapping
from typing import Literal

from meta_pipeline.delivery.differences.beyond_pipelines import columns_apart, errors_apart, schedulers_apart
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.differences.matching import Matched, matched, renamed_nodes
from meta_pipeline.delivery.differences.wording import Value
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Link, Node, Pipeline, Topology

_PIPELINE_FIELDS = (
    *("schedule", "timezone", "start_date", "catchup", "paused", "active_runs", "concurrency", "timeout_s"),
    *("pool", "alerts", "owner", "tags"),
)
_NODE_FIELDS = (
    *(
        "kind",
        "operator",
        "retries",
        "retry_delay_s",
        "retry_backoff",
        "retry_delay_max_s",
        "timeout_s",
        "sla_s",
    ),
    *("trigger_rule", "upstream", "reads", "writes", "links", "partitions", "automation", "alerts"),
    *("pool", "concurrency", "group", "owner", "tags"),
)


def differences(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> tuple[Difference, ...]:
    """Every difference between two readings of one repository; the order of things in them means nothing.

    Pipelines come in the order of their ids, after schedulers and files that cannot be read. What holds for an asset
    in a job of its own is not said again of the job of all assets.
    """
    pairs = matched(base, head)
    renamed = {
        pair.before.id: pair.after.id for pair in pairs if pair.is_renamed and pair.before and pair.after
    }
    doubts = _doubts(base), _doubts(head)
    places = _places(base) | _places(head)
    found = [
        one.model_copy(update=places[id(pair.after or pair.before)])
        for pair in pairs
        for one in _between(pair, renamed, doubts)
    ]
    said = {_matter(one) for one in found if one.pipeline != IMPLICIT_JOB}
    told = [
        one for one in found if one.node is None or one.pipeline != IMPLICIT_JOB or _matter(one) not in said
    ]
    return (
        *schedulers_apart(base, head),
        *errors_apart(base, head),
        *told,
        *columns_apart(base, head),
    )


def _places(topologies: tuple[Topology, ...]) -> dict[int, Mapping[str, str]]:
    """The scheduler and the root of every pipeline, by its identity: two roots may have one of the same id."""
    return {
        id(pipeline): {"scheduler": topology.scheduler, "root": topology.root}
        for topology in topologies
        for pipeline in topology.pipelines
    }


def _matter(difference: Difference) -> tuple[object, ...]:
    """What a difference is about, in whatever pipeline it shows."""
    return (difference.root, difference.node, difference.field, difference.path, difference.line)


def _between(
    pair: Matched, renamed: Mapping[str, str], doubts: tuple[Mapping[str, str], Mapping[str, str]]
) -> Iterator[Difference]:
    before, after = pair.before, pair.after
    if before is None or after is None:
        there = after or before
        assert there is not None
        yield Difference(
            level="pipeline",
            change="added" if before is None else "removed",
            pipeline=there.id,
            field="added" if before is None else "removed",
            path=there.path,
            line=there.line,
            doubt=doubts[0 if before is None else 1].get(there.path),
        )
        return
    if before == after and not renamed:
        return  # nearly all of a large repository; a renamed one may still be meant by another name in it
    if pair.is_renamed:
        yield _whole("renamed", pair, before.id, after.id)
    if before.path != after.path:
        yield _whole("moved", pair, before.path, after.path)
    yield from _field_differences(before, after, _PIPELINE_FIELDS, after, before.id)
    yield from _node_differences(before, after, renamed, doubts)


def _whole(change: Literal["renamed", "moved"], pair: Matched, before: str, after: str) -> Difference:
    assert pair.before is not None
    assert pair.after is not None
    return Difference(
        level="pipeline",
        change=change,
        pipeline=pair.after.id,
        pipeline_before=_other(pair.before.id, pair.after.id),
        field=change,
        before=before,
        after=after,
        path=pair.after.path,
        line=pair.after.line,
    )


def _node_differences(
    before: Pipeline,
    after: Pipeline,
    renamed: Mapping[str, str],
    doubts: tuple[Mapping[str, str], Mapping[str, str]],
) -> Iterator[Difference]:
    names = renamed_nodes(before, after)
    former = {new: old for old, new in names.items()}
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    for node_id in sorted(old.keys() | new.keys()):
        if node_id in names:
            continue
        now, then = new.get(node_id), old.get(former.get(node_id, node_id))
        if now is not None and then is not None:
            if then.id != now.id:
                yield _whole_node("renamed", before, after, now, then.id)
            yield from _field_differences(
                _with_names(then, names, renamed), now, _NODE_FIELDS, after, before.id, then.id
            )
        else:
            node = now or then
            assert node is not None
            change: Literal["added", "removed"] = "added" if now is not None else "removed"
            places, pipeline = (doubts[0], before) if change == "added" else (doubts[1], after)
            doubt = places.get(node.path or pipeline.path) or places.get(pipeline.path)
            yield _whole_node(change, before, after, node, doubt=doubt)


def _whole_node(
    change: Literal["added", "removed", "renamed"],
    before: Pipeline,
    after: Pipeline,
    node: Node,
    former: str | None = None,
    *,
    doubt: str | None = None,
) -> Difference:
    return Difference(
        level="node",
        change=change,
        pipeline=after.id,
        node=node.id,
        pipeline_before=_other(before.id, after.id),
        node_before=former,
        kind=node.kind,
        field=change,
        before=former,
        after=node.id if former else None,
        path=node.path or after.path,
        line=node.line or after.line,
        doubt=doubt,
    )


def _with_names(node: Node, names: Mapping[str, str], renamed: Mapping[str, str]) -> Node:
    """A node of base with the new names of what it refers to: that these have changed is said of the renamed alone."""
    if not names and not renamed:
        return node
    own = {node.id: names[node.id]} if node.id in names else {}
    return node.model_copy(
        update={
            "upstream": tuple(names.get(one, one) for one in node.upstream),
            "writes": tuple(own.get(one, one) for one in node.writes),
            "links": tuple(
                link.model_copy(update={"pipeline": renamed.get(link.pipeline, link.pipeline)})
                for link in node.links
            ),
        }
    )


def _field_differences(
    before: Pipeline | Node,
    after: Pipeline | Node,
    fields: tuple[str, ...],
    pipeline: Pipeline,
    pipeline_before: str,
    node_before: str | None = None,
) -> Iterator[Difference]:
    for field in fields:
        old, new = _value(before, field), _value(after, field)
        if old != new:
            yield Difference(
                pipeline=pipeline.id,
                node=after.id if isinstance(after, Node) else None,
                pipeline_before=_other(pipeline_before, pipeline.id),
                node_before=_other(node_before, after.id) if node_before else None,
                kind=before.kind if isinstance(before, Node) else "task",
                field=field,
                before=old,
                after=new,
                path=after.path or pipeline.path,
                line=after.line or pipeline.line,
            )


def _value(thing: Pipeline | Node, field: str) -> Value:
    """A field's value, lists in an order of their own."""
    value = getattr(thing, field)
    if isinstance(value, tuple):
        ordered: Value = tuple(sorted(set(value), key=_order))
        return ordered
    plain: Value = value
    return plain


def _order(item: str | Link) -> str:
    return item.model_dump_json() if isinstance(item, Link) else item


def _other(before: str | None, after: str) -> str | None:
    return before if before != after else None


def _doubts(topologies: tuple[Topology, ...]) -> Mapping[str, str]:
    """Path -> the place in it that makes something which only a run can tell."""
    return {
        error.path: f"{error.path}:{error.line or 1}"
        for topology in topologies
        for error in reversed(topology.errors)
        if error.opaque
    }
