"""Reads one DAG file: what its statements build is what Airflow would collect."""

import ast
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from meta_pipeline.schedulers.airflow.static import calls, edges, members, methods, objects
from meta_pipeline.schedulers.airflow.static.contexts import opened
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Asset, AssetExpression, Dag, Task
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Function, Method, Thing


class DagFile(Machine):
    """The machine with all that Airflow adds to Python."""

    def run(self) -> tuple[Dag, ...]:
        """The DAGs that Airflow would collect from the file; what went wrong is in `errors`."""
        for value in self.read().names.values():
            self.keep(value)
        return tuple(dag for dag in self.dags if dag.registered)

    def keep(self, value: object) -> None:
        if isinstance(value, Dag):
            value.registered = True

    def call_external(self, external: External, arguments: Arguments, site: Site) -> object:
        return calls.call_external(self, external, arguments, site)

    def call_thing(self, thing: Thing, arguments: Arguments, site: Site) -> object:
        return calls.call_thing(self, thing, arguments, site)

    def call_method(self, method: Method, arguments: Arguments, site: Site) -> object:
        return methods.call_method(self, method, arguments, site)

    def thing_member(self, thing: Thing, name: str) -> object:
        return members.thing_member(thing, name)

    def external_member(self, external: External, name: str) -> object:
        return members.external_member(external, name)

    def derived(self, kind: Class, ancestor: External, arguments: Arguments, site: Site) -> object | None:
        return objects.derived(self, kind, ancestor, arguments, site)

    def completed(self, function: Function, receiver: object, arguments: Arguments) -> Arguments:
        if isinstance(receiver, Task) and function.name == "__init__":
            return objects.with_defaults(self, function, receiver, arguments)
        return arguments

    def super_init(self, receiver: object, arguments: Arguments) -> object:
        return None if objects.initialized(self, receiver, arguments) else UNKNOWN

    def combined(self, operator: ast.operator, left: object, right: object) -> object | None:
        if isinstance(operator, (ast.RShift, ast.LShift)):
            if not edges.is_linkable(left) and not edges.is_linkable(right):
                return None
            edges.link(self, *((left, right) if isinstance(operator, ast.RShift) else (right, left)))
            return right
        if isinstance(left, (Asset, AssetExpression)) and isinstance(right, (Asset, AssetExpression)):
            joined_by = {ast.BitOr: "or", ast.BitAnd: "and"}.get(type(operator))
            if joined_by is None:
                return None
            # Airflow takes one more into the same kind of expression, on the left only.
            if isinstance(left, AssetExpression) and left.joined_by == joined_by:
                return AssetExpression(joined_by, (*left.parts, right))
            return AssetExpression(joined_by, (left, right))
        return None

    def opened(self, value: object) -> AbstractContextManager[object] | None:
        return opened(self, value)

    @contextmanager
    def outside(self) -> Iterator[None]:
        held = self.open_dags, self.open_groups
        self.open_dags, self.open_groups = [], []
        try:
            yield
        finally:
            self.open_dags, self.open_groups = held
