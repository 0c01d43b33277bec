"""Readings that are shared among processes are those of one process, whatever becomes of the others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.large_project import dag_project
from tests.conftest import ROOT

needs_two = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor shares with nobody")

SPREAD = """\
import json, os, sys, threading
from meta_pipeline.schedulers.source.processes import read_in_processes, spread

how = sys.argv[1]
if how != "not allowed":
    read_in_processes()
if how == "beside a thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()

def work(number):
    if how == "killed" and number == 300:
        os._exit(9)
    if how == "no bytes" and number == 7:
        return None
    return f"{number} {os.getpid() == here}".encode()

here = os.getpid()
print(json.dumps([data and data.decode() for data in spread(work, int(sys.argv[2]))]))
"""

SURVEY = """\
import os, sys
from pathlib import Path
from meta_pipeline.delivery.topology import TopologyDocument
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.source.processes import read_in_processes
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.repository import open_repository

if sys.argv[2] == "one":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
read_in_processes()
found = survey(open_repository(Path(sys.argv[1])).tree("main"), Policy())
print(TopologyDocument(topologies=found).model_dump_json())
"""


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@needs_two
def test_all_is_done_in_order_in_other_processes() -> None:
    assert json.loads(run(SPREAD, "allowed", "500")) == [f"{number} False" for number in range(500)]


@pytest.mark.parametrize("how, count", [("not allowed", 500), ("beside a thread", 500), ("allowed", 20)])
def test_what_may_not_or_need_not_be_shared_is_left_to_the_process_itself(how: str, count: int) -> None:
    assert json.loads(run(SPREAD, how, str(count))) == [None] * count


@needs_two
def test_what_a_killed_process_leaves_is_left_to_the_process_itself() -> None:
    found = json.loads(run(SPREAD, "killed", "500"))
    done = [each for each in found if each is not None]
    assert len(found) == 500
    assert done == [f"{number} False" for number in range(len(done))]
    assert len(done) <= 300


@needs_two
def test_what_cannot_be_handed_over_is_left_to_the_process_itself() -> None:
    found = json.loads(run(SPREAD, "no bytes", "500"))
    assert [number for number, each in enumerate(found) if each is None] == [7]


@needs_two
def test_the_topology_is_that_of_one_process(tmp_path: Path) -> None:
    dag_project(tmp_path / "dags", size=150)
    shared = run(SURVEY, str(tmp_path / "dags"), "all")
    assert shared == run(SURVEY, str(tmp_path / "dags"), "one")
    assert len(json.loads(shared)["topologies"][0]["pipelines"]) == 150
