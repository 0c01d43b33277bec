"""The commands for Airflow, and reading what its probe wrote."""

from pathlib import Path

import pytest

from meta_pipeline.policy import DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.commands import TOPOLOGY_FILE, AirflowRuntime
from meta_pipeline.schedulers.runtime import DRY_RUN_FILE

AIRFLOW = AirflowRuntime()
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
    dry_run=DryRunPolicy(
        logical_date="2026-01-05", variables={"bucket": "b"}, connections={"db": "sqlite://"}
    ),
)


def test_commands_are_shown_as_a_person_types_them() -> None:
    command = AIRFLOW.dry_run(POLICY, Path("/scratch"), ("a", "b"))
    assert command.shown_as == "airflow dags test a 2026-01-05 && airflow dags test b 2026-01-05"
    assert command.argv[0] == "python"
    variables = dict(command.variables)
    assert variables["AIRFLOW_VAR_BUCKET"] == "b"
    assert variables["AIRFLOW_CONN_DB"] == "sqlite://"
    assert variables["AIRFLOW_HOME"] == "/scratch/airflow"
    assert AIRFLOW.parse(POLICY, Path("/scratch")).argv[-1] == "/scratch/topology.json"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"runs": []}', b"\xff"])
def test_malformed_output_is_one_sentence(data: bytes, tmp_path: Path) -> None:
    for name in (DRY_RUN_FILE, TOPOLOGY_FILE):
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match="cannot be read"):
        AIRFLOW.runs(tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        AIRFLOW.topologies(tmp_path)
