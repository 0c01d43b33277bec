"""The adapters of all schedulers.

An adapter imports its reader, and its runtime, when it is first used: a reader brings a parser along, and a command
that reads no pipeline, or none of that scheduler, should not wait for it. A runtime's module builds argument lists and
reads answers; the scheduler's own package stays in the target.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.adapter import Adapter
from meta_pipeline.schedulers.airflow.signs import SIGNS as AIRFLOW
from meta_pipeline.schedulers.dagster.signs import SIGNS as DAGSTER
from meta_pipeline.schedulers.dbt.signs import SIGNS as DBT
from meta_pipeline.schedulers.prefect.signs import SIGNS as PREFECT
from meta_pipeline.schedulers.source.known import Known

if TYPE_CHECKING:
    from meta_pipeline.schedulers.runtime import Runtime


def _read_airflow(tree: Tree, folder: str, known: Known) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.airflow.static.reader import read_topology

    return (read_topology(tree, folder, known),)


def _read_dagster(tree: Tree, folder: str, known: Known) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.dagster.static.reader import read_topologies

    return read_topologies(tree, folder, known)


def _read_dbt(tree: Tree, folder: str, _known: Known) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.dbt.static.reader import read_topologies

    return read_topologies(tree, folder)


def _read_prefect(tree: Tree, folder: str, known: Known) -> tuple[Topology, ...]:
    from meta_pipeline.schedulers.prefect.static.reader import read_topology

    return (read_topology(tree, folder, known),)


def _airflow() -> "Runtime":
    from meta_pipeline.schedulers.airflow.commands import AirflowRuntime

    return AirflowRuntime()


def _dagster() -> "Runtime":
    from meta_pipeline.schedulers.dagster.commands import DagsterRuntime

    return DagsterRuntime()


def _prefect() -> "Runtime":
    from meta_pipeline.schedulers.prefect.commands import PrefectRuntime

    return PrefectRuntime()


def _dbt() -> "Runtime":
    from meta_pipeline.schedulers.dbt.runtime import DbtRuntime

    return DbtRuntime()


ADAPTERS: Mapping[SchedulerKind, Adapter] = {
    adapter.kind: adapter
    for adapter in (
        Adapter("Airflow", AIRFLOW, _read_airflow, _airflow),
        Adapter("Dagster", DAGSTER, _read_dagster, _dagster),
        Adapter("Prefect", PREFECT, _read_prefect, _prefect),
        Adapter("dbt", DBT, _read_dbt, _dbt),
    )
}
