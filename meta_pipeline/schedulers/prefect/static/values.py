"""What Prefect code builds: flows, tasks, their calls and what they hand on, schedules and deployments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from meta_pipeline.delivery.topology import Link
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Function, Thing

Role = Literal["flow", "task"]
_MOST_DELAYS = 50
Chain = tuple[tuple[int, int], ...]
"""Where a call stands: line and column in the flow, then in each function that it goes through."""


@dataclass(frozen=True, eq=False)
class Decorator(Thing):
    """`@flow`, `@task` or `@materialize`, with the arguments given to it."""

    role: Role
    operator: str
    arguments: Mapping[object, object]


@dataclass(eq=False)
class Work(Thing):
    """A flow or a task: a function under its decorator; `site` is where it is written.

    `qualified` is the name of the function, with its class where it has one; `imported` says that it was made while
    another file was imported, which is the one that it belongs to.
    """

    role: Role
    operator: str
    name: object
    function: Function | None
    arguments: dict[object, object]
    site: Site
    qualified: str = ""
    imported: bool = False
    hooks: dict[str, list[object]] = field(default_factory=dict)

    def set_member(self, name: str, value: object) -> None:
        if name == "name":
            self.name = value
        else:
            self.arguments[name] = value


@dataclass(frozen=True, eq=False)
class Hooking(Thing):
    """`@work.on_failure` and the like, which take a hook."""

    work: Work
    hook: str


@dataclass(eq=False)
class Call:
    """One place of a flow that calls a task, a subflow or a deployment, however often it is passed.

    `links` are the pipelines that it starts; `tags` are those of the `with tags(...)` around it.
    """

    name: str
    kind: str
    chain: Chain
    work: Work | None
    site: Site
    upstream: "dict[Call, None]" = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    links: dict[Link, None] = field(default_factory=dict)


@dataclass(eq=False)
class Run:
    """The calls that one run of a flow may make; `depth` is how many calls of functions led to its first line."""

    flow: Work
    depth: int
    calls: dict[tuple[str, Chain], Call] = field(default_factory=dict)


@dataclass(frozen=True)
class Output(Thing):
    """What calls give: results, futures and states.

    Prefect knows a result again, and the elements of one that is a collection, but nothing that code makes of it;
    `levels` is how deep its elements still count.
    """

    calls: frozenset[Call]
    levels: int = 1

    def element(self, key: object) -> object:
        return Output(self.calls, self.levels - 1) if self.levels else UNKNOWN

    def each(self) -> object:
        return self.element(0)

    def truth(self) -> bool | None:
        return None

    def unpacked(self, count: int) -> list[object] | None:
        return [self.element(number) for number in range(count)]


@dataclass(frozen=True, eq=False)
class Tags(Thing):
    """`tags(...)`, to be opened by `with`."""

    tags: tuple[object, ...]


@dataclass(frozen=True, eq=False)
class Naming(Thing):
    """`functools.wraps(function)`: what it decorates goes by the name of that function."""

    function: Function


@dataclass(frozen=True)
class Backoff(Thing):
    """`exponential_backoff(factor)`: delays that double, from the factor in seconds."""

    factor: object

    def delays(self, retries: object) -> object:
        """The delays before so many retries; Prefect makes no more than fifty."""
        count = 0 if retries is None else retries
        if not isinstance(count, int) or not isinstance(self.factor, (int, float)):
            return UNKNOWN
        return [self.factor * 2**number for number in range(min(count, _MOST_DELAYS))]


@dataclass(frozen=True)
class Asset(Thing):
    """An asset, by its key."""

    key: object


@dataclass(frozen=True, eq=False)
class Schedule(Thing):
    """A schedule object: `value` is what its `kind` (cron, interval, rrule) was given."""

    kind: Literal["cron", "interval", "rrule"]
    value: object
    timezone: object = None
    active: object = True


@dataclass(frozen=True, eq=False)
class Workers(Thing):
    """A task runner, and how many tasks it runs at once (None: as many as there are)."""

    count: object


@dataclass(eq=False)
class Deployment(Thing):
    """A deployment that code makes: of a flow, or of what an entrypoint or a flow's name says."""

    flow: object
    arguments: dict[object, object]
    site: Site

    def set_member(self, name: str, value: object) -> None:
        self.arguments[name] = value
