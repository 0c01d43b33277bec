"""The values that code is made of, as far as source alone can tell.

Plain Python values (text, numbers, dates, lists, dicts ...) stand for themselves; the classes here stand
for everything else; a scheduler's own objects are kinds of `Thing`. What cannot be known is `UNKNOWN`, also
as an element of a list or a value of a dict.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, eq=False)
class Unknown:
    """A value that only running the code would give; there is one, which is equal to itself alone."""


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
    """Something imported from outside the repository, by its dotted name.

    `present` is True where its package is surely installed and False where the code is ready to do without it; None
    where there is no word on it.
    """

    name: str
    present: bool | None = field(default=None, compare=False)

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class Scope:
    """Names in force at one place; `parent` is where a name is looked up next.

    Of the body of a function it holds what that returned and yielded, and in how many undecided branches it was called.
    """

    def __init__(self, path: str, parent: "Scope | None" = None, *, of_class: bool = False) -> None:
        self.path = path
        self.of_class = of_class
        self.parent = parent
        self.names: dict[str, object] = {}
        self.global_names: set[str] = set()
        self.returned: list[object] = []
        self.yielded: list[object] = []
        self.entered = 0
        self.at_yield: Callable[[object], None] | None = None
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

    An `opaque` one stands under a decorator that is not understood: calling it gives `UNKNOWN`. A `manager` is to be
    opened by a `with`.
    """

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    defaults: Mapping[str, object] = field(default_factory=dict)
    opaque: bool = False
    manager: bool = False

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


@dataclass(frozen=True, order=True)
class SourcePath:
    """`__file__`, or a path made of it, relative to the root of the repository ("" for the root itself).

    It stands for a `pathlib.Path` and for the same path as text: where the repository lies is not known.
    """

    path: str


@dataclass(frozen=True)
class OpenFile:
    """A file of the repository that is open for reading."""

    path: str


@dataclass(eq=False)
class Method:
    """`receiver.name`, not yet called."""

    receiver: object
    name: str


@dataclass(frozen=True, eq=False)
class FreshDefault:
    """`field(default_factory=...)`: what a field holds is made for each object."""

    factory: object


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


class Thing:
    """An object of a scheduler: a DAG, a task, an asset, a decorator ... Code can hand it on and hold it."""

    def element(self, key: object) -> object:
        """The value of `thing[key]`."""
        return UNKNOWN

    def each(self) -> object:
        """What one round of a loop over the thing is about."""
        return UNKNOWN

    def truth(self) -> bool | None:
        """Whether it counts as true; None where only a run can tell."""
        return True

    def unpacked(self, count: int) -> "list[object] | None":
        """What `a, b = thing` binds to so many names; None where that is not known."""
        return None

    def set_member(self, name: str, value: object) -> None:
        """`thing.name = value`, which matters to few."""
