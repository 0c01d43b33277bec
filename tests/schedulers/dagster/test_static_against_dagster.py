"""What is read from source is what Dagster itself sees, in every field."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.dagster.code_forms import FORMS
from tests.schedulers.dagster.comparing import facts
from tests.schedulers.dagster.component_forms import COMPONENT_FORMS, DBT
from tests.schedulers.dagster.conftest import Runner
from tests.schedulers.dagster.team_forms import TEAM_FORMS

DAGSTER = DagsterRuntime()
POLICY = Policy(scheduler=SchedulerPolicy(kind="dagster", paths=(".",)))


def test_static_and_runtime_agree(run_in: Runner, tmp_path: Path) -> None:
    compare(run_in, tmp_path, FORMS)


def test_they_agree_on_the_styles_of_teams(run_in: Runner, tmp_path: Path) -> None:
    compare(run_in, tmp_path, TEAM_FORMS)


@pytest.mark.slow
def test_they_agree_on_dbt_and_components(
    run_in: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    project = tmp_path / "checkout" / DBT
    for name, content in COMPONENT_FORMS.items():
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    parse = ("dbt", "parse", "--quiet", "--project-dir", str(project), "--profiles-dir", str(project))
    subprocess.run(parse, check=True, capture_output=True, cwd=tmp_path)
    compare(run_in, tmp_path, COMPONENT_FORMS)


def compare(run_in: Runner, folder: Path, forms: Mapping[str, str]) -> None:
    scratch = folder / "scratch"
    scratch.mkdir()
    run_in(DAGSTER.parse(POLICY, scratch), folder / "checkout", forms)
    runtime = DAGSTER.topologies(scratch)
    static = tuple(one for one in survey(MemoryTree.of(forms), POLICY) if one.scheduler == "dagster")
    assert [error for topology in (*runtime, *static) for error in topology.errors] == []
    # Named here, as a location that both sides skip would agree with anything.
    assert ids(runtime) == ids(static)
    said, seen = facts(runtime), facts(static)
    apart = {place for place in said.keys() | seen.keys() if said.get(place) != seen.get(place)}
    assert {place: (said.get(place), seen.get(place)) for place in apart} == {}
    told, found = places(runtime), places(static)
    assert {place: (there, found[place]) for place, there in told.items() if found[place] != there} == {}


def ids(topologies: tuple[Topology, ...]) -> dict[str, list[str]]:
    return {topology.root: [pipeline.id for pipeline in topology.pipelines] for topology in topologies}


def places(topologies: tuple[Topology, ...]) -> dict[tuple[str, str], tuple[str | None, int | None]]:
    """Where each op and asset is written, as far as Dagster tells."""
    return {
        (topology.root, node.id): (node.path, node.line)
        for topology in topologies
        for pipeline in topology.pipelines
        for node in pipeline.nodes
        if node.kind in ("op", "asset", "asset_check") and (node.path or topology.method == "static")
    }
