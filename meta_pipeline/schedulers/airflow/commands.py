"""The commands that let Airflow itself speak about a checkout, and what they wrote, as frozen types."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.runtime import (
    DRY_RUN_FILE,
    PARSE_SECONDS,
    PIPELINE_SECONDS,
    PipelineRun,
    read_document,
)

TOPOLOGY_FILE = "topology.json"
DEFAULT_FOLDER = "dags"


class _DryRun(Frozen):
    logical_date: str
    runs: tuple[PipelineRun, ...] = Field(min_length=1)
    complete: bool


class AirflowRuntime:
    """Airflow's own DagBag and `dag.test()`, each in a fresh AIRFLOW_HOME below the scratch folder."""

    kind: SchedulerKind = "airflow"
    probes: tuple[Path, ...] = tuple(
        Path(__file__).with_name(f"{name}.py")
        for name in (
            *("probe", "probe_bag", "probe_child", "probe_errors", "probe_node", "probe_run"),
            "probe_topology",
            "probe_warm",
        )
    )
    preloads: tuple[str, ...] = (
        "airflow",
        "airflow.dag_processing.dagbag",
        "airflow.decorators",
        "airflow.models.dagbag",
        "airflow.operators.bash",
        "airflow.operators.empty",
        "airflow.operators.python",
        "airflow.providers.standard.operators.bash",
        "airflow.providers.standard.operators.empty",
        "airflow.providers.standard.operators.python",
        "airflow.providers.standard.sensors.external_task",
        "airflow.sdk.definitions.decorators",
        "airflow.sensors.external_task",
        "airflow.serialization.serialized_objects",
        "airflow.settings",
        "airflow.utils.db",
        "airflow.utils.file",
    )
    """Airflow's modules that nearly every DAG file needs; each release has its own of them."""

    def parse(self, policy: Policy, scratch: Path) -> Command:
        output = str(scratch / TOPOLOGY_FILE)
        seconds = policy.limits.seconds or PARSE_SECONDS
        return Command(
            name="parse",
            argv=(
                *("python", str(self.probes[0]), "topology", *_dags(policy)),
                *("--seconds", f"{seconds:g}", "--output", output),
            ),
            shown_as="airflow dags list-import-errors",
            variables=_variables(policy, scratch),
            seconds=PARSE_SECONDS,
        )

    def topologies(self, scratch: Path, _source: Tree | None = None) -> tuple[Topology, ...]:
        what = "topology that Airflow's probe wrote"
        return (read_document(Topology, scratch / TOPOLOGY_FILE, what),)

    def dry_run(
        self, policy: Policy, scratch: Path, pipelines: Sequence[str], output: str = DRY_RUN_FILE
    ) -> Command:
        date = policy.dry_run.logical_date
        named = tuple(part for dag_id in pipelines for part in ("--dag", dag_id))
        chosen = tuple(
            part
            for dag_id in pipelines
            for node in policy.dry_run.nodes.get(dag_id, ())
            for part in ("--node", dag_id, node)
        )
        return Command(
            name="dry_run",
            argv=(
                *("python", str(self.probes[0]), "dry-run", *_dags(policy), *named, *chosen),
                *("--logical-date", date),
                *("--seconds", str(PIPELINE_SECONDS), "--output", str(scratch / output)),
            ),
            shown_as=" && ".join(typed for dag_id in pipelines for typed in _typed(policy, dag_id)),
            variables=_variables(policy, scratch),
            seconds=PARSE_SECONDS + PIPELINE_SECONDS * len(pipelines),
        )

    def runs(self, scratch: Path, output: str = DRY_RUN_FILE) -> tuple[PipelineRun, ...]:
        what = "dry run that Airflow's probe wrote"
        return read_document(_DryRun, scratch / output, what).runs


def _typed(policy: Policy, dag_id: str) -> tuple[str, ...]:
    """What a person would type for the same run."""
    date = policy.dry_run.logical_date
    nodes = policy.dry_run.nodes.get(dag_id, ())
    if not nodes:
        return (f"airflow dags test {dag_id} {date}",)
    return tuple(f"airflow tasks test {dag_id} {node} {date}" for node in nodes)


def _dags(policy: Policy) -> tuple[str, ...]:
    paths = policy.scheduler.paths if policy.scheduler else ()
    return tuple(part for path in paths or (DEFAULT_FOLDER,) for part in ("--dags", path))


def _variables(policy: Policy, scratch: Path) -> tuple[tuple[str, str], ...]:
    """The stand-ins of the target's dry runs, and an Airflow of its own that calls nobody."""
    stand_ins = {f"AIRFLOW_VAR_{name.upper()}": value for name, value in policy.dry_run.variables.items()}
    stand_ins |= {f"AIRFLOW_CONN_{name.upper()}": value for name, value in policy.dry_run.connections.items()}
    settings = {
        "AIRFLOW_HOME": str(scratch / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
    }
    return tuple(sorted({**stand_ins, **settings}.items()))
