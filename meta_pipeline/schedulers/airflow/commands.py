"""The commands that let Airflow itself speak about a checkout, and what they wrote, as frozen types.

The argv begins with `python`: the interpreter of the target's environment, found on its PATH.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy

PROBE = Path(__file__).with_name("probe.py")
"""The script that runs in the target's environment; the sandbox must let it be read."""

TOPOLOGY_FILE = "topology.json"
DRY_RUN_FILE = "dry-run.json"
PARSE_SECONDS = 300
DAG_SECONDS = 600
DEFAULT_FOLDER = "dags"


class TaskRun(Frozen):
    """One task instance of a dry run; `map_index` is -1 where the task is not mapped."""

    id: str
    map_index: int = -1
    state: str | None
    seconds: float | None


class DagRun(Frozen):
    """What became of one DAG in a dry run; `error` says in one line why it did not succeed."""

    dag_id: str
    succeeded: bool
    seconds: float
    tasks: tuple[TaskRun, ...] = ()
    error: str | None = None


class _DryRun(Frozen):
    logical_date: str
    runs: tuple[DagRun, ...] = Field(min_length=1)
    complete: bool


def parse_command(policy: Policy, scratch: Path) -> Command:
    """Import every DAG of the policy's folders, and write the topology to `TOPOLOGY_FILE` in `scratch`.

    The command runs at the root of a checkout; `scratch` is a writable folder, which will also hold AIRFLOW_HOME.
    """
    return Command(
        name="parse",
        argv=("python", str(PROBE), "topology", *_dags(policy), "--output", str(scratch / TOPOLOGY_FILE)),
        shown_as="airflow dags list-import-errors",
        variables=_variables(policy, scratch),
        seconds=PARSE_SECONDS,
    )


def dry_run_command(policy: Policy, scratch: Path, pipelines: Sequence[str]) -> Command:
    """Run each DAG of `pipelines` once for the policy's logical date, without retries.

    What became of them is in `DRY_RUN_FILE` in `scratch`; a DAG that takes longer than `DAG_SECONDS` is given up.
    """
    date = policy.dry_run.logical_date
    named = tuple(part for dag_id in pipelines for part in ("--dag", dag_id))
    return Command(
        name="dry_run",
        argv=(
            *("python", str(PROBE), "dry-run", *_dags(policy), *named),
            *("--logical-date", date, "--seconds", str(DAG_SECONDS), "--output", str(scratch / DRY_RUN_FILE)),
        ),
        shown_as=" && ".join(f"airflow dags test {dag_id} {date}" for dag_id in pipelines),
        variables=_variables(policy, scratch),
        seconds=PARSE_SECONDS + DAG_SECONDS * len(pipelines),
    )


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


def read_topology(data: bytes) -> Topology:
    """The topology that the probe wrote; raises `ValueError` where it is not one."""
    try:
        return Topology.model_validate_json(data)
    except ValidationError as error:
        raise ValueError(_malformed("topology", error)) from error


def read_dry_run(data: bytes) -> tuple[DagRun, ...]:
    """The runs that the probe wrote, in the order asked for; those after a killed one are not there.

    Raises `ValueError` where it is not the probe's output.
    """
    try:
        return _DryRun.model_validate_json(data).runs
    except ValidationError as error:
        raise ValueError(_malformed("dry run", error)) from error


def _malformed(what: str, error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "its beginning"
    return f"The {what} that Airflow's probe wrote cannot be read: at {where}: {first['msg']}; run the command again."
