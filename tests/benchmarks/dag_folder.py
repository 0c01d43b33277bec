"""A folder of DAG files, read by Airflow's own DagBag and by the probe, in the same environment."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.airflow.commands import TOPOLOGY_FILE, AirflowRuntime
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox
from meta_pipeline.workspace.warm import WarmProcess, Warmth, warm_process
from tests.shipped_target import FIXTURES

AIRFLOW = AirflowRuntime()

OWN_PARSE = """
import sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
sys.path.insert(0, "dags")
assert len(DagBag("dags").dags) > 30
"""

GENERATED = '''"""Loads one source."""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG(
    "load_source_{number}",
    schedule="{number} 4 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    default_args={{"owner": "ingest", "retries": 2, "retry_delay": timedelta(minutes=5)}},
):
    fetch = [BashOperator(task_id=f"fetch_{{part}}", bash_command="true") for part in range(8)]

    @task
    def merge():
        return {number}

    fetch >> merge()
'''


@dataclass(frozen=True)
class DagFolder:
    """The sales fixture with thirty files more; all readings run in one environment, ours in the sandbox."""

    root: Path
    scratch: Path
    policy: Policy
    python: Path
    process: WarmProcess
    walls: Sandbox

    @classmethod
    @contextmanager
    def make(cls, folder: Path, environments: Path) -> Iterator["DagFolder"]:
        lock = (FIXTURES / "airflow_sales" / "requirements.txt").read_text()
        policy = read_policy((FIXTURES / "airflow_sales" / POLICY_FILE).read_text())
        walls = detect_sandbox()
        tree = MemoryTree.of({"requirements.txt": lock})
        built = build_environment(environments, tree, policy.environment, walls)
        assert isinstance(built, Built), built
        walls = walls.opened(read_only=(*built.folders, *AIRFLOW.probes))
        path = f"{built.programs}:/usr/bin:/bin"
        with warm_process(Warmth(built.python, AIRFLOW.preloads, path, {"TZ": "UTC"}, walls)) as process:
            made = cls(folder / "checkout", folder / "scratch", policy, built.python, process, walls)
            made.scratch.mkdir()
            _fill(made.root)
            with process.turn() as room:
                _fill(room / "checkout")
                (room / "scratch").mkdir()
            yield made

    def own_parse(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.root),
            "AIRFLOW_HOME": str(self.scratch / "own"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "TZ": "UTC",
        }
        subprocess.run(
            [str(self.python), "-c", OWN_PARSE],
            cwd=self.root,
            env=environment,
            capture_output=True,
            check=True,
        )

    def cold(self) -> None:
        walls = self.walls.opened(writable=(self.root, self.scratch))
        variables = {"PYTHONPATH": str(self.root), "TZ": "UTC"}
        path = self.process.warmth.path
        _check(run(self._parse(self.scratch), cwd=self.root, path=path, variables=variables, sandbox=walls))

    def warm(self) -> None:
        with self.process.turn() as room:
            root = room / "checkout"
            variables = {"PYTHONPATH": str(root), "TZ": "UTC"}
            _check(self.process.run(self._parse(room / "scratch"), cwd=root, variables=variables))

    def _parse(self, scratch: Path) -> Command:
        (scratch / TOPOLOGY_FILE).unlink(missing_ok=True)
        return AIRFLOW.parse(self.policy, scratch)


def _fill(root: Path) -> None:
    shutil.copytree(FIXTURES / "airflow_sales", root)
    for number in range(30):
        (root / "dags" / f"load_source_{number}.py").write_text(GENERATED.format(number=number))


def _check(ran: Ran | None) -> None:
    assert ran is not None
    assert ran.exit == 0, ran.stderr.decode()[-2000:]
