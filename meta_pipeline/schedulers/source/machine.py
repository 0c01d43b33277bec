"""The state of one reading of source files, and what its parts may ask of each other and of the scheduler."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.schedulers.source.limits import MAX_STEPS, TooMuchToReadError
from meta_pipeline.schedulers.source.modules import Modules
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Method,
    Module,
    Scope,
    Thing,
)

NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Site:
    """Where a call stands; `column` is where it ends on its last line, which tells two calls of one line apart."""

    path: str
    line: int
    column: int = 0


@dataclass
class Arguments:
    """The arguments of one call; `open` says that there may be more, behind an unknown `*` or `**`."""

    positional: list[object] = field(default_factory=list)
    named: dict[object, object] = field(default_factory=dict)
    open: bool = False


class Machine(ABC):
    """Reads one file and what it imports. `uncertain` counts the undecided branches and loops that it is in.

    `home` is the folder of the repository that the code runs in, where that is known. `installed` are the names of the
    packages that the repository asks for. `environment` are the variables that are set where it is loaded.

    A scheduler says what its own things do: what a call from outside the repository makes, what their
    members and methods are, what an operator joins and a `with` opens.
    """

    def __init__(
        self,
        path: str,
        modules: Modules,
        installed: frozenset[str] = frozenset(),
        environment: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        self.path = path
        self.modules = modules
        self.home: str | None = None
        self.installed = installed
        self.environment = environment
        self.steps = 0
        self.depth = 0
        self.uncertain = 0
        self.importing = 0
        self.sites: list[Site] = []
        self.errors: dict[TopologyError, None] = {}

    @abstractmethod
    def evaluate(self, node: ast.expr, scope: Scope) -> object:
        """The value of an expression."""

    @abstractmethod
    def call(self, callee: object, arguments: Arguments, site: Site) -> object:
        """The value of a call."""

    @abstractmethod
    def call_function(self, function: Function, arguments: Arguments, site: Site) -> object:
        """What a function of the repository gives back."""

    @abstractmethod
    def run_body(
        self, function: Function, arguments: Arguments, site: Site, inner: Mapping[str, object]
    ) -> object:
        """The same, with more names bound inside it."""

    @abstractmethod
    def run_generator(
        self,
        function: Function,
        arguments: Arguments,
        site: Site,
        inner: Mapping[str, object],
        at_yield: Callable[[object], None],
    ) -> None:
        """Run the body of a generator, and `at_yield` with each value where it is given."""

    @abstractmethod
    def member(self, value: object, name: str) -> object:
        """The value of `value.name`."""

    @abstractmethod
    def file_scope(self, path: str) -> Scope:
        """The names of a Python file of the repository, which is run once."""

    @abstractmethod
    def module_scope(self, name: str) -> Scope | None:
        """The names of a module of the repository; None for a folder without `__init__.py`."""

    @abstractmethod
    def call_external(self, external: External, arguments: Arguments, site: Site) -> object:
        """The value of a call of something from outside the repository."""

    @abstractmethod
    def call_thing(self, thing: Thing, arguments: Arguments, site: Site) -> object:
        """The value of a call of one of the scheduler's things, such as a decorator."""

    @abstractmethod
    def call_method(self, method: Method, arguments: Arguments, site: Site) -> object:
        """The value of a method of a thing, a class of the repository, or something from outside."""

    @abstractmethod
    def thing_member(self, thing: Thing, name: str) -> object:
        """The value of `thing.name`."""

    def external_member(self, external: External, name: str) -> object:
        """The value of a name inside something from outside; dates are known already."""
        return External(f"{external.name}.{name}")

    def derived(self, kind: Class, ancestor: External, arguments: Arguments, site: Site) -> object | None:
        """An object of a class of the repository that inherits from `ancestor`; None where it is the code's own."""
        return None

    def completed(self, function: Function, receiver: object, arguments: Arguments) -> Arguments:
        """The arguments of a method of the repository, with what the scheduler adds to them."""
        return arguments

    def inherited(self, kind: Class, name: str) -> bool:
        """Whether objects of a class of the repository have a method `name` from a class from outside."""
        return False

    def call_inherited(self, receiver: object, name: str, arguments: Arguments, site: Site) -> object:
        """The value of a method that a class of the repository inherits from outside."""
        return UNKNOWN

    def super_init(self, receiver: object, arguments: Arguments) -> object:
        """`super().__init__(...)` where it reaches a class from outside."""
        return UNKNOWN

    def combined(self, operator: ast.operator, left: object, right: object) -> object | None:
        """`left operator right` for the scheduler's things; None where they have no part in it."""
        return None

    def inverted(self, value: object) -> object | None:
        """`~value` for the scheduler's things; None where it is none of them."""
        return None

    def opened(self, value: object) -> AbstractContextManager[object] | None:
        """What `with value:` opens; None where it opens nothing that matters."""
        return None

    @abstractmethod
    def keep(self, value: object) -> None:
        """Told of each value that only one branch of a module makes: it is there in some runs."""

    def checkpoint(self) -> int:
        """A place in the order of what was made, for `agree`."""
        return 0

    def agree(self, marks: Sequence[tuple[int, int]]) -> None:
        """Told of the begin and end of each branch of an undecided statement, where a run goes on."""
        return

    def either(self, values: Sequence[object]) -> object:
        """What a name is after branches, one of which is taken, that give it these different values."""
        return UNKNOWN

    def ships(self, module: str) -> bool:
        """Whether the scheduler's own package surely has a module of this name."""
        return True

    def imported(self, module: Module) -> None:
        """Told of each module of the repository that is imported; it runs when a name of it is asked for."""
        return

    def outside(self) -> AbstractContextManager[object]:
        """What an import begins in: outside of all that is open where it stands."""
        return nullcontext()

    def step(self, count: int = 1) -> None:
        """Count work done; raise `TooMuchToReadError` past the limit."""
        self.steps += count
        if self.steps > MAX_STEPS:
            raise TooMuchToReadError

    def error(self, path: str, line: int | None, message: str) -> None:
        self.errors[TopologyError(path=path, line=line, message=message)] = None

    def opaque(self, path: str, line: int | None, message: str) -> None:
        """Note what only a run can tell."""
        self.errors[TopologyError(path=path, line=line, message=message, opaque=True)] = None

    def own_site(self, site: Site) -> Site:
        """Where the file that is read itself stands in the chain of calls that leads to `site`."""
        if site.path == self.path:
            return site
        return next((outer for outer in reversed(self.sites) if outer.path == self.path), Site(self.path, 1))
