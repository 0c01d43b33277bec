"""The shipped Dagster target, read from source and by its own Dagster, and its dry run."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.conftest import ROOT

TARGET = ROOT / "target_repo_fixtures" / "dagster_sales"
DAGSTER = DagsterRuntime()
WRITTEN_IN = {"nightly_sales": "jobs", "payment_reconciliation": "reconciliation", "shipping_backlog": "jobs"}
"""Of a job Dagster knows the file that lists it, source the one that it is written in."""


def without_dbt(topologies: tuple[Topology, ...]) -> tuple[Topology, ...]:
    """What dbt's manifest lists is one node from source, and a node for each model and test for Dagster."""
    kept = []
    for topology in topologies:
        pipelines = []
        for pipeline in topology.pipelines:
            models = {node.id for node in pipeline.nodes if node.kind in ("dbt_model", "dbt_assets")}
            nodes = [n for n in pipeline.nodes if n.id.partition(":")[0] not in models]
            pipelines.append(pipeline.model_copy(update={"nodes": tuple(nodes)}))
        kept.append(topology.model_copy(update={"pipelines": tuple(pipelines)}))
    return tuple(kept)


@pytest.mark.slow
def test_the_shipped_target(shared_environments: Path, tmp_path: Path) -> None:
    files: Mapping[str, bytes] = {
        str((Path(folder) / name).relative_to(TARGET)): (Path(folder) / name).read_bytes()
        for folder, _, names in os.walk(TARGET)
        for name in names
    }
    tree = MemoryTree.of(files)
    policy = read_policy(files[POLICY_FILE].decode())
    built = build_environment(shared_environments, tree, policy.environment, detect_sandbox())
    assert isinstance(built, Built), built
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)

    def run(command: Command) -> None:
        variables = {**policy.environment.variables, **dict(command.variables), "PYTHONPATH": str(root)}
        argv = [str(built.python), *command.argv[1:]]
        path = f"{built.programs}:/usr/bin:/bin"
        done = subprocess.run(
            argv,
            cwd=root,
            env={"PATH": path, **variables},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    run(DAGSTER.parse(policy, scratch))
    runtime = DAGSTER.topologies(scratch)
    static = tuple(topology for topology in survey(tree, policy) if topology.scheduler == "dagster")
    assert [error for topology in runtime for error in topology.errors] == []
    assert [error for topology in static for error in topology.errors] == []
    apart = differences(without_dbt(runtime), without_dbt(static))
    assert [difference.sentence for difference in apart] == [
        f"pipeline {job} is now defined in storefront/{written}.py instead of storefront/definitions.py"
        for job, written in WRITTEN_IN.items()
    ]

    run(DAGSTER.dry_run(policy, scratch, ("nightly_sales", "payment_reconciliation", "shipping_backlog")))
    runs = DAGSTER.runs(scratch)
    assert [(one.pipeline, one.succeeded, one.error) for one in runs] == [
        ("nightly_sales", True, None),
        ("payment_reconciliation", True, None),
        ("shipping_backlog", True, None),
    ]
    assert "fct_orders" in {node.id for node in runs[0].nodes}
