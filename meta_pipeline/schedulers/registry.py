"""What this version knows of each scheduler: how its pipelines are read from source, and how it is asked itself."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.airflow.commands import AirflowRuntime
from meta_pipeline.schedulers.airflow.static.reader import read_topology as read_airflow
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.dagster.static.reader import read_topologies as read_dagster
from meta_pipeline.schedulers.dbt.static.reader import read_topologies as read_dbt
from meta_pipeline.schedulers.runtime import Runtime

Reader: TypeAlias = Callable[[Tree, str, tuple[str, ...]], tuple[Topology, ...]]
"""The topologies of a folder of a tree; the third argument are folders of the tree that imports start from."""

READERS: Mapping[SchedulerKind, Reader] = {
    "airflow": lambda tree, folder, roots: (read_airflow(tree, folder, roots),),
    "dagster": read_dagster,
    "dbt": lambda tree, folder, _: read_dbt(tree, folder),
}
RUNTIMES: Mapping[SchedulerKind, Runtime] = {"airflow": AirflowRuntime(), "dagster": DagsterRuntime()}
