import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.workspace import environment
from meta_pipeline.workspace.environment import Built, CannotBuild, build_environment, tool_versions
from meta_pipeline.workspace.installer import find_interpreter
from meta_pipeline.workspace.process import run
from meta_pipeline.workspace.sandbox import detect_sandbox

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PINNED = "iniconfig==2.0.0\n"
HASHED = "iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n"


def build(
    root: Path, files: dict[str, str | bytes], *, python: str = PYTHON, resolve_as_of: str | None = None
) -> Built | CannotBuild:
    roots = tuple(path for path in files if path.endswith("requirements.txt"))
    policy = EnvironmentPolicy(python=python, requirements=roots, resolve_as_of=resolve_as_of)
    return build_environment(root, MemoryTree.of(files), policy, detect_sandbox())


def built(root: Path, files: dict[str, str | bytes], *, resolve_as_of: str | None = None) -> Built:
    outcome = build(root, files, resolve_as_of=resolve_as_of)
    assert isinstance(outcome, Built), outcome
    return outcome


def refused(root: Path, files: dict[str, str | bytes], *, python: str = PYTHON) -> str:
    outcome = build(root, files, python=python)
    assert isinstance(outcome, CannotBuild), outcome
    return outcome.reason


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder that these tests share, as its cache saves the downloads."""
    return tmp_path_factory.mktemp("state")


def test_works_in_the_sandbox_and_is_built_once(state: Path, tmp_path: Path) -> None:
    first = built(state, {"requirements.txt": PINNED})
    written = (first.path / ".ready").stat().st_mtime_ns
    again = built(state, {"requirements.txt": PINNED, "other.txt": "irrelevant"})

    assert again == first
    assert (again.path / ".ready").stat().st_mtime_ns == written
    assert first.packages == (("iniconfig", "2.0.0"),)
    assert tool_versions(first, ("pytest", "iniconfig")) == (("iniconfig", "2.0.0"),)
    script = "import iniconfig, sys; print(iniconfig.__cached__, sys.prefix)"
    command = Command(name="import", argv=("python", "-c", script), shown_as="python")
    ran = run(
        command,
        cwd=tmp_path,
        path=f"{first.programs}:/usr/bin:/bin",
        variables={},
        sandbox=detect_sandbox().opened(read_only=first.folders),
    )
    cached, prefix = ran.stdout.decode().split()
    assert Path(prefix) == first.path
    assert Path(cached).is_file(), "the byte code was written when the environment was built"


def test_its_programs_outlive_a_link_to_it(tmp_path: Path) -> None:
    lasting, linked = tmp_path / "lasting", tmp_path / "home" / "environments"
    lasting.mkdir()
    linked.parent.mkdir()
    linked.symlink_to(lasting)

    outcome = built(linked.parent, {})

    assert outcome.path.parent == lasting


def test_without_requirements_it_holds_only_python(state: Path) -> None:
    outcome = built(state, {})

    assert outcome.packages == ()
    assert outcome.python.exists()


def test_included_files_and_the_date_make_another_environment(state: Path) -> None:
    nested: dict[str, str | bytes] = {
        "ci/requirements.txt": "-r ../base.txt  # shared\n-c constraints.txt\n",
        "ci/constraints.txt": "iniconfig<2.1\n",
        "base.txt": "iniconfig\n",
    }

    loose = built(state, nested, resolve_as_of="2025-01-01")
    older = built(state, {**nested, "ci/constraints.txt": "iniconfig<2\n"}, resolve_as_of="2025-01-01")
    as_of_then = built(state, nested, resolve_as_of="2022-12-31")

    assert [e.packages[0][1] for e in (loose, older, as_of_then)] == ["2.0.0", "1.1.1", "1.1.1"]
    assert len({loose.digest, older.digest, as_of_then.digest}) == 3


def test_hashes_are_demanded_where_the_file_has_them(state: Path) -> None:
    assert built(state, {"requirements.txt": HASHED}).packages == (("iniconfig", "2.0.0"),)
    assert "hash" in refused(state, {"requirements.txt": HASHED + "six==1.16.0\n"}).casefold()
    assert "hash" in refused(state, {"requirements.txt": HASHED.replace("b6a8", "0000")}).casefold()


def test_a_half_built_one_is_built_again(state: Path) -> None:
    whole = built(state, {"requirements.txt": PINNED})
    (whole.path / ".ready").unlink()
    (whole.path / "bin/python").unlink()

    assert built(state, {"requirements.txt": PINNED}) == whole
    assert (whole.path / "bin/python").exists()


def test_two_that_want_the_same_one_build_it_once(state: Path) -> None:
    files: dict[str, str | bytes] = {"requirements.txt": "iniconfig==2.0.0\n# both at once\n"}
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda _: built(state, files), range(3)))

    assert len(set(outcomes)) == 1


def test_says_what_is_wrong_and_how_to_mend_it(state: Path) -> None:
    assert "no Python 3.4 on this machine; install it" in refused(state, {}, python="3.4")
    assert "no version of iniconfig==99" in refused(state, {"requirements.txt": "iniconfig==99\n"})
    assert "requirements.txt:2 names 'gone.txt'" in refused(state, {"requirements.txt": "six\n-r gone.txt\n"})
    outside = refused(state, {"requirements.txt": "-r ../../etc/passwd\n"})
    assert "requirements.txt:1 names '../../etc/passwd', which is not in the repository" in outside
    for line in ("-e .", "--editable=./lib", ".", "./lib", "lib @ file:///srv/lib"):
        assert "requirements.txt:1" in refused(state, {"requirements.txt": f"{line}\n"})
    assert not list((state / "environments").glob("*.requirements"))


HOSTILE_SETUP = """
import os, pathlib
from setuptools import setup
seen = [p for p in (os.environ.get("PLANTED"), "/etc/shadow", {secret!r}) if p and os.access(p, os.R_OK)]
for place in ("/usr/planted", {planted!r}):
    try:
        pathlib.Path(place).touch()
    except OSError:
        pass
