"""What DAG code builds: DAGs, groups, tasks, assets and the decorators and timetables that make them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from meta_pipeline.schedulers.source.values import Thing


@dataclass(eq=False)
class Group(Thing):
    """A task group; the DAG's own root group has the id None."""

    id: object
    dag: "Dag"
    parent: "Group | None" = None
    prefixed: bool = True
    defaults: Mapping[object, object] = field(default_factory=dict)
    children: "list[Task | Group]" = field(default_factory=list)
    sources: "tuple[Task, ...]" = ()

    def tasks(self) -> "Iterator[Task]":
        for child in self.children:
            if isinstance(child, Task):
                yield child
            else:
                yield from child.tasks()


@dataclass(eq=False)
class Dag(Thing):
    """A DAG; `path` and `line` are in the DAG file, `made_in` is the file that constructs it.

    `imported` says that it was made while `made_in` was being imported, not by a call of the DAG file.
    """

    id: object
    arguments: dict[object, object]
    path: str
    line: int
    made_in: str
    imported: bool = False
    registered: bool = False
    tasks: "dict[str, Task]" = field(default_factory=dict)
    group_ids: set[str] = field(default_factory=set)
    root: Group = field(init=False)

    def __post_init__(self) -> None:
        self.root = Group(None, self)

    def set_member(self, name: str, value: object) -> None:
        self.arguments[name] = value


@dataclass(eq=False)
class Task(Thing):
    """A task; `arguments` are its keyword arguments before defaults are merged.

    `inherits` names the classes above its operator, as far as they are known; `mapped_over` is what it is expanded by.
    """

    id: object
    operator: str
    kind: str
    arguments: dict[object, object]
    path: str
    line: int
    dag: Dag | None = None
    group: Group | None = None
    upstream: "dict[Task, None]" = field(default_factory=dict)
    role: str = "work"
    inherits: tuple[str, ...] = ()
    mapped_over: Mapping[object, object] = field(default_factory=dict)

    def set_member(self, name: str, value: object) -> None:
        self.arguments[name] = value


@dataclass(frozen=True)
class Output(Thing):
    """What tasks hand on: the value of a TaskFlow call, or `.output`."""

    tasks: tuple[Task, ...]

    def element(self, key: object) -> object:
        return self

    def set_member(self, name: str, value: object) -> None:
        for task in self.tasks if len(self.tasks) == 1 else ():
            task.set_member(name, value)


@dataclass(eq=False)
class Label(Thing):
    """An edge label, which passes its edges through."""

    before: list[object] = field(default_factory=list)
    after: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class Decorator(Thing):
    """`@dag`, `@task`, `@task.branch`, `@task_group`, `@asset` ..., with the arguments given to it."""

    role: str
    name: str
    arguments: Mapping[object, object]


@dataclass(frozen=True)
class Factory(Thing):
    """A decorated function (or, with `made_from` a class, a partial operator) that makes a DAG, group or task."""

    decorator: Decorator
    made_from: object
    partial: Mapping[object, object] = field(default_factory=dict)
    mapped: bool = False


@dataclass(frozen=True)
class Asset(Thing):
    """An asset or dataset, by the name that people know it by."""

    name: object


@dataclass(frozen=True, eq=False)
class AssetExpression(Thing):
    """Assets joined with `and` or `or`."""

    joined_by: str
    parts: tuple[object, ...]

    @cached_property
    def size(self) -> int:
        """How many assets it names, each time that it does."""
        return size_of(self.parts)


@dataclass(frozen=True, eq=False)
class YamlFactory(Thing):
    """A `DagFactory` of dag-factory, with what was given to it."""

    named: Mapping[object, object]


@dataclass(frozen=True)
class Notifier(Thing):
    """An object that a callback calls, by the name of its class."""

    name: str


@dataclass(frozen=True, eq=False)
class Timetable(Thing):
    """A timetable: its class, the arguments given to it, and what a class of the repository inherits from."""

    name: str
    positional: tuple[object, ...]
    named: Mapping[object, object]
    inherits: tuple[str, ...] = ()

    @cached_property
    def size(self) -> int:
        """How many values it holds, those of the timetables inside it too."""
        return size_of((*self.positional, *self.named.values()))


def size_of(parts: tuple[object, ...]) -> int:
    return sum(part.size if isinstance(part, (AssetExpression, Timetable)) else 1 for part in parts)
