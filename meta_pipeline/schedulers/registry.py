"""The adapters of all schedulers.

An adapter imports its reader when it is first used: it brings a parser along, and a command that reads no pipeline, or
none of that scheduler, should not wait for it. A runtime's module builds argument lists and reads answers; the
scheduler's own package stays in the target.
"""

from collections.abc import Mapping

from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.adapter import Adapter
from meta_pipeline.schedulers.airflow.commands import AirflowRuntime
from meta_pipeline.schedulers.airflow.signs import SIGNS as AIRFLOW
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.dagster.signs import SIGNS as DAGSTER
from meta_pipeline.schedulers.dbt.runtime import DbtRuntime
from meta_pipeline.schedulers.dbt.signs import SIGNS as DBT
from meta_pipeline.schedulers.prefect.commands import PrefectRuntime
from meta_pipeline.schedulers.prefect.signs import SIGNS as PREFECT
from meta_pipeline.schedulers.source.known import Known


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


ADAPTERS: Mapping[SchedulerKind, Adapter] = {
    adapter.kind: adapter
    for adapter in (
        Adapter("Airflow", AIRFLOW, _read_airflow, AirflowRuntime()),
        Adapter("Dagster", DAGSTER, _read_dagster, DagsterRuntime()),
        Adapter("Prefect", PREFECT, _read_prefect, PrefectRuntime()),
        Adapter("dbt", DBT, _read_dbt, DbtRuntime()),
    )
}
