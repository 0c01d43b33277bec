"""What Dagster code builds: assets, checks, ops, graphs, jobs, schedules, sensors and their definitions.

A key is a tuple of its parts. What cannot be known is `UNKNOWN`, as a key, a name or a setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from meta_pipeline.schedulers.source.values import Function, Thing, Unknown

Key = tuple[str, ...]


@dataclass(frozen=True)
class AssetKey(Thing):
    """An asset key; `parts` is `UNKNOWN` where the key is computed."""

    parts: Key | Unknown


@dataclass(frozen=True, eq=False)
class Given(Thing):
    """An object that is nothing but its arguments: an `AssetIn`, `AssetDep`, `AssetOut`, `Output` type ..."""

    name: str
    named: Mapping[object, object]


@dataclass(frozen=True)
class Retry(Thing):
    """A `RetryPolicy`; `backoff` says whether its delay grows."""

    retries: object = 1
    delay: object = None
    backoff: object = False


@dataclass(frozen=True)
class Partitions(Thing):
    """A partitions definition: the text it is shown as, and the cron of its windows where it has windows."""

    text: object
    cron: object = None
    timezone: object = None


@dataclass(frozen=True)
class Condition(Thing):
    """An automation condition as a text; `joint` is the operator between its parts, where it has no label."""

    text: str
    joint: str = ""


@dataclass(frozen=True)
class Freshness(Thing):
    """A freshness policy: how many seconds old the data may be."""

    seconds: object


@dataclass(frozen=True)
class Columns(Thing):
    """The columns of a table: names with types, None where no type is known."""

    columns: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Hook(Thing):
    """A hook on ops, of the kind `failure_hook` or `success_hook`."""

    kind: str
    name: object


@dataclass(frozen=True)
class Executor(Thing):
    """How the steps of a run are started; `limit` is how many at once, None where the machine decides.

    One that is `configured` takes no more of it from the configuration of a run.
    """

    limit: object = None
    configured: bool = False


@dataclass(frozen=True, eq=False)
class Check(Thing):
    """An asset check."""

    asset: Key | Unknown
    name: object
    path: str
    line: int
    retry: object = None
    deps: tuple[Key | Unknown, ...] = ()
    pool: object = None
    op_tags: object = None
    sla: object = None
    automation: object = None


@dataclass(frozen=True, eq=False)
class Asset(Thing):
    """One asset, or the `AssetSpec` of one (`is_spec`); `kind` is that of its node.

    `pool`, `op_tags`, `hooks` and `retry` are of the op that makes it; `table` is the dbt model that it stands for.
    """

    key: Key | Unknown
    kind: str
    path: str
    line: int
    deps: tuple[Key | Unknown, ...] = ()
    retry: object = None
    group: object = None
    owners: object = ()
    tags: object = None
    partitions: object = None
    automation: object = None
    kinds: object = ()
    freshness: object = None
    metadata: object = None
    pool: object = None
    op_tags: object = None
    hooks: object = ()
    table: str | None = None
    is_spec: bool = False


@dataclass(frozen=True, eq=False)
class Assets(Thing):
    """What one decorated function computes: assets and checks, of which one run makes all.

    `origin` is the dbt project that they are made of.
    """

    assets: tuple[Asset, ...]
    checks: tuple[Check, ...] = ()
    function: Function | None = None
    origin: object = None


@dataclass(frozen=True, eq=False)
class Op(Thing):
    """An op, under the name and with the settings of one use of it."""

    name: object
    function: Function | None
    path: str
    line: int
    retry: object = None
    pool: object = None
    tags: object = None
    hooks: object = ()
    alias: object = None

    @property
    def used_as(self) -> object:
        return self.alias or self.name


@dataclass(frozen=True, eq=False)
class Graph(Thing):
    """A graph of ops; its body is run each time that it is used."""

    name: object
    function: Function
    path: str
    line: int
    alias: object = None

    @property
    def used_as(self) -> object:
        return self.alias or self.name


@dataclass(frozen=True)
class OpOutput(Thing):
    """What ops hand on inside a graph, by their full ids."""

    ops: tuple[str, ...]

    def element(self, key: object) -> object:
        return self

    def unpacked(self, count: int) -> list[object] | None:
        return [self] * count


@dataclass(frozen=True, eq=False)
class OpNode:
    """One op in place in a job."""

    id: str
    op: Op
    upstream: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Selection(Thing):
    """An asset selection: an operation and what it is applied to."""

    operation: str
    parts: tuple[object, ...] = ()


@dataclass(frozen=True, eq=False)
class Job(Thing):
    """A job of ops (`nodes`), or of the assets that `selection` selects."""

    name: object
    path: str
    line: int
    nodes: tuple[OpNode, ...] = ()
    selection: object = None
    retry: object = None
    tags: object = None
    owners: object = ()
    partitions: object = None
    hooks: object = ()
    executor: object = None
    config: object = None


@dataclass(frozen=True, eq=False)
class Schedule(Thing):
    """A schedule of one job, which it names or holds."""

    name: object
    job: object
    cron: object
    timezone: object
    running: object
    path: str
    line: int


@dataclass(frozen=True, eq=False)
class Sensor(Thing):
    """A sensor, with the jobs that it launches.

    One of runs has the `status` that it waits for, and the jobs that it `watches`: None for all of them. `assets` are
    the selections of assets that it waits for.
    """

    name: object
    jobs: tuple[object, ...]
    running: object
    path: str
    line: int
    status: object = None
    watches: object = None
    assets: tuple[object, ...] = ()


@dataclass(frozen=True, eq=False)
class Definitions(Thing):
    """Everything that a `Definitions` holds."""

    path: str
    line: int
    assets: tuple[Asset, ...] = ()
    checks: tuple[Check, ...] = ()
    jobs: tuple[Job, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    executor: object = None


@dataclass(frozen=True, eq=False)
class Lazy(Thing):
    """A `@definitions` or `@repository` function, which Dagster calls once its module is loaded."""

    function: Function


@dataclass(frozen=True, eq=False)
class Decorator(Thing):
    """`@asset(...)`, `@op`, `@job(...)` ... with its arguments, waiting for its function."""

    role: str
    named: Mapping[object, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class EnvironmentVariable(Thing):
    """An `EnvVar`, which code may ask for its value."""

    name: object
