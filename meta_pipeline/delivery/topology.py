"""What a scheduler sees: pipelines, nodes, edges and how they run."""

from collections.abc import Mapping
from typing import Literal

from meta_pipeline.delivery.model import Frozen

Unresolved = Literal["unresolved"]
UNRESOLVED: Unresolved = "unresolved"
SchedulerKind = Literal["airflow", "dagster", "prefect", "dbt"]
IMPLICIT_JOB = "__ASSET_JOB"
"""The job that Dagster makes of all assets of a code location; every other job of assets is a part of it."""


class Node(Frozen):
    """One task, asset, op, flow or model, with the values in force after all defaults are merged.

    Delays and time-outs are in seconds. `partitions` and `automation` (when an asset runs by itself) are
    readable texts. A value that cannot be known from source is `unresolved`.
    """

    id: str
    kind: str
    retries: int | Unresolved = 0
    retry_delay_s: float | None | Unresolved = None
    retry_backoff: bool | Unresolved = False
    timeout_s: float | None | Unresolved = None
    upstream: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    partitions: str | None | Unresolved = None
    automation: str | None | Unresolved = None
    path: str | None = None
    line: int | None = None
    operator: str | None = None


class Pipeline(Frozen):
    """One DAG, job or flow. `schedule` is a five-field cron, `@once`, None, or a readable text."""

    id: str
    path: str
    line: int | None = None
    schedule: str | None | Unresolved = None
    timezone: str | None | Unresolved = None
    start_date: str | None | Unresolved = None
    catchup: bool | Unresolved = False
    paused: bool | None | Unresolved = None
    owner: str | None | Unresolved = None
    tags: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)


class TopologyError(Frozen):
    """A file that the scheduler, or its static reader, could not understand."""

    path: str
    line: int | None = None
    message: str


class Topology(Frozen):
    """The pipelines of one scheduler under `root`, read from source (`static`) or by the scheduler (`runtime`)."""

    scheduler: SchedulerKind
    version: str
    method: Literal["runtime", "static"]
    root: str
    pipelines: tuple[Pipeline, ...] = ()
    errors: tuple[TopologyError, ...] = ()


class TopologyDocument(Frozen):
    """The published form of `meta-pipeline topology --json`."""

    schema_version: Literal[1] = 1
    topologies: tuple[Topology, ...]


def pipelines_of(topologies: tuple[Topology, ...]) -> Mapping[str, Pipeline]:
    """All pipelines by id; the first of two with one id wins, as the second is in `errors`."""
    found: dict[str, Pipeline] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            found.setdefault(pipeline.id, pipeline)
    return found


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
    found = [found for before, after in _paired(base, head) for found in _between(before, after)]
    said = {_matter(difference) for difference in found if difference.pipeline != IMPLICIT_JOB}
    return tuple(
        difference
        for difference in found
        if difference.node is None or difference.pipeline != IMPLICIT_JOB or _matter(difference) not in said
    )


def _matter(difference: Difference) -> tuple[object, ...]:
    """What a difference is about, in whatever pipeline it shows."""
    return (difference.node, difference.field, difference.path, difference.line)


def _paired(
    base: tuple[Topology, ...], head: tuple[Topology, ...]
) -> list[tuple[Pipeline | None, Pipeline | None]]:
    """The pipelines of both sides that are one and the same: of one id in one place, or else of one id."""
    old, new = _placed(base), _placed(head)
    pairs: list[tuple[Pipeline | None, Pipeline | None]] = [
        (old.pop(place), new.pop(place)) for place in sorted(old.keys() & new.keys())
    ]
    moved = {pipeline.id: place for place, pipeline in reversed(new.items())}
    for before in (old[place] for place in sorted(old)):
        there = moved.pop(before.id, None)
        pairs.append((before, new.pop(there) if there else None))
    pairs += [(None, after) for _, after in sorted(new.items())]
    return sorted(pairs, key=lambda pair: (pair[1] or pair[0] or _NOTHING).id)


_NOTHING = Pipeline(id="", path="")


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
