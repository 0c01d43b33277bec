"""What this version knows of each scheduler: how its pipelines are read from source, and how it is asked itself.

A reader imports its modules when it is first used: it brings a parser along, and a command that reads no pipeline, or
none of that scheduler, should not wait for it.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.airflow.commands import AirflowRuntime
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.runtime import Runtime

Reader: TypeAlias = Callable[[Tree, str, tuple[str, ...]], tuple[Topology, ...]]
"""The topologies of a folder of a tree; the third argument are folders of the tree that imports start from."""


def _read_airflow(tree: Tree, folder: str, roots: tuple[str, ...]) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.airflow.static.reader import read_topology

    return (read_topology(tree, folder, roots),)


def _read_dagster(tree: Tree, folder: str, roots: tuple[str, ...]) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.dagster.static.reader import read_topologies

    return read_topologies(tree, folder, roots)


def _read_dbt(tree: Tree, folder: str, roots: tuple[str, ...]) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.dbt.static.reader import read_topologies

    return read_topologies(tree, folder)


READERS: Mapping[SchedulerKind, Reader] = {
    "airflow": _read_airflow,
    "dagster": _read_dagster,
    "dbt": _read_dbt,
}

RUNTIMES: Mapping[SchedulerKind, Runtime] = {"airflow": AirflowRuntime(), "dagster": DagsterRuntime()}
"""A runtime's module builds argument lists and reads answers; the scheduler's own package stays in the target."""
