"""The state of one reading of one DAG file: the DAGs made so far, and those that are open."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.model import digest_bytes
from meta_pipeline.schedulers.airflow.static.doubts import Doubts
from meta_pipeline.schedulers.airflow.static.ignore import Ignored
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Task
from meta_pipeline.schedulers.source.interpreter import Interpreter
from meta_pipeline.schedulers.source.known import Known
from meta_pipeline.schedulers.source.modules import Modules


@dataclass(frozen=True)
class Settings:
    """What readings depend on beside the files that they look at.

    The DAG folder and the paths in it that are ignored, Airflow's major version, the packages that are asked for, and
    what is known of the place that Airflow loads it in.
    """

    folder: str
    ignored: Ignored
    major: int | None
    installed: frozenset[str]
    known: Known

    @cached_property
    def key(self) -> str:
        """What a reading is kept by."""
        parts = (self.folder, self.ignored.key, self.major, sorted(self.installed), self.known)
        return digest_bytes(repr(parts).encode())


class Machine(Interpreter):
    """Reads one DAG file of the DAG folder `folder`, for Airflow `major` where that is known."""

    def __init__(self, path: str, modules: Modules, settings: Settings) -> None:
        super().__init__(path, modules, settings.installed, settings.known.environment)
        self.known = settings.known
        self.folder = settings.folder
        self.major = settings.major
        self.ignored = settings.ignored
        self.dags: list[Dag] = []
        self.open_dags: list[Dag] = []
        self.open_groups: list[Group] = []
        self.between: set[Task] = set()
        self.doubts = Doubts(self)

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

    def ships(self, module: str) -> bool:
        """Providers are packages of their own; `airflow.sdk` and the provider `standard` are a part of Airflow 3."""
        if module.startswith(("airflow.sdk.", "airflow.providers.standard.")):
            return self.major == 3
        return not module.startswith("airflow.providers.")

    def checkpoint(self) -> int:
        return self.doubts.checkpoint()

    def agree(self, marks: Sequence[tuple[int, int]]) -> None:
        self.doubts.agree(marks)

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
