"""Which files of a DAG folder are read: ignored ones, links, packaged DAGs, and files that are wrong."""

import io
import time
import zipfile
from collections.abc import Mapping

import pytest

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import SYMLINK, MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from meta_pipeline.schedulers.detect import detect
from tests.schedulers.airflow.reading import HEAD, RELEASE, read

THREE = {"requirements.txt": "apache-airflow==3.1.0\n"}


def dag(name: str) -> str:
    return HEAD + f"with DAG('{name}', schedule=None):\n    BashOperator(task_id='t')\n"


def topology(files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> Topology:
    targets = links or {}
    tree = MemoryTree.of({**RELEASE, **files, **targets}, dict.fromkeys(targets, SYMLINK))
    return read_topology(tree, "dags")


def ids(found: Topology) -> list[str]:
    return [pipeline.id for pipeline in found.pipelines]


def packed(files: Mapping[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


@pytest.mark.parametrize(
    "settings, rules, there",
    [
        ({}, "old_\\w+\n", ["kept", "sub"]),
        ({}, "sub/one # and not the rest\n", ["kept", "old"]),
        ({"airflow.cfg": "[core]\ndag_ignore_file_syntax = glob\n"}, "old_*.py\nsub/\n", ["kept"]),
        ({"Dockerfile": "ENV AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX=glob\n"}, "*.py\n!kept.py\n", ["kept"]),
        (THREE, "sub/\n!sub/one.py\n", ["kept", "old"]),
        ({**THREE, "airflow.cfg": "dag_ignore_file_syntax=regexp\n"}, "su.$", ["kept", "old"]),
    ],
)  # fmt: skip
def test_ignore_files_are_read_as_the_settings_say(
    settings: dict[str, str], rules: str, there: list[str]
) -> None:
    files = {"dags/kept.py": dag("kept"), "dags/old_1.py": dag("old"), "dags/sub/one.py": dag("sub")}
    assert ids(topology({**files, **settings, "dags/.airflowignore": rules})) == there


@pytest.mark.parametrize("syntax, rule", [("regexp", "(a+)+$"), ("regexp", "(.*)*x"), ("glob", "*a" * 40)])
def test_no_ignore_pattern_makes_the_reader_wait(syntax: str, rule: str) -> None:
    files = {
        f"dags/{'a' * 200}!.py": dag("kept"),
        "dags/.airflowignore": f"{rule}\n",
        "airflow.cfg": f"dag_ignore_file_syntax={syntax}\n",
    }
    started = time.perf_counter()
    assert ids(topology(files)) == ["kept"]
    assert time.perf_counter() - started < 2


def test_a_pattern_that_cannot_be_used_is_an_error_with_its_line() -> None:
    found = topology({"dags/one.py": dag("one"), "dags/.airflowignore": "# none\n(?=ahead)\n[\n"})
    assert ids(found) == ["one"]
    assert [(error.path, error.line) for error in found.errors] == [
        ("dags/.airflowignore", 2),
        ("dags/.airflowignore", 3),
    ]
    assert found.errors[0].message.startswith("the pattern '(?=ahead)' cannot be used: ")


def test_a_packaged_dag_is_read_with_the_modules_beside_it() -> None:
    archive = packed(
        {
            "inside.py": "from airflow import DAG\nfrom helper import NAME\nwith DAG(NAME, schedule=None):\n    pass\n",
            "helper.py": "NAME = 'packaged'\n",
            "deeper/no_dag_here.py": dag("deeper"),
        }
    )
    found = topology({"dags/team/bundle.zip": archive})
    assert found.errors == ()
    (pipeline,) = found.pipelines
    assert (pipeline.id, pipeline.path, pipeline.line) == ("packaged", "dags/team/bundle.zip/inside.py", 3)


@pytest.mark.parametrize(
    "data, message",
    [
        (b"no archive", "this packaged DAG cannot be read: File is not a zip file"),
        (packed({"big.py": "#" * 11_000_000}), "this packaged DAG cannot be read: it holds more than 10 MB"),
        (
            packed({f"f{n}.py": "" for n in range(1001)}),
            "this packaged DAG cannot be read: it holds more than 1000 files",
        ),
    ],
)
def test_a_package_that_is_broken_or_too_large_is_an_error(data: bytes, message: str) -> None:
    found = topology({"dags/bundle.zip": data, "dags/one.py": dag("one")})
    assert ids(found) == ["one"]
    assert [(error.path, error.message) for error in found.errors] == [("dags/bundle.zip", message)]


def test_links_are_followed() -> None:
    files = {"shared/team/a.py": dag("a"), "single.py": dag("single"), "dags/own.py": dag("own")}
    found = topology(files, {"dags/team": "../shared/team", "dags/one.py": "../single.py"})
    assert [(pipeline.id, pipeline.path) for pipeline in found.pipelines] == [
        ("a", "dags/team/a.py"),
        ("own", "dags/own.py"),
        ("single", "dags/one.py"),
    ]
    assert found.errors == ()


@pytest.mark.parametrize(
    "target, what",
    [
        ("../dags", "leads to the folder dags, which is read already"),
        ("..", "leads to the folder ., which is read already"),
        ("loop", "leads in a circle, to nothing, or out of the repository"),
        ("../../elsewhere", "leads in a circle, to nothing, or out of the repository"),
        ("/etc", "leads in a circle, to nothing, or out of the repository"),
    ],
)
def test_a_link_that_leads_in_a_circle_or_away_is_an_error(target: str, what: str) -> None:
    found = topology({"dags/one.py": dag("one")}, {"dags/loop": target})
    assert ids(found) == ["one"]
    assert [(error.path, error.message) for error in found.errors] == [
        ("dags/loop", f"this symbolic link {what}")
    ]


def test_tasks_in_a_circle_are_an_error_and_other_dags_stand() -> None:
    found = read(
        HEAD + "with DAG('fine', schedule=None):\n    BashOperator(task_id='t')\n"
        "with DAG('round', schedule=None):\n"
        "    a, b, c = [BashOperator(task_id=name) for name in 'abc']\n    a >> b >> c >> a\n"
    )
    assert ids(found) == ["fine"]
    (error,) = found.errors
    assert (error.path, error.line) == ("dags/one.py", 5)
    assert error.message == "the tasks of the DAG 'round' wait for each other in a circle: a >> b >> c >> a"


def test_a_file_of_twenty_thousand_lines_is_read_in_time() -> None:
    lines = "".join(f"    t{n} = BashOperator(task_id='t{n}', retries={n % 5})\n" for n in range(20_000))
    started = time.perf_counter()
    (pipeline,) = read(HEAD + "with DAG('long', schedule=None):\n" + lines).pipelines
    assert len(pipeline.nodes) == 20_000
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "[" * 150 + "]" * 150 + "\n",
        "def f(n):\n    return [f(n + 1) for _ in range(9)]\nf(0)\n",
        "for a in range(9999):\n    for b in range(9999):\n        for c in range(9999):\n            pass\n",
        "x = [BashOperator(task_id=f't{n}') for n in range(10 ** 9)]\n",
        "x = " + " + ".join(["'a'"] * 3000) + "\n",
    ],
)
def test_what_is_too_much_is_bounded_and_the_rest_stands(source: str) -> None:
    started = time.perf_counter()
    found = read(HEAD + source, dags__two=dag("two"))
    assert "two" in ids(found)
    assert time.perf_counter() - started < 15


def test_an_ignore_file_in_a_part_of_the_dag_folder_does_not_hide_the_other_parts() -> None:
    tree = MemoryTree.of(
        {"dags/sales/a.py": dag("a"), "dags/billing/b.py": dag("b"), "dags/billing/.airflowignore": "old\n"}
    )
    assert [(found.kind, found.paths) for found in detect(tree)] == [("airflow", ("dags",))]
