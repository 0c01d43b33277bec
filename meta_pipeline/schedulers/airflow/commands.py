"""The commands that let Airflow itself speak about a checkout, and what they wrote, as frozen types.

The argv begins with `python`: the interpreter of the target's environment, found on its PATH.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import Policy

PROBE = Path(__file__).with_name("probe.py")
"""The script that runs in the target's environment; put it where the sandbox can read it."""

PARSE_SECONDS = 300.0
DRY_RUN_SECONDS = 600.0


class TaskRun(Frozen):
    """One task instance of a dry run; `map_index` is -1 where the task is not mapped."""

    task_id: str
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


def parse_command(policy: Policy, dags: str, scratch: str, probe: str, output: str) -> Command:
    """Import every DAG below `dags` and write the topology to `output`.

    `dags` is relative to the checkout, where the command runs; `scratch` is a writable folder that
    becomes AIRFLOW_HOME; `probe` and `output` are paths as the sandbox sees them.
    """
    return Command(
        name="parse",
        argv=("python", probe, "topology", "--dags", dags, "--output", output),
        shown_as="airflow dags list-import-errors",
        variables=_variables(policy, dags, scratch),
        seconds=PARSE_SECONDS,
    )


def dry_run_command(
    policy: Policy, dags: str, dag_ids: tuple[str, ...], scratch: str, probe: str, output: str
) -> Command:
    """Run each DAG once for the policy's logical date, without retries, and write what became of it to `output`.

    One DAG may take the whole time of the command less what the others need at least; the limits
    are as those of `parse_command`.
    """
    date = policy.dry_run.logical_date
    named = tuple(part for dag_id in dag_ids for part in ("--dag", dag_id))
    limit = str(int(DRY_RUN_SECONDS))
    return Command(
        name="dry_run",
        argv=(
            *("python", probe, "dry-run", "--dags", dags, *named),
            *("--logical-date", date, "--seconds", limit, "--output", output),
        ),
        shown_as=" && ".join(f"airflow dags test {dag_id} {date}" for dag_id in dag_ids),
        variables=_variables(policy, dags, scratch),
        seconds=DRY_RUN_SECONDS * max(1, len(dag_ids)) + PARSE_SECONDS,
    )


def _variables(policy: Policy, dags: str, scratch: str) -> tuple[tuple[str, str], ...]:
    """The target's own variables, the stand-ins of its dry runs, and an Airflow that calls nobody."""
    stand_ins = {f"AIRFLOW_VAR_{name.upper()}": value for name, value in policy.dry_run.variables.items()}
    stand_ins |= {f"AIRFLOW_CONN_{name.upper()}": value for name, value in policy.dry_run.connections.items()}
    settings = {
        "AIRFLOW_HOME": scratch,
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return tuple(sorted({**policy.environment.variables, **stand_ins, **settings}.items()))


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
