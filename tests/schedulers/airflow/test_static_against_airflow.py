"""What is read from source is what Airflow itself sees, and what its dry run says is understood."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import Topology, TopologyError
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.airflow.dag_forms import DAG_IDS, FORMS
from tests.schedulers.airflow.dag_styles import STYLE_IDS, STYLES
from tests.schedulers.airflow.probing import AIRFLOW, POLICY, run, topology, write

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


def _placeless(topology: Topology) -> Topology:
    """Airflow tells no lines."""
    pipelines = []
    for pipeline in topology.pipelines:
        nodes = tuple(node.model_copy(update={"path": None, "line": None}) for node in pipeline.nodes)
        pipelines.append(pipeline.model_copy(update={"line": None, "nodes": nodes}))
    return topology.model_copy(update={"pipelines": tuple(pipelines)})


@pytest.mark.parametrize("files, ids", [(FORMS, DAG_IDS), (STYLES, STYLE_IDS)], ids=["forms", "styles"])
def test_static_and_runtime_agree(
    airflow_python: Path, tmp_path: Path, files: Mapping[str, str], ids: tuple[str, ...]
) -> None:
    runtime = topology(airflow_python, tmp_path, files)
    release = {"requirements.txt": f"apache-airflow=={runtime.version}\n"}
    (static,) = survey(MemoryTree.of({**files, **release}), POLICY)
    assert runtime.errors == static.errors == ()
    # Named here, as a file that both sides skip would agree with anything.
    assert [p.id for p in runtime.pipelines] == list(ids)
    apart = differences((_placeless(runtime),), (_placeless(static),))
    assert [difference.sentence for difference in apart] == []
    # The sentences are read more easily; here every field counts.
    assert _placeless(static).pipelines == _placeless(runtime).pipelines


def test_what_cannot_be_imported_is_an_error_with_its_line(airflow_python: Path, tmp_path: Path) -> None:
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
    found = topology(airflow_python, tmp_path, files)
    assert found.pipelines == ()
    broken, circle = found.errors
    assert broken == TopologyError(
        path="dags/broken.py", line=3, message="ModuleNotFoundError: No module named 'not_there_at_all'"
    )
    assert circle.path == "dags/circle.py"
    assert "ycle" in circle.message


def test_dry_run_reports_each_dag(airflow_python: Path, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    write(root, {"dags/runs.py": RUNS})
    run(airflow_python, AIRFLOW.dry_run(POLICY, scratch, ("fails", "absent", "succeeds")), root)
    fails, absent, succeeds = AIRFLOW.runs(scratch)
    assert (fails.succeeded, fails.error) == (False, "broken: ValueError: the table is empty")
    assert {node.id: node.state for node in fails.nodes} == {"fine": "success", "broken": "failed"}
    assert (absent.succeeded, absent.error) == (False, "no DAG has this id")
    assert (succeeds.succeeded, succeeds.error) == (True, None)
    assert [node.id for node in succeeds.nodes] == ["greet"]
    assert all(run.seconds >= 0 for run in (fails, absent, succeeds))


def test_dry_run_runs_the_nodes_that_the_policy_names(airflow_python: Path, tmp_path: Path) -> None:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    write(root, {"dags/runs.py": RUNS})
    nodes = {"fails": ("fine",), "succeeds": ("gone",)}
    policy = POLICY.model_copy(update={"dry_run": POLICY.dry_run.model_copy(update={"nodes": nodes})})
    command = AIRFLOW.dry_run(policy, scratch, ("fails", "succeeds"))
    assert command.shown_as == (
        "airflow tasks test fails fine 2026-01-05 && airflow tasks test succeeds gone 2026-01-05"
    )
    run(airflow_python, command, root)
    fails, succeeds = AIRFLOW.runs(scratch)
    assert (fails.succeeded, fails.error) == (True, None)
    assert [(node.id, node.state) for node in fails.nodes] == [("fine", "success")]
    assert succeeds.error == "it has no task gone, which dry_run.nodes of the policy names; mend the policy"
