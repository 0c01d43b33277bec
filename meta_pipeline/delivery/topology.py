"""What a scheduler sees: pipelines, nodes, edges and how they run."""

from collections.abc import Mapping
from typing import Literal

from meta_pipeline.delivery.model import Frozen

Unresolved = Literal["unresolved"]
UNRESOLVED: Unresolved = "unresolved"
SchedulerKind = Literal["airflow", "dagster", "prefect", "dbt"]
IMPLICIT_JOB = "__ASSET_JOB"
"""The job that Dagster makes of all assets of a code location; every other job of assets is a part of it."""


class Link(Frozen):
    """What a node has to do with a pipeline other than its own.

    It `triggers` a run of it, or `waits_for` a run of it, or for one `node` of that run. The run that is waited for
    has a logical date `offset_s` seconds before the waiting one's; None where nothing is waited for.
    """

    kind: Literal["triggers", "waits_for"]
    pipeline: str
    node: str | None = None
    offset_s: float | None | Unresolved = None


class Node(Frozen):
    """One task, asset, op, flow or model, with the values in force after all defaults are merged.

    Delays, time-outs and service levels are in seconds. `partitions` and `automation` (when an asset runs by itself)
    are readable texts. `group` is the task group or asset group around it. `concurrency` is how many of its runs there
    may be at once. `alerts` are the hooks that tell a person, each as `hook: what it calls`, such as
    `on_failure_callback: page_on_call`. A value that cannot be known from source is `unresolved`; a tuple that may hold
    more than could be read holds the word `unresolved` too.
    """

    id: str
    kind: str
    retries: int | Unresolved = 0
    retry_delay_s: float | None | Unresolved = None
    retry_backoff: bool | Unresolved = False
    retry_delay_max_s: float | None | Unresolved = None
    timeout_s: float | None | Unresolved = None
    sla_s: float | None | Unresolved = None
    owner: str | None | Unresolved = None
    tags: tuple[str, ...] = ()
    pool: str | None | Unresolved = None
    concurrency: int | None | Unresolved = None
    trigger_rule: str | None | Unresolved = None
    alerts: tuple[str, ...] = ()
    group: str | None = None
    upstream: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    partitions: str | None | Unresolved = None
    automation: str | None | Unresolved = None
    path: str | None = None
    line: int | None = None
    operator: str | None = None


class Pipeline(Frozen):
    """One DAG, job or flow. `schedule` is a five-field cron, `@once`, None, or a readable text.

    `timeout_s` is for a whole run; `concurrency` is how many of its nodes may run at once, `active_runs` how many of
    its runs. `alerts` are written as those of a node.
    """

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
    timeout_s: float | None | Unresolved = None
    concurrency: int | None | Unresolved = None
    active_runs: int | None | Unresolved = None
    pool: str | None | Unresolved = None
    alerts: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)


class DatasetColumn(Frozen):
    """One column of a dataset; `type` is as it is written, None where it is not."""

    name: str
    type: str | None = None


class Dataset(Frozen):
    """A dataset that nodes read or write under this name, and the columns that are known of it."""

    name: str
    columns: tuple[DatasetColumn, ...] = ()


class TopologyError(Frozen):
    """A file that the scheduler, or its static reader, could not understand.

    It is `opaque` where nothing is wrong with it, but only a run can tell what it makes.
    """

    path: str
    line: int | None = None
    message: str
    opaque: bool = False


class Topology(Frozen):
    """The pipelines of one scheduler under `root`, read from source (`static`) or by the scheduler (`runtime`).

    `datasets` are those whose columns are known.
    """

    scheduler: SchedulerKind
    version: str
    method: Literal["runtime", "static"]
    root: str
    pipelines: tuple[Pipeline, ...] = ()
    datasets: tuple[Dataset, ...] = ()
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
