"""The state of one reading of one DAG file, and what its parts may ask of each other."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.schedulers.airflow.static.limits import MAX_STEPS, TooMuchToReadError
from meta_pipeline.schedulers.airflow.static.modules import Modules
from meta_pipeline.schedulers.airflow.static.values import Dag, Function, Group, Scope, Task


@dataclass(frozen=True)
class Site:
    """Where a call stands."""

    path: str
    line: int


@dataclass
class Arguments:
    """The arguments of one call; `open` says that there may be more, behind an unknown `*` or `**`."""

    positional: list[object] = field(default_factory=list)
    named: dict[object, object] = field(default_factory=dict)
    open: bool = False


class Machine(ABC):
    """Reads one DAG file. `uncertain` counts the undecided branches and loops that it is in."""

    def __init__(self, path: str, modules: Modules) -> None:
        self.path = path
        self.modules = modules
        self.steps = 0
        self.depth = 0
        self.uncertain = 0
        self.dags: list[Dag] = []
        self.open_dags: list[Dag] = []
        self.open_groups: list[Group] = []
        self.importing = 0
        self.between: set[Task] = set()
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
    def member(self, value: object, name: str) -> object:
        """The value of `value.name`."""

    @abstractmethod
    def module_scope(self, name: str) -> Scope | None:
        """The names of a module of the repository; None for a folder without `__init__.py`."""

    def step(self, count: int = 1) -> None:
        """Count work done; raise `TooMuchToReadError` past the limit."""
        self.steps += count
        if self.steps > MAX_STEPS:
            raise TooMuchToReadError

    def error(self, path: str, line: int | None, message: str) -> None:
        self.errors[TopologyError(path=path, line=line, message=message)] = None

    def own_site(self, site: Site) -> Site:
        """Where the DAG file itself stands in the chain of calls that leads to `site`."""
        if site.path == self.path:
            return site
        return next((outer for outer in reversed(self.sites) if outer.path == self.path), Site(self.path, 1))

    @property
    def dag(self) -> Dag | None:
        return self.open_dags[-1] if self.open_dags else None

    @property
    def group(self) -> Group | None:
        """The innermost open group of the innermost open DAG."""
        dag = self.dag
        if self.open_groups and self.open_groups[-1].dag is dag:
            return self.open_groups[-1]
        return dag.root if dag else None

    @contextmanager
    def in_dag(self, dag: Dag) -> Iterator[None]:
        self.open_dags.append(dag)
        try:
            yield
        finally:
            self.open_dags.pop()

    @contextmanager
    def in_group(self, group: Group) -> Iterator[None]:
        self.open_groups.append(group)
        self.open_dags.append(group.dag)
        try:
            yield
        finally:
            self.open_dags.pop()
            self.open_groups.pop()
