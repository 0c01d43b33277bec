"""The static topology of each feature is what dbt itself makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import DbtPolicy, EnvironmentPolicy
from meta_pipeline.schedulers.dbt.answer import read_answer
from meta_pipeline.schedulers.dbt.commands import answer_file, parse_command
from meta_pipeline.schedulers.dbt.manifest import topology_of
from meta_pipeline.schedulers.dbt.static.reader import read_topologies
from meta_pipeline.workspace.environment import Built, build_environment
from meta_pipeline.workspace.sandbox import detect_sandbox
from tests.schedulers.dbt.features import PROJECTS
from tests.schedulers.dbt.model_features import Files

QUICK = ("jinja", "exposed")
"""These two hold most; the others take as long each and run with the slow tests."""
NOT_KNOWN = {
    "sources": {"b": "reads"},
    "settings": {"five": "writes", "three": "writes"},
}
"""What the profile decides, which no file of the project says: the schema of the target, its name."""


def asked(files: Files, folder: Path, dbt: Path) -> tuple[Topology, Topology]:
    """The topology of a project as it is read from source, and as dbt has it."""
    for path, text in files.items():
        place = folder / "project" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
    (static,) = (one for one in read_topologies(MemoryTree.of(files), ".") if one.root == ".")
    scratch = folder / "scratch"
    scratch.mkdir()
    command = parse_command(DbtPolicy(project=".", profiles="."), scratch)
    variables = {**os.environ, **dict(command.variables), "PATH": f"{dbt.parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        command.argv, cwd=folder / "project", env=variables, capture_output=True, text=True, check=False
    )
    answer = read_answer(answer_file(scratch))
    assert answer.manifest is not None, (ran.stdout[-2000:], answer.errors)
    return static, topology_of(answer.manifest, ".", static)


def stated(node: Node) -> dict[str, object]:
    return node.model_dump(exclude={"line"})


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in PROJECTS]
)
def test_static_and_dbt_say_the_same(name: str, tmp_path: Path) -> None:
    static, runtime = asked(PROJECTS[name], tmp_path, Path(sys.executable).with_name("dbt"))
    ours = {node.id: stated(node) for node in static.pipelines[0].nodes}
    theirs = {node.id: stated(node) for node in runtime.pipelines[0].nodes}
    for node_id, field in NOT_KNOWN.get(name, {}).items():
        assert UNRESOLVED in str(ours[node_id][field])
        ours[node_id][field] = theirs[node_id][field]
    assert ours == theirs
    assert static.datasets == runtime.datasets
    assert static.errors == ()


@pytest.mark.slow
@pytest.mark.parametrize("release", ["1.8.10", "1.9.11", "1.10.23"])
def test_an_older_dbt_says_the_same_too(release: str, tmp_path: Path, shared_environments: Path) -> None:
    pins = f"dbt-core=={release}\ndbt-duckdb<1.11\n"
    policy = EnvironmentPolicy(requirements=("requirements.txt",))
    tree = MemoryTree.of({"requirements.txt": pins})
    built = build_environment(shared_environments, tree, policy, detect_sandbox())
    assert isinstance(built, Built), built
    files = {**PROJECTS["snapshots_and_seeds"], "requirements.txt": pins}
    static, runtime = asked(files, tmp_path, built.python.with_name("dbt"))
    assert static.version == runtime.version == release
    theirs = {node.id: stated(node) for node in runtime.pipelines[0].nodes}
    assert {node.id: stated(node) for node in static.pipelines[0].nodes} == theirs
