"""How two readings of one repository's pipelines differ."""

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, Topology


class Difference(Frozen):
    """One change of topology: `field` of a pipeline, or of its `node`; `added` and `removed` name whole things.

    `kind` is the node's, such as `task`, `asset` or `model`.
    """

    pipeline: str
    node: str | None = None
    kind: str = "task"
    field: str
    before: str | None = None
    after: str | None = None
    path: str
    line: int | None = None

    @property
    def sentence(self) -> str:
        """The difference as a person would say it."""
        thing = called(self.kind, self.pipeline, self.node) if self.node else f"pipeline {self.pipeline}"
        if self.field in ("added", "removed"):
            return f"{thing} is {self.field}"
        return f"{self.field} of {thing} changes from {self.before} to {self.after}"


def called(kind: str, pipeline: str, node: str) -> str:
    """A node as a person would name it; in the job of all assets an asset is known by its key alone."""
    name = node if pipeline == IMPLICIT_JOB else f"{pipeline}.{node}"
    return f"{kind.replace('_', ' ')} {name}"


_PIPELINE_FIELDS = ("schedule", "timezone", "start_date", "catchup", "paused", "owner", "tags")
_NODE_FIELDS = (
    "kind",
    "operator",
    "retries",
    "retry_delay_s",
    "retry_backoff",
    "timeout_s",
    "upstream",
    "reads",
    "writes",
    "partitions",
    "automation",
)


def differences(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> tuple[Difference, ...]:
    """Every difference between two readings of one repository, pipelines in the order of their ids.

    What holds for an asset in a job of its own is not said again of the job of all assets.
    """
    found = [found for before, after in paired(base, head) for found in _between(before, after)]
    said = {_matter(difference) for difference in found if difference.pipeline != IMPLICIT_JOB}
    return tuple(
        difference
        for difference in found
        if difference.node is None or difference.pipeline != IMPLICIT_JOB or _matter(difference) not in said
    )


def _matter(difference: Difference) -> tuple[object, ...]:
    """What a difference is about, in whatever pipeline it shows."""
    return (difference.node, difference.field, difference.path, difference.line)


def paired(
    base: tuple[Topology, ...], head: tuple[Topology, ...]
) -> list[tuple[Pipeline | None, Pipeline | None]]:
    """The pipelines of both sides that are one and the same: of one id in one place, or else of one id."""
    old, new = _placed(base), _placed(head)
    pairs: list[tuple[Pipeline | None, Pipeline | None]] = [
        (old.pop(place), new.pop(place)) for place in sorted(old.keys() & new.keys())
    ]
    # Those of one id that are left have moved; where there are several, to where most of their nodes are.
    moves = sorted(
        (-_shared(before, after), there, here)
        for there, before in old.items()
        for here, after in new.items()
        if before.id == after.id
    )
    for _, there, here in moves:
        if there in old and here in new:
            pairs.append((old.pop(there), new.pop(here)))
    pairs += [(before, None) for _, before in sorted(old.items())]
    pairs += [(None, after) for _, after in sorted(new.items())]
    return sorted(pairs, key=lambda pair: (pair[1] or pair[0] or _NOTHING).id)


_NOTHING = Pipeline(id="", path="")


def _shared(before: Pipeline, after: Pipeline) -> int:
    """How many nodes both have."""
    return len({node.id for node in before.nodes} & {node.id for node in after.nodes})


def _placed(topologies: tuple[Topology, ...]) -> dict[tuple[str, str, str], Pipeline]:
    found: dict[tuple[str, str, str], Pipeline] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            found.setdefault((topology.scheduler, topology.root, pipeline.id), pipeline)
    return found


def _between(before: Pipeline | None, after: Pipeline | None) -> list[Difference]:
    if before is not None and after is not None:
        return [
            *_field_differences(before, after, _PIPELINE_FIELDS, after, None),
            *_node_differences(before, after),
        ]
    there = after or before
    assert there is not None
    field = "added" if before is None else "removed"
    return [Difference(pipeline=there.id, field=field, path=there.path, line=there.line)]


def _node_differences(before: Pipeline, after: Pipeline) -> list[Difference]:
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    found: list[Difference] = []
    for node_id in sorted(old.keys() | new.keys()):
        if node_id in old and node_id in new:
            found += _field_differences(old[node_id], new[node_id], _NODE_FIELDS, after, node_id)
        else:
            node = new.get(node_id) or old[node_id]
            found.append(
                Difference(
                    pipeline=after.id,
                    node=node_id,
                    kind=node.kind,
                    field="added" if node_id in new else "removed",
                    path=node.path or after.path,
                    line=node.line or after.line,
                )
            )
    return found


def _field_differences(
    before: Pipeline | Node,
    after: Pipeline | Node,
    fields: tuple[str, ...],
    pipeline: Pipeline,
    node: str | None,
) -> list[Difference]:
    return [
        Difference(
            pipeline=pipeline.id,
            node=node,
            kind=before.kind if isinstance(before, Node) else "task",
            field=field,
            before=_shown(getattr(before, field)),
            after=_shown(getattr(after, field)),
            path=after.path or pipeline.path,
            line=after.line or pipeline.line,
        )
        for field in fields
        if getattr(before, field) != getattr(after, field)
    ]


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
