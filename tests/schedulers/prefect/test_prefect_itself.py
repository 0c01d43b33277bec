"""What Prefect's probe says of files that do not load, flows that cannot be followed, and runs that fail."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.prefect.commands import PrefectRuntime
from tests.schedulers.prefect.conftest import Runner

PREFECT = PrefectRuntime()
GOOD = """\
from prefect import flow, task

@task
def step():
    print("a line on standard output")

@flow
def good():
    step()
"""
BROKEN: Mapping[str, str | bytes] = {
    "flows/good.py": GOOD,
    "flows/syntax.py": "from prefect import flow\n@flow\ndef broken(:\n    pass\n",
    "flows/importing.py": "from prefect import flow\nimport nowhere_to_be_found\n",
    "flows/exits.py": "from prefect import flow\nimport sys\nsys.exit(3)\n",
    "flows/dies.py": "from prefect import flow\nimport os\nos._exit(7)\n",
    "flows/prints.py": "from prefect import flow\nprint('{}' * 10)\n@flow\ndef prints():\n    print(1)\n",
    "flows/latin.py": b"from prefect import flow\nNAME = '\xe9'\n",
    "flows/secret.py": (
        "from prefect import flow\nfrom prefect.blocks.system import Secret\n\n"
        "TOKEN = Secret.load('api-token').get()\n"
    ),
    "flows/twin.py": "from prefect import flow\n\n@flow\ndef good():\n    print(2)\n",
}


def parsed(run_in: Runner, tmp_path: Path, files: Mapping[str, str | bytes], policy: Policy) -> Topology:
    root, scratch = tmp_path / "checkout", tmp_path / "scratch"
    scratch.mkdir()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    run_in(PREFECT.parse(policy, scratch), root)
    (topology,) = PREFECT.topologies(scratch)
    return topology


def policy_of(dry_run: DryRunPolicy | None = None) -> Policy:
    return Policy(
        scheduler=SchedulerPolicy(kind="prefect", paths=("flows",)), dry_run=dry_run or DryRunPolicy()
    )


def test_what_does_not_load_is_an_error_and_the_rest_stands(run_in: Runner, tmp_path: Path) -> None:
    topology = parsed(run_in, tmp_path, BROKEN, policy_of())
    assert [pipeline.id for pipeline in topology.pipelines] == ["good", "prints"]
    said = {(error.path, error.line): error.message for error in topology.errors}
    assert said == {
        ("flows/dies.py", None): "the file cannot be loaded: it ended the process with exit code 7",
        ("flows/exits.py", 3): "SystemExit: 3",
        ("flows/importing.py", 2): "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ("flows/latin.py", 2): said["flows/latin.py", 2],
        ("flows/secret.py", 4): (
            "MissingError: the block 'secret/api-token' has no stand-in; add it under dry_run.connections"
        ),
        ("flows/syntax.py", 3): "SyntaxError: invalid syntax",
        ("flows/twin.py", 3): (
            "the flow name 'good' is taken by flows/good.py:7; give one of them another name"
        ),
    }
    assert "utf-8" in said["flows/latin.py", 2]


def test_stand_ins_of_the_policy_take_the_place_of_blocks_and_variables(
    run_in: Runner, tmp_path: Path
) -> None:
    code = """\
from prefect import flow, task
from prefect.blocks.system import Secret
from prefect.variables import Variable

TOKEN = Secret.load("api-token").get()
RETRIES = Variable.get("retries")

@task(retries=RETRIES, name=TOKEN)
def step():
    pass

@flow
def secretive():
    step()
"""
    stand_ins = DryRunPolicy(variables={"retries": "4"}, connections={"secret/api-token": "hushed"})
    topology = parsed(run_in, tmp_path, {"flows/one.py": code}, policy_of(stand_ins))
    assert topology.errors == ()
    (node,) = topology.pipelines[0].nodes
    assert (node.id, node.retries) == ("hushed", 4)


def test_a_flow_that_cannot_be_followed_says_why(run_in: Runner, tmp_path: Path) -> None:
    code = """\
from prefect import flow, task

@task
def step(rows):
    return rows

@flow
def reads(path: str = "nowhere.csv"):
    step(1)
    with open(path) as file:
        step(file.read())
"""
    topology = parsed(run_in, tmp_path, {"flows/one.py": code}, policy_of())
    (error,) = topology.errors
    assert (error.path, error.line, error.opaque) == ("flows/one.py", 7, True)
    assert error.message.startswith("only a run tells all that the flow 'reads' calls: FileNotFoundError")
    assert [node.id for node in topology.pipelines[0].nodes] == ["step"]


@pytest.mark.slow
def test_a_run_that_fails_says_where_and_is_not_tried_again(run_in: Runner, tmp_path: Path) -> None:
    code = """\
from pathlib import Path

from prefect import flow, task
from prefect.deployments import run_deployment

def page(*_):
    Path("paged").touch()

@task(retries=3, retry_delay_seconds=60)
def falls():
    with Path("tries").open("a") as file:
        file.write("x")
    raise ValueError("the drop is empty")

@flow(retries=2, on_failure=[page])
def fails(day: str):
    run_deployment("other/daily")
    falls()

@flow
def whole():
    pass
"""
    (tmp_path / "checkout" / "flows").mkdir(parents=True)
    (tmp_path / "checkout" / "flows" / "one.py").write_text(code)
    (tmp_path / "scratch").mkdir()
    stand_ins = DryRunPolicy(parameters={"fails": {"day": "x"}}, nodes={"whole": ("a",)})
    command = PREFECT.dry_run(policy_of(stand_ins), tmp_path / "scratch", ["fails", "whole"])
    run_in(command, tmp_path / "checkout")
    fails, whole = PREFECT.runs(tmp_path / "scratch")
    assert (fails.succeeded, fails.error) == (False, "ValueError: the drop is empty")
    assert {node.id: node.state for node in fails.nodes} == {"falls": "failed", "other/daily": "skipped"}
    assert (tmp_path / "checkout" / "tries").read_text() == "x"
    assert not (tmp_path / "checkout" / "paged").exists()
    assert whole.error == (
        "Prefect runs a flow whole, so no tasks of it can be chosen; take it out of dry_run.nodes"
    )
