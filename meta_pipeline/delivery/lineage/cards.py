"""The things of a target that have a page of their own in the lineage, and the keys that they are known by there."""

import hashlib
import re
from collections.abc import Iterable
from typing import Literal

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import (
    IMPLICIT_JOB,
    DatasetColumn,
    Node,
    Pipeline,
    SchedulerKind,
    Topology,
)

Key = tuple[str, ...]
"""The parts of an asset key; the first is the target's name."""

Kind = Literal["dag", "job", "flow", "project", "asset", "model", "seed", "snapshot", "exposure", "dataset"]

LINEAGE_VERSION: Literal[1] = 1
PIPELINE_KINDS: frozenset[Kind] = frozenset({"dag", "job", "flow", "project"})

_LONGEST_PART = 120
_PLAIN = re.compile(rf"[\w.-]{{1,{_LONGEST_PART}}}")
_NOT_PLAIN = re.compile(r"[^\w.-]+")
_DIGITS = 12

_OF_DBT: dict[str, Kind] = {
    "model": "model",
    "seed": "seed",
    "snapshot": "snapshot",
    "exposure": "exposure",
}
_OF_DAGSTER = frozenset({"asset", "external_asset", "observable_asset", "graph_asset", "multi_asset"})


class Card(Frozen):
    """What the page of one thing shows: a pipeline, a Dagster asset, a dbt model, a dataset between pipelines.

    `name` is what its own scheduler calls it, `path` and `line` where it is defined. `deps` are the keys that it
    depends on, without those that would close a circle: they stand in `circular`. `nodes` is the number of its tasks,
    ops, assets or models, `retries` what they have (`0 to 3`); both are for pipelines.
    """

    key: Key
    name: str
    kind: Kind
    scheduler: SchedulerKind | None = None
    path: str | None = None
    line: int | None = None
    schedule: str | None = None
    timezone: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    nodes: int = 0
    retries: str | None = None
    deps: tuple[Key, ...] = ()
    circular: tuple[Key, ...] = ()
    columns: tuple[DatasetColumn, ...] = ()


class Lineage(Frozen):
    """All cards of a target as its default branch was at `commit`, read at `at` (UTC, ISO 8601).

    `web` is the address of the repository's files at that commit, where it is known; `left_out` counts the cards
    that a very large repository has beyond what is kept, `unread` the files whose pipelines could not be read.
    """

    schema_version: Literal[1] = LINEAGE_VERSION
    target: str
    commit: str
    at: str
    web: str | None = None
    cards: tuple[Card, ...] = ()
    left_out: int = 0
    unread: int = 0


def key_part(text: str) -> str:
    """A name as one part of a key: itself where a URL and a shell take it as it is, else a readable form.

    The other form ends with `~` and the first digits of the name's SHA-256, so no two names share one.
    """
    if _PLAIN.fullmatch(text) and text.strip("."):
        return text
    sha = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    readable = _NOT_PLAIN.sub("_", text)[: _LONGEST_PART - _DIGITS - 1].strip("._")
    return f"{readable}~{sha}"


def kind_of_pipeline(scheduler: SchedulerKind) -> Kind:
    """What the scheduler calls a pipeline."""
    kinds: dict[SchedulerKind, Kind] = {
        "airflow": "dag",
        "dagster": "job",
        "prefect": "flow",
        "dbt": "project",
    }
    return kinds[scheduler]


def kind_of_node(scheduler: SchedulerKind, node: Node) -> Kind | None:
    """What a node is in the lineage; None for a task, an op, a test: they are told of on their pipeline's page."""
    if scheduler == "dbt":
        return _OF_DBT.get(node.kind)
    return "asset" if scheduler == "dagster" and node.kind in _OF_DAGSTER else None


def pipeline_key(target: str, topology: Topology, pipeline: Pipeline) -> Key | None:
    """`(target, "dags", id)`, also `jobs`, `flows` and `dbt`; None for the job of all assets, which nobody made.

    A Dagster job belongs to its code location: where that is not the root, its folder stands before the id.
    """
    if pipeline.id == IMPLICIT_JOB:
        return None
    name = key_part(pipeline.id)
    match topology.scheduler:
        case "airflow":
            return (target, "dags", name)
        case "prefect":
            return (target, "flows", name)
        case "dbt":
            return (target, "dbt", name)
        case "dagster":
            folders = () if topology.root in (".", "") else tuple(map(key_part, topology.root.split("/")))
            return (target, "jobs", *folders, name)


def node_key(target: str, topology: Topology, pipeline: Pipeline, node: Node) -> Key | None:
    """`(target, "assets", *asset key)` or `(target, "dbt", project, model)`; None for a node without a page."""
    kind = kind_of_node(topology.scheduler, node)
    if kind is None:
        return None
    if kind == "asset":
        return (target, "assets", *map(key_part, node.id.split("/")))
    return (target, "dbt", key_part(pipeline.id), key_part(node.id))


def dataset_key(target: str, name: str) -> Key:
    """The key of a dataset that is no asset and no model itself."""
    return (target, "datasets", key_part(name))


def told(values: Iterable[object]) -> str | None:
    """The range of some numbers as a person says it; None where there is none, `unresolved` stands for itself."""
    found = set(values)
    numbers = sorted(value for value in found if isinstance(value, int | float))
    if not numbers:
        return "unresolved" if found else None
    if len(found) == 1:
        return f"{numbers[0]}"
    unknown = ", some unresolved" if len(numbers) < len(found) else ""
    span = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return f"{span}{unknown}"
