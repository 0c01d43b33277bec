"""An Airflow that was imported before it was forked answers as one that was started for the question."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.policy import POLICY_FILE, Policy, read_policy
from meta_pipeline.schedulers.airflow.commands import TOPOLOGY_FILE
from meta_pipeline.schedulers.runtime import DRY_RUN_FILE
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox, interpreter_folders
from meta_pipeline.workspace.warm import WarmProcess, Warmth, warm_process
from tests.schedulers.airflow.dag_forms import FORMS
from tests.schedulers.airflow.probing import AIRFLOW, POLICY, write
from tests.schedulers.airflow.test_bad_files import BAD
from tests.schedulers.airflow.test_static_against_airflow import RUNS
from tests.shipped_target import FIXTURES

pytestmark = pytest.mark.airflow

Ask = Callable[[Policy, Path], Command]


def parse(policy: Policy, scratch: Path) -> Command:
    return AIRFLOW.parse(policy, scratch)


def sales(root: Path) -> Policy:
    shutil.copytree(FIXTURES / "airflow_sales", root, dirs_exist_ok=True)
    return read_policy((root / POLICY_FILE).read_text())


def forms(root: Path) -> Policy:
    write(root, {**FORMS, "dags/runs.py": RUNS})
    return POLICY


def hostile(root: Path) -> Policy:
    write(root, {"dags/broken.py": BAD["dags/quits.py"], "dags/exits.py": BAD["dags/exits.py"]})
    tamper = (
        "import os, signal, sys\nimport airflow.models.dagbag as bags\nbags.DagBag = None\n"
        "os.environ['AIRFLOW_HOME'] = '/'\n# airflow DAG\n"
    )
    write(root, {"dags/tampers.py": tamper})
    return POLICY


@pytest.fixture
def walls(airflow_python: Path) -> Sandbox:
    environment = airflow_python.parent.parent
    return detect_sandbox().opened(
        read_only=(environment, *interpreter_folders(airflow_python), *AIRFLOW.probes)
    )


@pytest.fixture
def warm(airflow_python: Path, walls: Sandbox) -> Iterator[WarmProcess]:
    programs = f"{airflow_python.parent}:/usr/bin:/bin"
    with warm_process(Warmth(airflow_python, AIRFLOW.preloads, programs, {"TZ": "UTC"}, walls)) as process:
        yield process


def answer(ran: Ran | None, scratch: Path, name: str) -> Any:
    assert ran is not None
    assert ran.exit == 0, ran.stderr.decode()[-2000:]
    return (scratch / name).read_bytes()


def ask_warm(warm: WarmProcess, fill: Callable[[Path], Policy], ask: Ask, name: str) -> Any:
    with warm.turn() as room:
        root, scratch = room / "checkout", room / "scratch"
        root.mkdir()
        scratch.mkdir()
        try:
            command = ask(fill(root), scratch)
            variables = {"PYTHONPATH": str(root), "TZ": "UTC"}
            return answer(warm.run(command, cwd=root, variables=variables), scratch, name)
        finally:
            shutil.rmtree(root)
            shutil.rmtree(scratch)


def ask_cold(warm: WarmProcess, fill: Callable[[Path], Policy], ask: Ask, name: str, folder: Path) -> Any:
    root, scratch = folder / "checkout", folder / "scratch"
    root.mkdir(parents=True)
    scratch.mkdir()
    command = ask(fill(root), scratch)
    variables = {"PYTHONPATH": str(root), "TZ": "UTC"}
    walls = warm.warmth.sandbox.opened(writable=(root, scratch))
    ran = run(command, cwd=root, path=warm.warmth.path, variables=variables, sandbox=walls)
    return answer(ran, scratch, name)


def test_topologies_are_equal_to_the_byte(warm: WarmProcess, tmp_path: Path) -> None:
    for number, fill in enumerate((sales, forms)):
        cold = ask_cold(warm, fill, parse, TOPOLOGY_FILE, tmp_path / str(number))
        assert ask_warm(warm, fill, parse, TOPOLOGY_FILE) == cold
        ask_warm(warm, hostile, parse, TOPOLOGY_FILE)
        assert ask_warm(warm, fill, parse, TOPOLOGY_FILE) == cold
    # It was the warm process that answered, to the end.
    assert warm.alive


@pytest.mark.slow
def test_dry_runs_are_equal(warm: WarmProcess, tmp_path: Path) -> None:
    def dry_run(policy: Policy, scratch: Path) -> Command:
        return AIRFLOW.dry_run(policy, scratch, ("fails", "succeeds"))

    def outcome(data: bytes) -> list[tuple[Any, ...]]:
        return [
            (
                one["pipeline"],
                one["succeeded"],
                one["error"],
                [(node["id"], node["state"]) for node in one["nodes"]],
            )
            for one in json.loads(data)["runs"]
        ]

    cold = outcome(ask_cold(warm, forms, dry_run, DRY_RUN_FILE, tmp_path))
    assert [(pipeline, succeeded) for pipeline, succeeded, _, _ in cold] == [
        ("fails", False),
        ("succeeds", True),
    ]
    assert outcome(ask_warm(warm, forms, dry_run, DRY_RUN_FILE)) == cold
    assert warm.alive
