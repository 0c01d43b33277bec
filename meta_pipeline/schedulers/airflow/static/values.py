"""The values that DAG code is made of, as far as source alone can tell.

Plain Python values (text, numbers, dates, lists, dicts ...) stand for themselves; the classes here stand
for everything else. What cannot be known is `UNKNOWN`, also as an element of a list or a value of a dict.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Unknown:
    """A value that only running the code would give."""


UNKNOWN: Final = Unknown()


def opened(known: Mapping[object, object]) -> dict[object, object]:
    """A dict that may hold more than is known, or other values: it has the key `UNKNOWN`."""
    return {**known, UNKNOWN: UNKNOWN}


def is_open(mapping: Mapping[object, object]) -> bool:
    """Whether a dict may hold more than is known."""
    return UNKNOWN in mapping


class OpenList(list[object]):
    """A list that may hold more than is known."""


@dataclass(frozen=True)
class External:
    """Something imported from outside the repository, by its dotted name."""

    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class Scope:
    """Names in force at one place; `parent` is where a name is looked up next."""

    def __init__(self, path: str, parent: "Scope | None" = None, *, of_class: bool = False) -> None:
        self.path = path
        self.of_class = of_class
        self.parent = parent
        self.names: dict[str, object] = {}
        self.global_names: set[str] = set()
        self.returned: list[object] = []
        self.broke = False

    @property
    def module(self) -> "Scope":
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def find(self, name: str) -> object | None:
        """The value of `name`, or None where no scope has it (a Python None is held as a `Nothing`)."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name] if scope.names[name] is not None else NOTHING
            scope = scope.parent
        return None


@dataclass(frozen=True)
class Nothing:
    """Python's None, where None itself means that there is no such name."""


NOTHING: Final = Nothing()


@dataclass(frozen=True)
class Module:
    """A module or package of the repository, by dotted name; its members are found when they are asked for."""

    name: str


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the repository with the scope it was written in; `defaults` are by parameter name.

    An `opaque` one stands under a decorator that is not understood: calling it gives `UNKNOWN`.
    """

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    defaults: Mapping[str, object] = field(default_factory=dict)
    opaque: bool = False

    @property
    def line(self) -> int:
        """The first line of the definition, which is its first decorator's where it has one."""
        decorators = [] if isinstance(self.node, ast.Lambda) else self.node.decorator_list
        return min(part.lineno for part in (self.node, *decorators))

    @property
    def marks(self) -> frozenset[str]:
        """The last names of its decorators: `staticmethod`, `property` ..."""
        if isinstance(self.node, ast.Lambda):
            return frozenset()
        return frozenset(
            part.attr if isinstance(part, ast.Attribute) else part.id
            for part in self.node.decorator_list
            if isinstance(part, (ast.Attribute, ast.Name))
        )


@dataclass(eq=False)
class Class:
    """A class of the repository: its own names, what it inherits from, and the fields it takes by place."""

    name: str
    scope: Scope
    bases: tuple[object, ...]
    fields: tuple[str, ...] = ()

    @property
    def is_enum(self) -> bool:
        return any(isinstance(kind, External) and kind.last.endswith("Enum") for kind in self.ancestry())

    @property
    def is_plain_enum(self) -> bool:
        """Whether its members are strings or numbers themselves."""
        plain = ("StrEnum", "IntEnum", "str", "int")
        return any(isinstance(kind, External) and kind.last in plain for kind in self.ancestry())

    def ancestry(self) -> Iterator["Class | External"]:
        """The class and all that it inherits from, nearest first."""
        seen: set[int] = set()
        queue: list[object] = [self]
        while queue:
            kind = queue.pop(0)
            if id(kind) in seen:
                continue
            seen.add(id(kind))
            if isinstance(kind, External):
                yield kind
            elif isinstance(kind, Class):
                yield kind
                queue.extend(kind.bases)


@dataclass(eq=False)
class Instance:
    """An object of a plain data class of the repository."""

    kind: Class
    attributes: dict[str, object]


@dataclass(frozen=True)
class SourceFile:
    """`__file__`, or a path made of it: of it only the name is known."""

    path: str


@dataclass(eq=False)
class Method:
    """`receiver.name`, not yet called."""

    receiver: object
    name: str


@dataclass(frozen=True, eq=False)
class Super:
    """`super()` inside a method of `kind`."""

    receiver: object
    kind: Class


@dataclass(frozen=True, eq=False)
class Partial:
    """`functools.partial(callee, ...)`."""

    callee: object
    positional: tuple[object, ...]
    named: Mapping[object, object]


@dataclass(eq=False)
class Group:
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
class Dag:
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


@dataclass(eq=False)
class Task:
    """A task; `arguments` are its keyword arguments before defaults are merged."""

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


@dataclass(frozen=True)
class Output:
    """What tasks hand on: the value of a TaskFlow call, or `.output`."""

    tasks: tuple[Task, ...]


@dataclass(eq=False)
class Label:
    """An edge label, which passes its edges through."""

    before: list[object] = field(default_factory=list)
    after: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class Decorator:
    """`@dag`, `@task`, `@task.branch`, `@task_group`, `@asset` ..., with the arguments given to it."""

    role: str
    name: str
    arguments: Mapping[object, object]


@dataclass(frozen=True)
class Factory:
    """A decorated function (or, with `made_from` a class, a partial operator) that makes a DAG, group or task."""

    decorator: Decorator
    made_from: object
    partial: Mapping[object, object] = field(default_factory=dict)
    mapped: bool = False


@dataclass(frozen=True)
class Asset:
    """An asset or dataset, by the name that people know it by."""

    name: object


@dataclass(frozen=True, eq=False)
class AssetExpression:
    """Assets joined with `and` or `or`."""

    joined_by: str
    parts: tuple[object, ...]

    @cached_property
    def size(self) -> int:
        """How many assets it names, each time that it does."""
        return size_of(self.parts)


@dataclass(frozen=True, eq=False)
class Timetable:
    """A timetable object: its class and the arguments that were given to it."""

    name: str
    positional: tuple[object, ...]
    named: Mapping[object, object]

    @cached_property
    def size(self) -> int:
        """How many values it holds, those of the timetables inside it too."""
        return size_of((*self.positional, *self.named.values()))


def size_of(parts: tuple[object, ...]) -> int:
    return sum(part.size if isinstance(part, (AssetExpression, Timetable)) else 1 for part in parts)
