"""What source tells of flows, and what it says where it does not."""

import time
from collections.abc import Mapping

from meta_pipeline.delivery.topology import UNRESOLVED, Link, Topology
from meta_pipeline.delivery.tree import SYMLINK, MemoryTree
from meta_pipeline.schedulers.prefect.static.reader import read_topology

START = "from prefect import flow, task\n\n"


def read(
    files: Mapping[str, str | bytes], root: str = "flows", modes: Mapping[str, str] | None = None
) -> Topology:
    return read_topology(MemoryTree.of(files, modes), root)


def said(topology: Topology) -> list[tuple[str, int | None, str, bool]]:
    return [(error.path, error.line, error.message, error.opaque) for error in topology.errors]


def test_bad_files_are_errors_and_the_rest_stands() -> None:
    flow = "@flow\ndef {}():\n    pass\n"
    topology = read(
        {
            "flows/good.py": START + flow.format("good"),
            "flows/syntax.py": START + "@flow\ndef broken(:\n",
            "flows/latin.py": b"from prefect import flow\nNAME = '\xe9'\n",
            "flows/twin.py": START + flow.format("good"),
            "flows/loop.py": "../flows/loop.py",
        },
        modes={"flows/loop.py": SYMLINK},
    )
    assert [pipeline.id for pipeline in topology.pipelines] == ["good"]
    latin, syntax, twin = said(topology)
    assert latin[:2] == ("flows/latin.py", 2)
    assert syntax == ("flows/syntax.py", 4, "this is not Python: invalid syntax", False)
    assert twin[:3] == (
        "flows/twin.py",
        3,
        "the flow name 'good' is taken by flows/good.py:3; give one of them another name",
    )


def test_flows_that_call_each_other_are_said() -> None:
    code = START + "@flow\ndef a():\n    b()\n\n@flow\ndef b():\n    a()\n"
    topology = read({"flows/a.py": code})
    assert [(path, line) for path, line, _, _ in said(topology)] == [("flows/a.py", 3), ("flows/a.py", 7)]
    assert all("calls itself, directly or through others" in message for _, _, message, _ in said(topology))
    (node,) = topology.pipelines[0].nodes
    assert (node.id, node.kind, node.links) == ("b", "flow", (Link(kind="triggers", pipeline="b"),))


def test_a_file_of_twenty_thousand_lines_is_read_in_seconds() -> None:
    tasks = "".join(f"@task\ndef step_{n}(x):\n    return x\n\n" for n in range(2000))
    calls = "".join(f"    x = step_{n}(x)\n" for n in range(2000))
    padding = "# nothing\n" * 10_000
    started = time.perf_counter()
    topology = read({"flows/a.py": f"{START}{tasks}@flow\ndef long(x=1):\n{calls}\n{padding}"})
    assert time.perf_counter() - started < 20
    nodes = {node.id: node for node in topology.pipelines[0].nodes}
    assert len(nodes) == 2000
    assert nodes["step_1999"].upstream == ("step_1998",)


def test_what_a_deployment_names_and_is_not_there() -> None:
    files = {
        "flows/a.py": START + "@flow\ndef a():\n    pass\n",
        "prefect.yaml": (
            "deployments:\n"
            "  - {name: right, entrypoint: 'flows/a.py:a', schedules: [{cron: '@daily'}]}\n"
            "  - {name: no-function, entrypoint: 'flows/a.py:b'}\n"
            "  - {name: no-file, entrypoint: 'flows/c.py:c'}\n"
            "  - {name: '{{ $NAME }}', entrypoint: 'flows/a.py:a', schedules: [{cron: '{{ $CRON }}'}]}\n"
            "  - {name: two, entrypoint: 'flows/a.py:a', schedules: [{cron: '@daily', interval: 5}]}\n"
        ),
    }
    topology = read(files)
    assert topology.pipelines[0].schedule == UNRESOLVED
    assert said(topology) == [
        ("prefect.yaml", 3, "the deployment 'no-function' names 'b', which is no flow of flows/a.py", False),
        ("prefect.yaml", 4, "the deployment 'no-file' names flows/c.py, which is not there", False),
        ("prefect.yaml", 5, "'name' is filled in when it is deployed: {{ $NAME }}", True),
        ("prefect.yaml", 5, "this schedule is filled in when it is deployed", True),
        ("prefect.yaml", 6, "a schedule has exactly one of cron, interval and rrule", False),
    ]


def test_tasks_of_other_packages_are_only_told_by_a_run() -> None:
    code = (
        "from prefect import flow\nfrom prefect_shell import shell_run_command\n\n"
        "@flow\ndef a():\n    shell_run_command('ls')\n"
    )
    message = "whether shell_run_command of prefect_shell is a task, only a run can tell"
    assert said(read({"flows/a.py": code})) == [("flows/a.py", 6, message, True)]