setup(name="hostile", version="0." + str(len(seen)), py_modules=[])
"""


def test_a_source_distribution_is_built_in_the_sandbox(state: Path, tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    secret, planted = tmp_path / "secret", Path.home() / ".meta-pipeline-planted"
    secret.write_text("hidden")
    project = tmp_path / "hostile-1"
    project.mkdir()
    (project / "setup.py").write_text(HOSTILE_SETUP.format(secret=str(secret), planted=str(planted)))
    (project / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1\n")
    archive = tmp_path / "hostile-1.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", tmp_path, "hostile-1"], check=True)
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONUNBUFFERED": "1"},
    ) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split(" port ")[1].split()[0]
        line = f"hostile @ http://127.0.0.1:{port}/hostile-1.tar.gz\n"
        hostile = built(state, {"requirements.txt": line})
        server.kill()

    assert not planted.exists()
    assert not Path("/usr/planted").exists()
    assert hostile.packages == (("hostile", "0.0"),), "its version counts what it saw"


def test_a_link_in_an_environment_is_not_compiled(state: Path, tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    interpreter = find_interpreter(state, PYTHON)
    assert interpreter is not None
    place, given = tmp_path / "environment", tmp_path / "given"
    for folder in (place / "bin", place / "lib", given):
        folder.mkdir(parents=True)
    (place / "bin" / "python").symlink_to(interpreter.path)
    (tmp_path / "operators.py").write_text("key = 'hidden'\n")
    (place / "lib" / "own.py").write_text("key = 1\n")
    (place / "lib" / "link.py").symlink_to(tmp_path / "operators.py")

    environment._compile(place, interpreter, given, detect_sandbox())

    compiled = (place / "lib" / "__pycache__").iterdir()
    assert [file.name.partition(".")[0] for file in compiled] == ["own"]
