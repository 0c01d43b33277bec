"""What is read from source is what Airflow itself sees, and what its dry run says is understood."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.differences import differences
from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.topology import Topology, TopologyError
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.commands import AirflowRuntime
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.airflow.dag_forms import DAG_IDS, FORMS

AIRFLOW = AirflowRuntime()
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
    dry_run=DryRunPolicy(logical_date="2026-01-05", variables={"who": "stand-in"}),
)
pytestmark = pytest.mark.airflow

RUNS = """
from airflow import DAG
try:
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import Variable
except ImportError:
    from airflow.models import Variable
    from airflow.operators.python import PythonOperator
from datetime import datetime


def fail():
    raise ValueError("the table is empty")


def greet():
    assert Variable.get("who") == "stand-in"
    print("printed by the target")


with DAG("succeeds", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    PythonOperator(task_id="greet", python_callable=greet)

with DAG("fails", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):
    PythonOperator(task_id="fine", python_callable=greet) >> PythonOperator(
        task_id="broken", python_callable=fail, retries=3
    )
"""


def run(python: Path, command: Command, root: Path, files: Mapping[str, str]) -> None:
    """Run a command as the bench does: in a checkout, `python` being the target's own."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert command.argv[0] == "python"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **dict(command.variables)}
    done = subprocess.run(
        [str(python), *command.argv[1:]],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=command.seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _placeless(topology: Topology) -> Topology:
    """Airflow tells no lines."""
    pipelines = []
    for pipeline in topology.pipelines:
        nodes = tuple(node.model_copy(update={"path": None, "line": None}) for node in pipeline.nodes)
        pipelines.append(pipeline.model_copy(update={"line": None, "nodes": nodes}))
    return topology.model_copy(update={"pipelines": tuple(pipelines)})


def test_static_and_runtime_agree(airflow_python: Path, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    run(airflow_python, AIRFLOW.parse(POLICY, scratch), root, FORMS)
    (runtime,) = AIRFLOW.topologies(scratch)
    release = {"requirements.txt": f"apache-airflow=={runtime.version}\n"}
    (static,) = survey(MemoryTree.of({**FORMS, **release}), POLICY)
    assert runtime.errors == static.errors == ()
    # Named here, as a file that both sides skip would agree with anything.
    assert [p.id for p in runtime.pipelines] == list(DAG_IDS)
    assert [p.id for p in static.pipelines] == list(DAG_IDS)
    apart = differences((_placeless(runtime),), (_placeless(static),))
    assert [difference.sentence for difference in apart] == []


def test_what_cannot_be_imported_is_an_error_with_its_line(airflow_python: Path, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    files = {
        "dags/broken.py": "from airflow import DAG\n\nimport not_there_at_all\n",
        "dags/circle.py": (
            "from datetime import datetime\n"
            "from airflow import DAG\n"
            "from lib.compat import EmptyOperator\n"
            "with DAG('circle', schedule=None, start_date=datetime(2024, 1, 1)):\n"
            "    a, b = EmptyOperator(task_id='a'), EmptyOperator(task_id='b')\n"
            "    a >> b >> a\n"
        ),
        "lib/compat.py": FORMS["lib/compat.py"],
    }
    run(airflow_python, AIRFLOW.parse(POLICY, scratch), root, files)
    (topology,) = AIRFLOW.topologies(scratch)
    assert topology.pipelines == ()
    broken, circle = topology.errors
    assert broken == TopologyError(
        path="dags/broken.py", line=3, message="ModuleNotFoundError: No module named 'not_there_at_all'"
    )
    assert circle.path == "dags/circle.py"
    assert "ycle" in circle.message


def test_dry_run_reports_each_dag(airflow_python: Path, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    run(
        airflow_python,
        AIRFLOW.dry_run(POLICY, scratch, ("fails", "absent", "succeeds")),
        root,
        {"dags/runs.py": RUNS},
    )
    fails, absent, succeeds = AIRFLOW.runs(scratch)
    assert (fails.succeeded, fails.error) == (False, "broken: ValueError: the table is empty")
    assert {node.id: node.state for node in fails.nodes} == {"fine": "success", "broken": "failed"}
    assert (absent.succeeded, absent.error) == (False, "no DAG has this id")
    assert (succeeds.succeeded, succeeds.error) == (True, None)
    assert [node.id for node in succeeds.nodes] == ["greet"]
    assert all(run.seconds >= 0 for run in (fails, absent, succeeds))
