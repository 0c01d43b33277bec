"""Whatever a DAG file does when it is imported, it costs no other file: each is an error with its place."""

import io
import zipfile
from pathlib import Path

import pytest

from meta_pipeline.delivery.topology import Topology, TopologyError
from meta_pipeline.policy import LimitsPolicy
from tests.schedulers.airflow.probing import POLICY, topology, write

pytestmark = pytest.mark.airflow

HEAD = "from datetime import datetime\nfrom airflow import DAG\n"


def dag(dag_id: str) -> str:
    return f"with DAG('{dag_id}', schedule=None, start_date=datetime(2024, 1, 1)):\n    pass\n"


def packaged() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("inside.py", HEAD + dag("inside").replace(":\n", " as made:\n"))
        archive.writestr("torn.py", HEAD + "import not_in_the_archive\n")
    return made.getvalue()


BAD: dict[str, str | bytes] = {
    "dags/a_good.py": HEAD + dag("good"),
    "dags/archive.zip": packaged(),
    # Python 3.11 lets a signal escape from a loop that stands in the try itself, but not from a function.
    "dags/deaf.py": HEAD
    + "def spin():\n while True: pass\nwhile True:\n try: spin()\n except BaseException: pass\n",
    "dags/exits.py": HEAD + "import sys\nsys.exit(3)\n",
    "dags/foreign.py": HEAD + b"NAME = 'caf\xe9'\n".decode("latin-1"),
    "dags/forks.py": HEAD
    + "import os\nif os.fork() == 0:\n    import time; time.sleep(600)\n"
    + dag("forked"),
    "dags/hangs.py": HEAD + "import time\ntime.sleep(600)\n",
    "dags/interrupts.py": HEAD + "raise KeyboardInterrupt\n",
    "dags/large.py": HEAD + "".join(f"VALUE_{n} = {n}\n" for n in range(20_000)) + dag("large"),
    "dags/prints.py": HEAD + "import sys\nprint('{')\nsys.stdout.close()\n" + dag("printed"),
    "dags/provider.py": HEAD + "from airflow.providers.nowhere.operators.none import NoneOperator\n",
    "dags/quits.py": HEAD + "import os\nos._exit(0)\n",
    "dags/same_one.py": HEAD + dag("same"),
    "dags/same_two.py": HEAD + "\n\n" + dag("same"),
    "dags/segfault.py": HEAD + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "dags/syntax.py": HEAD + "with DAG('syntax'\n",
    "dags/twice.py": HEAD + dag("twice") + dag("twice").replace("None", "'@daily'"),
    "dags/z_good.py": HEAD + dag("last"),
    "dags/deep/fine.py": HEAD + dag("deep"),
}


@pytest.fixture
def found(airflow_python: Path, tmp_path: Path) -> Topology:
    files = BAD | {"dags/foreign.py": HEAD.encode() + b"NAME = 'caf\xe9'\n"}
    root = tmp_path / "checkout"
    write(root, files)
    (root / "dags/deep/loop").symlink_to(root / "dags", target_is_directory=True)
    (root / "dags/deep/self").symlink_to("self")
    return topology(airflow_python, tmp_path, files, variables={"AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "2"})


def test_each_bad_file_is_an_error_and_the_rest_stands(found: Topology) -> None:
    errors = {error.path: error for error in found.errors}
    assert [pipeline.id for pipeline in found.pipelines] == [
        *("deep", "forked", "good", "inside", "large", "last", "printed", "same", "twice"),
    ]
    said = {path: (error.line, error.message) for path, error in errors.items()}
    late = "the import took longer than 2 s, Airflow's limit (core.dagbag_import_timeout); "
    ends = "the import of this file ends the whole process ({}); remove the call that ends it"
    assert said == {
        "dags/archive.zip/torn.py": (3, "ModuleNotFoundError: No module named 'not_in_the_archive'"),
        "dags/deaf.py": (
            said["dags/deaf.py"][0],
            "the import of this file goes on without end, and takes no notice of Airflow's own limit; mend it",
        ),
        "dags/deep/loop": (
            1,
            "this link leads back to dags: of a folder with such a loop Airflow reads no DAG at all; remove the link",
        ),
        "dags/exits.py": (4, "SystemExit: 3"),
        "dags/foreign.py": said["dags/foreign.py"],
        "dags/hangs.py": (4, late + "move slow work into the tasks"),
        "dags/interrupts.py": (3, "KeyboardInterrupt"),
        "dags/provider.py": (3, "ModuleNotFoundError: No module named 'airflow.providers.nowhere'"),
        "dags/quits.py": (4, ends.format("exit status 0")),
        "dags/same_two.py": (
            5,
            "the DAG id 'same' is taken by dags/same_one.py:3; give one of them another id",
        ),
        "dags/segfault.py": (4, ends.format("signal SIGKILL")),
        "dags/syntax.py": (3, "SyntaxError: '(' was never closed"),
        "dags/twice.py": (5, "the DAG id 'twice' is taken by dags/twice.py:3; give one of them another id"),
    }
    assert said["dags/deaf.py"][0] in range(3, 8)
    assert "utf-8" in said["dags/foreign.py"][1]
    assert said["dags/foreign.py"][0] is not None


def test_files_that_no_time_is_left_for_are_named(airflow_python: Path, tmp_path: Path) -> None:
    files = {
        "dags/first.py": HEAD + "import time\ntime.sleep(600)\n",
        "dags/second.py": HEAD + dag("second"),
    }
    hurried = POLICY.model_copy(update={"limits": LimitsPolicy(seconds=16)})
    found = topology(airflow_python, tmp_path, files, hurried)
    assert {error.path for error in found.errors} >= {"dags/first.py"}
    assert (
        TopologyError(
            path="dags/second.py",
            line=None,
            message=(
                "there was no time left to import this file: those before it took all of it; "
                "mend the slow ones, or raise limits.seconds"
            ),
        )
        in found.errors
    )
