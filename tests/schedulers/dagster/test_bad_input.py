"""Code that cannot be loaded: each kind is an error with file and line, and the other code locations stand."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.dagster.commands import DagsterRuntime
from meta_pipeline.schedulers.dagster.static.reader import read_topologies
from tests.schedulers.dagster.conftest import Runner

HEAD = "import dagster as dg\n\n"
BROKEN = {
    "syntax.py": HEAD + "@dg.asset\ndef a(:\n    ...\n\ndefs = dg.Definitions(assets=[a])\n",
    "uses_broken.py": HEAD + "from parts import broken\n\ndefs = dg.Definitions()\n",
    "exits.py": HEAD + "import sys\nsys.exit(3)\ndefs = dg.Definitions()\n",
    "exits_hard.py": HEAD + "import os\nos._exit(0)\ndefs = dg.Definitions()\n",
    "cyclic.py": HEAD
    + "@dg.asset(deps=['b'])\ndef a(): ...\n\n@dg.asset(deps=['a'])\ndef b(): ...\n\n"
    + "defs = dg.Definitions(assets=[a, b])\n",
    "twice.py": HEAD
    + "@dg.asset(name='one')\ndef a(): ...\n\n@dg.asset(name='one')\ndef b(): ...\n\n"
    + "defs = dg.Definitions(assets=[a, b])\n",
    "gone.py": HEAD
    + "@dg.asset\ndef a(): ...\n\njob = dg.define_asset_job('job', selection=['gone'])\n"
    + "defs = dg.Definitions(assets=[a], jobs=[job])\n",
}
ONLY_A_RUN_TELLS = {
    "missing.py": HEAD + "import not_there_at_all\ndefs = dg.Definitions()\n",
    "hangs.py": HEAD + "import time\n\ntime.sleep(1000)\ndefs = dg.Definitions()\n",
    "crashes.py": HEAD + "import ctypes\nctypes.string_at(0)\ndefs = dg.Definitions()\n",
}
GOOD = {
    "good.py": HEAD + "print('{}')\n\n@dg.asset\ndef fine(): ...\n\ndefs = dg.Definitions(assets=[fine])\n"
}
PARTS = {"parts/__init__.py": "", "parts/broken.py": "x = 1\ny = (\n"}


def files_of(*groups: dict[str, str]) -> dict[str, str]:
    named = [name for group in groups for name in group]
    workspace = "load_from:\n" + "".join(f"  - python_file: {name}\n" for name in named)
    return {"workspace.yaml": workspace, **PARTS, **{k: v for group in groups for k, v in group.items()}}


def places(topologies: tuple[Topology, ...]) -> dict[str, tuple[str, int | None]]:
    return {one.root: (one.errors[0].path, one.errors[0].line) for one in topologies if one.errors}


def test_source_tells_what_is_wrong_and_where() -> None:
    topologies = read_topologies(MemoryTree.of(files_of(BROKEN, GOOD)), "")
    assert places(topologies) == {
        "syntax.py": ("syntax.py", 4),
        "uses_broken.py": ("parts/broken.py", 2),
        "exits.py": ("exits.py", 4),
        "exits_hard.py": ("exits_hard.py", 4),
        "cyclic.py": ("cyclic.py", 6),
        "twice.py": ("twice.py", 6),
        "gone.py": ("gone.py", 6),
    }
    good = {one.root: one.pipelines for one in topologies}["good.py"]
    assert [node.id for node in good[0].nodes] == ["fine"]


def test_a_file_of_many_lines_is_read_whole() -> None:
    assets = "".join(f"@dg.asset\ndef a{number}():\n    return {number}\n\n\n" for number in range(4000))
    code = f"{HEAD}{assets}defs = dg.Definitions(assets=dg.load_assets_from_current_module())\n"
    (topology,) = read_topologies(MemoryTree.of({"defs.py": code}), "")
    assert (len(topology.pipelines[0].nodes), topology.errors) == (4000, ())


@pytest.mark.slow
def test_dagster_tells_what_is_wrong_and_where(run_in: Runner, tmp_path: Path) -> None:
    runtime = DagsterRuntime()
    policy = Policy(scheduler=SchedulerPolicy(kind="dagster", paths=(".",)))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = runtime.parse(policy, scratch)
    hurried = command.model_copy(update={"argv": (*command.argv, "--load-seconds", "20")})
    run_in(hurried, tmp_path / "checkout", files_of(BROKEN, ONLY_A_RUN_TELLS, GOOD))
    topologies = runtime.topologies(scratch)
    assert places(topologies) == {
        "syntax.py": ("syntax.py", 4),
        "uses_broken.py": ("parts/broken.py", 2),
        "exits.py": ("exits.py", 4),
        "exits_hard.py": ("exits_hard.py", 4),
        "cyclic.py": ("cyclic.py", 9),
        "twice.py": ("twice.py", 9),
        "gone.py": ("gone.py", 7),
        "missing.py": ("missing.py", 3),
        "hangs.py": ("hangs.py", 5),
        "crashes.py": ("crashes.py", 4),
    }
    assert [one.root for one in topologies if one.pipelines] == ["good.py"]
