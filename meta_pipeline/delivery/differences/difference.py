"""One change of topology, and the sentence that says it."""

from collections.abc import Mapping
from typing import Literal

from meta_pipeline.delivery.differences.phrases import Thing
from meta_pipeline.delivery.differences.wording import Value, change_of_field
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, SchedulerKind

SCHEDULER_NAMES: Mapping[str, str] = {
    "airflow": "Airflow",
    "dagster": "Dagster",
    "prefect": "Prefect",
    "dbt": "dbt",
}

Level = Literal["scheduler", "pipeline", "node", "field", "column", "error"]
Kind = Literal["added", "removed", "changed", "renamed", "moved"]


class Difference(Frozen):
    """One change of topology.

    `pipeline` and `node` are ids at head, or at base where they are gone; `pipeline_before` and `node_before` those at
    base where they had another name. For a scheduler and for a file that cannot be read, `pipeline` is empty.
    `scheduler` and `root` are those of the topology that holds it.
    `field` is the field that changed; for a whole thing it is the change itself, such as `added`. `item` is the
    scheduler, the dataset of a `column`, or what is wrong with a file. `kind` is the node's, such as `task`, `asset`
    or `model`. `doubt` is the place that may make what looks added or removed: only a run can tell.
    """

    level: Level = "field"
    change: Kind = "changed"
    scheduler: SchedulerKind | None = None
    root: str | None = None
    pipeline: str
    node: str | None = None
    pipeline_before: str | None = None
    node_before: str | None = None
    kind: str = "task"
    field: str
    item: str | None = None
    column: str | None = None
    before: Value = None
    after: Value = None
    path: str
    line: int | None = None
    doubt: str | None = None

    @property
    def places(self) -> frozenset[tuple[str, str | None]]:
        """The pipeline and node that this is about, by their names on both sides."""
        former = (self.pipeline_before or self.pipeline, self.node_before or self.node)
        return frozenset({(self.pipeline, self.node), former})

    @property
    def is_known(self) -> bool:
        """Whether both values can be known from source."""
        return UNRESOLVED not in (self.before, self.after)

    @property
    def sentence(self) -> str:
        """The difference as a person would say it, without a full stop."""
        return self.said_of(Thing(thing_name(self.kind, self.pipeline, self.node, self.root)))

    def said_of(self, thing: Thing) -> str:
        """The sentence with another name for what it is about: of several that change alike, their common name."""
        match self.level:
            case "scheduler":
                return _of_scheduler(self)
            case "error":
                return _of_error(self)
            case "column":
                return _of_column(self)
        match self.change:
            case "added" | "removed" if self.doubt is not None:
                return _doubtful(self, thing)
            case "added" | "removed":
                return thing.fill(f"{{}} {{be}} {self.change}")
            case "renamed":
                return f"{thing_name(self.kind, *self._former)} is now called {self.node or self.pipeline}"
            case "moved":
                return f"{thing.name} is now defined in {self.after} instead of {self.before}"
            case _:
                is_of_run = self.node is None and self.field == "concurrency"
                return change_of_field(
                    thing, "nodes_at_once" if is_of_run else self.field, self.before, self.after
                )

    @property
    def _former(self) -> tuple[str, str | None]:
        return self.pipeline_before or self.pipeline, self.node_before


def thing_name(kind: str, pipeline: str, node: str | None, root: str | None = None) -> str:
    """A pipeline or node as a person would name it, with what it is; each root has its own job of all assets."""
    if node is not None:
        return called(kind, pipeline, node)
    if pipeline != IMPLICIT_JOB:
        return f"pipeline {pipeline}"
    return "the job of all assets" if root in (None, ".") else f"the job of all assets of {root}"


def called(kind: str, pipeline: str, node: str) -> str:
    """A node as a person would name it; in the job of all assets an asset is known by its key alone."""
    name = node if pipeline == IMPLICIT_JOB else f"{pipeline}.{node}"
    return f"{kind.replace('_', ' ')} {name}"


def _doubtful(difference: Difference, thing: Thing) -> str:
    where = difference.doubt or difference.path
    if difference.change == "removed":
        return thing.fill(
            "{} {be} no longer seen in source; whether {} still makes it, only a run can tell", where
        )
    return thing.fill("{} {be} now seen in source; whether {} made it before, only a run could tell", where)


def _of_scheduler(difference: Difference) -> str:
    name = SCHEDULER_NAMES.get(difference.item or "", difference.item or "")
    where = f"the pipelines of {difference.root}" if difference.root else "the pipelines"
    match difference.change:
        case "added":
            return f"the repository now has pipelines of {name}"
        case "removed":
            return f"the repository no longer has pipelines of {name}"
        case _ if difference.after == UNRESOLVED:
            return (
                f"source no longer tells which version of {name} runs {where} (before: {difference.before})"
            )
        case _ if difference.before == UNRESOLVED:
            return f"source now tells which version of {name} runs {where}: {difference.after}"
        case _:
            return f"{where} now run on {name} {difference.after} instead of {difference.before}"


def _of_error(difference: Difference) -> str:
    where = f"{difference.path}:{difference.line}" if difference.line else difference.path
    match difference.change, difference.field:
        case "moved", _:
            places = f"{difference.after} instead of {difference.before}"
            return f"what only a run can tell ({difference.item}) is now in {places}"
        case "added", "opaque":
            return f"what {where} makes, only a run can tell: {difference.item}"
        case "added", _:
            return f"{where} now has an error: {difference.item}"
        case _, "opaque":
            return f"{difference.path} no longer makes what only a run could tell: {difference.item}"
        case _:
            return f"{difference.path} no longer has an error (before: {difference.item})"


def _of_column(difference: Difference) -> str:
    dataset, column = difference.item, difference.column
    if column is None:
        return change_of_field(Thing(f"dataset {dataset}"), "columns", difference.before, difference.after)
    if difference.change in ("added", "removed"):
        verb = "now has" if difference.change == "added" else "no longer has"
        form = difference.after or difference.before
        return f"dataset {dataset} {verb} the column {column}" + (f" ({form})" if form else "")
    if difference.before is None or difference.after is None:
        told = "is now written down" if difference.before is None else "is no longer written down"
        return f"the type of column {column} of dataset {dataset} {told}: {difference.after or difference.before}"
    return f"column {column} of dataset {dataset} is now {difference.after} instead of {difference.before}"
