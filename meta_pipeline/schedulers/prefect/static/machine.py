"""The state of one reading of one file: the flows and deployments made so far, and the run that is traced."""

from collections.abc import Iterator
from contextlib import contextmanager

from meta_pipeline.schedulers.prefect.static.values import Chain, Deployment, Run, Work
from meta_pipeline.schedulers.source.interpreter import Interpreter
from meta_pipeline.schedulers.source.known import NOTHING_KNOWN, Known
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.modules import Modules
from meta_pipeline.schedulers.source.values import Function


class Machine(Interpreter):
    """Reads one file; `as_script` says that its `if __name__ == "__main__"` is read too."""

    def __init__(self, path: str, modules: Modules, known: Known = NOTHING_KNOWN, *, as_script: bool) -> None:
        super().__init__(path, modules, environment=known.environment)
        self.known = known
        self.as_script = as_script
        self.flows: list[Work] = []
        self.deployments: list[Deployment] = []
        self.run: Run | None = None
        self.open_tags: list[str] = []
        self.origins: dict[Function, Site] = {}
        """Where the function is written that another one wraps and goes by the name of."""

    def name_of(self, path: str) -> str:
        return "__main__" if self.as_script and path == self.path else super().name_of(path)

    def chain(self, site: Site) -> Chain:
        """Where a call of the run that is traced stands."""
        between = self.sites[self.run.depth :] if self.run else []
        return tuple((place.line, place.column) for place in (*between, site))

    @contextmanager
    def tracing(self, run: Run | None) -> Iterator[None]:
        """Note what is called in `run`; None for code that is no part of one."""
        held, self.run = self.run, run
        try:
            yield
        finally:
            self.run = held

    @contextmanager
    def tagged(self, tags: list[str]) -> Iterator[None]:
        held, self.open_tags = self.open_tags, [*self.open_tags, *tags]
        try:
            yield
        finally:
            self.open_tags = held
