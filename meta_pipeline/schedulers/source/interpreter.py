"""Runs the statements of source files on values that are known; a scheduler says what its own things are."""

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache

from meta_pipeline.schedulers.source import calls, expressions, members
from meta_pipeline.schedulers.source.definitions import bind_parameters
from meta_pipeline.schedulers.source.limits import MAX_CALL_DEPTH, MAX_STEPS, TooMuchToReadError
from meta_pipeline.schedulers.source.machine import NO_VARIABLES, Arguments, Machine, Site
from meta_pipeline.schedulers.source.managers import Managed
from meta_pipeline.schedulers.source.modules import Modules, UnreadableSourceError
from meta_pipeline.schedulers.source.statements import Flow, joined, run_block
from meta_pipeline.schedulers.source.values import UNKNOWN, Function, Scope, SourcePath

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Interpreter(Machine):
    """The machine with all the parts that Python code has."""

    def __init__(
        self,
        path: str,
        modules: Modules,
        installed: frozenset[str] = frozenset(),
        environment: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        super().__init__(path, modules, installed, environment)
        self._scopes: dict[str, Scope] = {}
        self._running: list[ast.AST] = []

    def read(self) -> Scope:
        """The names of the file after its statements have run; what went wrong is in `errors`."""
        scope = Scope(self.path)
        try:
            scope = self._run_module(self.path)
        except TooMuchToReadError:
            self.error(self.path, None, f"the file takes more than {MAX_STEPS} steps to read")
        except RecursionError:
            self.error(self.path, None, "the file is nested too deeply to read")
        return scope

    def _run_module(self, path: str) -> Scope:
        scope = self._scopes[path] = Scope(path)
        scope.names["__name__"] = self.name_of(path)
        scope.names["__file__"] = SourcePath(path)
        try:
            run_block(self, self.modules.syntax(path, is_shared=self.importing > 0).body, scope)
        except UnreadableSourceError as error:
            self.error(path, error.line, f"this is not Python: {error.message}")
        return scope

    def name_of(self, path: str) -> str:
        """What `__name__` is in a file: the name that it is imported under."""
        return self.modules.name_of(path)

    def module_scope(self, name: str) -> Scope | None:
        path = self.modules.find(name)
        return None if path is None or path.endswith("/") else self.file_scope(path)

    def file_scope(self, path: str) -> Scope:
        if path not in self._scopes:
            # An import starts outside every branch that is open where it stands.
            held, self.uncertain = self.uncertain, 0
            self.importing += 1
            try:
                with self.outside():
                    self._run_module(path)
            finally:
                self.importing -= 1
                self.uncertain = held
        return self._scopes[path]

    # The functions themselves, with no call around them: these three are where most of a reading's time goes.
    evaluate = expressions.evaluate
    call = calls.call
    member = members.member

    def call_function(self, function: Function, arguments: Arguments, site: Site) -> object:
        return self.run_body(function, arguments, site, {})

    def run_body(
        self, function: Function, arguments: Arguments, site: Site, inner: Mapping[str, object]
    ) -> object:
        if function.manager:
            return Managed(function, arguments, site, inner)
        return self._run(function, arguments, site, inner, None)

    def run_generator(
        self,
        function: Function,
        arguments: Arguments,
        site: Site,
        inner: Mapping[str, object],
        at_yield: Callable[[object], None],
    ) -> None:
        self._run(function, arguments, site, inner, at_yield)

    def _run(
        self,
        function: Function,
        arguments: Arguments,
        site: Site,
        inner: Mapping[str, object],
        at_yield: Callable[[object], None] | None,
    ) -> object:
        if function.opaque or self.depth >= MAX_CALL_DEPTH:
            return UNKNOWN
        if self.uncertain and function.node in self._running:
            # Nothing here tells where a recursion in an undecided branch ends.
            return UNKNOWN
        scope = Scope(function.scope.path, function.scope)
        scope.names.update(inner)
        scope.entered = self.uncertain
        scope.at_yield = at_yield
        bind_parameters(function, arguments, scope)
        self.depth += 1
        self._running.append(function.node)
        self.sites.append(site)
        try:
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body, scope)
            flow = run_block(self, function.node.body, scope)
        finally:
            self.depth -= 1
            self._running.pop()
            self.sites.pop()
        if _yields(function.node):
            # It is read to its end at once: what it gives is the same, unless it is stopped before.
            return scope.yielded
        if flow is not Flow.RETURN and scope.returned:
            scope.returned.append(None)
        return joined(self, scope.returned)


@lru_cache(maxsize=4096)
def _yields(node: ast.AST) -> bool:
    """Whether a function is a generator; a function inside it that is one does not make it one."""
    return any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) or (not isinstance(part, _INNER) and _yields(part))
        for part in ast.iter_child_nodes(node)
    )
