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
    """An automation condition, by Dagster's label for it."""

    label: str


@dataclass(frozen=True, eq=False)
class Check(Thing):
    """An asset check."""

    asset: Key | Unknown
    name: object
    path: str
    line: int
    retry: object = None
    deps: tuple[Key | Unknown, ...] = ()


@dataclass(frozen=True, eq=False)
class Asset(Thing):
    """One asset, or the `AssetSpec` of one (`is_spec`); `kind` is that of its node."""

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
    is_spec: bool = False


@dataclass(frozen=True, eq=False)
class Assets(Thing):
    """What one decorated function computes: assets and checks, of which one run makes all."""

    assets: tuple[Asset, ...]
    checks: tuple[Check, ...] = ()
    function: Function | None = None


@dataclass(frozen=True, eq=False)
class Op(Thing):
    """An op, under the name and the retry policy of one use of it."""

    name: object
    function: Function | None
    path: str
    line: int
    retry: object = None
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
    """A sensor, with the jobs that it launches."""

    name: object
    jobs: tuple[object, ...]
    running: object
    path: str
    line: int


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


@dataclass(frozen=True, eq=False)
class Lazy(Thing):
    """A `@definitions` or `@repository` function, which Dagster calls once its module is loaded."""

    function: Function


@dataclass(frozen=True, eq=False)
class Decorator(Thing):
    """`@asset(...)`, `@op`, `@job(...)` ... with its arguments, waiting for its function."""

    role: str
    named: Mapping[object, object] = field(default_factory=dict)
