"""The state of one reading of one DAG file: the DAGs made so far, and those that are open."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from meta_pipeline.schedulers.airflow.static.doubts import Doubts
from meta_pipeline.schedulers.airflow.static.values import Dag, Group, Task
from meta_pipeline.schedulers.source.interpreter import Interpreter
from meta_pipeline.schedulers.source.modules import Modules


class Machine(Interpreter):
    """Reads one DAG file."""

    def __init__(self, path: str, modules: Modules, installed: frozenset[str] = frozenset()) -> None:
        super().__init__(path, modules, installed)
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
