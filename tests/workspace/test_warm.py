"""A command that a warm process runs is as one that was started for itself, whatever the one before it did."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox, interpreter_folders
from meta_pipeline.workspace.warm import WarmProcess, Warmth, warm_process
from tests.conftest import ROOT

SYSTEM_PATH = "/usr/bin:/bin"
PYTHON = Path(sys.executable)

# `decimal` stands for the package that takes long to import.
PLAIN = """
import decimal, json, os, sys
decimal.getcontext()
print(json.dumps([sys.argv[1:], os.getcwd().split("/")[-1], sorted(os.environ), sys.stdin.read(), __name__]))
print([os.path.exists(os.environ[name] + "/left") for name in ("HOME", "TMPDIR")], file=sys.stderr)
open("made", "w").write(os.environ["GIVEN"])
sys.exit(3)
"""

HOSTILE = {
    "exits at once": "import os; os._exit(0)",
    "spoils its modules": "import sys, decimal; decimal.getcontext = None; sys.modules['json'] = None",
    "never ends": "while True: pass",
    "takes all memory": "held = [bytearray(50_000_000) for _ in range(100)]\nwhile True: pass",
    "kills its parent": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
    "stops its parent": "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass",
    "stops its parent and ends": "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)",
    "leaves processes": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)",
    "prints without end": "while True: print('x' * 100_000)",
    "fills its error output": "import sys\nwhile True: sys.stderr.write('x' * 100_000)",
    "closes its output": "import os\nfor number in range(256):\n    try: os.close(number)\n    except OSError: pass",
    "lets its child come back": "import os\nos.fork()",
    "puts a link in place of the room": (
        "import os, pathlib\nroom = pathlib.Path.cwd().parent\n"
        "room.rename(room.with_name('moved'))\nroom.symlink_to('moved')"
    ),
    "fills home and /tmp": (
        "import os, pathlib\nfor name in ('HOME', 'TMPDIR'): pathlib.Path(os.environ[name], 'left').mkdir()"
    ),
    "limits its parent": (
        "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0))"
    ),
}


@pytest.fixture(params=["none", "bubblewrap"])
def walls(request: pytest.FixtureRequest) -> Sandbox:
    found = Sandbox("none", "for the test") if request.param == "none" else detect_sandbox()
    if request.param == "bubblewrap" and found.kind == "none":
        pytest.skip(f"{found.reason}; run scripts/install-system-packages as root")
    return found.opened(read_only=(Path(sys.prefix), *interpreter_folders(PYTHON)))


@pytest.fixture
def warm(walls: Sandbox) -> Iterator[WarmProcess]:
    with warm_process(warmth(walls)) as process:
        yield process


def warmth(walls: Sandbox, *modules: str) -> Warmth:
    return Warmth(PYTHON, modules or ("decimal", "not_installed_anywhere"), SYSTEM_PATH, {}, walls)


def command(script: str, folder: Path, *arguments: str) -> Command:
    """Runs a script that lies in `folder`, which is made."""
    folder.mkdir(parents=True)
    (folder / "script.py").write_text(script)
    return Command(
        name="test",
        argv=("python", str(folder / "script.py"), *arguments),
        shown_as="python script.py",
        variables=(("GIVEN", "value"),),
        seconds=3,
        memory_mb=400,
        output_mb=1,
    )


def run_warm(warm: WarmProcess, script: str) -> tuple[Ran | None, Path]:
    with warm.turn() as room:
        folder = room / f"checkout-{time.monotonic_ns()}"
        asked = command(script, folder, "a", "b c")
        return warm.run(asked, cwd=folder, variables={"FROM": "the bench"}), folder


def run_cold(walls: Sandbox, script: str, folder: Path) -> Ran:
    asked = command(script, folder, "a", "b c")
    asked = asked.model_copy(update={"argv": (str(PYTHON), *asked.argv[1:])})
    opened = walls.opened(writable=(folder,))
    return run(asked, cwd=folder, path=SYSTEM_PATH, variables={"FROM": "the bench"}, sandbox=opened)


def said(ran: Ran | None) -> tuple[int | None, str | None, bytes, bytes]:
    assert ran is not None
    return (ran.exit, ran.ended_by, ran.stdout, ran.stderr)


def test_a_command_is_as_one_started_for_itself(warm: WarmProcess, walls: Sandbox, tmp_path: Path) -> None:
    cold = run_cold(walls, PLAIN, tmp_path / "checkout")
    ran, folder = run_warm(warm, PLAIN)
    expected = cold.stdout.replace(b'"checkout"', f'"{folder.name}"'.encode())
    assert said(ran) == (3, None, expected, cold.stderr)
    assert (folder / "made").read_text() == "value"


def test_what_the_sandbox_shows_stays_for_the_next_command(tmp_path: Path) -> None:
    # Where a project lies below /tmp, so do the scripts of ours that the sandbox shows.
    found = detect_sandbox()
    if found.kind == "none":
        pytest.skip(f"{found.reason}; run scripts/install-system-packages as root")
    probe, folder = tmp_path / "probe.py", tmp_path / "shown"
    probe.write_text("print('asked')")
    folder.mkdir()
    packages = (Path(sys.prefix), *interpreter_folders(PYTHON))
    walls = found.opened(read_only=(*packages, probe, folder))
    with warm_process(warmth(walls)) as warm:
        for number in range(2):
            with warm.turn() as room:
                checkout = room / str(number)
                asked = command(PLAIN, checkout).model_copy(update={"argv": ("python", str(probe))})
                assert said(warm.run(asked, cwd=checkout, variables={})) == (0, None, b"asked\n", b"")


@pytest.mark.parametrize("what", HOSTILE)
def test_the_next_command_is_as_if_it_were_the_first(warm: WarmProcess, walls: Sandbox, what: str) -> None:
    first, _ = run_warm(warm, PLAIN)
    began = time.monotonic()
    run_warm(warm, HOSTILE[what])
    assert time.monotonic() - began < 20
    after, folder = run_warm(warm, PLAIN)
    if after is None:
        # The process was given up; the command is started for itself.
        after = run_cold(walls, PLAIN, folder.with_name("again"))
    assert first is not None
    assert (after.exit, after.stderr) == (first.exit, first.stderr)
    assert after.stdout.count(b'"__main__"') == 1


def test_limits_are_those_of_any_command(warm: WarmProcess) -> None:
    ended = {what: run_warm(warm, HOSTILE[what])[0] for what in ("never ends", "takes all memory")}
    ended["prints without end"], _ = run_warm(warm, HOSTILE["prints without end"])
    assert {what: ran and (ran.exit, ran.ended_by) for what, ran in ended.items()} == {
        "never ends": (None, "time"),
        "takes all memory": (None, "memory"),
        "prints without end": (None, "output"),
    }
    # A limit is the command's own fault: the process goes on.
    assert run_warm(warm, PLAIN)[0] is not None


def test_the_imports_are_kept(walls: Sandbox) -> None:
    script = "import sys\nprint('decimal' in sys.modules, 'email.mime.text' in sys.modules)"
    with warm_process(warmth(walls, "decimal")) as warm:
        assert said(run_warm(warm, script)[0])[2] == b"True False\n"


def test_a_fork_cannot_read_the_process_it_came_from(warm: WarmProcess) -> None:
    script = """
import os
parent = os.getppid()
for name in ("mem", "environ", "fd/0", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7"):
    try:
        os.readlink(f"/proc/{parent}/{name}") if "/" in name else open(f"/proc/{parent}/{name}")
        print(name)
    except OSError:
        pass
"""
    if warm.warmth.sandbox.kind == "none" and os.geteuid() == 0:
        pytest.skip("root may read every process where there is no sandbox")
    assert said(run_warm(warm, script)[0])[2] == b""


def test_a_fork_cannot_change_the_process_it_came_from(warm: WarmProcess) -> None:
    script = """
import ctypes, os
libc, parent, own = ctypes.CDLL(None), os.getppid(), ctypes.create_string_buffer(8)
class Place(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
here = Place(ctypes.addressof(own), 8)
# The process was forked: what is here in one is there in the other.
if libc.process_vm_writev(parent, ctypes.byref(here), 1, ctypes.byref(here), 1, 0) == 8:
    print("writes memory")
if libc.ptrace(16, parent, None, None) == 0:
    print("traces")
handle = libc.syscall(434, parent, 0)
for number in range(16):
    if handle >= 0 and libc.syscall(438, handle, number, 0) >= 0:
        print("takes descriptor", number)
"""
    if warm.warmth.sandbox.kind == "none" and os.geteuid() == 0:
        pytest.skip("root may change every process where there is no sandbox")
    assert said(run_warm(warm, script)[0])[:3] == (0, None, b"")
    assert warm.alive


def test_a_link_in_place_of_the_room_leads_nowhere(warm: WarmProcess, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "file").write_text("kept")
    script = f"""
import os
room = os.path.dirname(os.getcwd())
try:
    os.rename(room, room + "-moved")
    os.symlink({str(kept)!r}, room)
except OSError:
    pass
"""
    run_warm(warm, script)
    assert warm.room.is_dir()
    assert not warm.room.is_symlink()
    assert (kept / "file").read_text() == "kept"


def test_a_link_in_place_of_a_checkout_leads_nowhere(warm: WarmProcess, tmp_path: Path) -> None:
    script = f"""
import os, shutil
here = os.getcwd()
os.chdir("/")
shutil.rmtree(here)
os.symlink({str(tmp_path)!r}, here)
"""
    _, folder = run_warm(warm, script)
    assert folder.is_dir()
    assert not folder.is_symlink()
    assert list(folder.iterdir()) == []


def test_base_does_not_see_what_head_is_given(walls: Sandbox) -> None:
    if walls.kind == "none":
        pytest.skip("nothing is kept from a command without a sandbox")
    with warm_process(warmth(walls)) as base, warm_process(warmth(walls)) as head, head.turn() as room:
        (room / "secret").mkdir()
        ran, _ = run_warm(base, f"import os; print(os.path.exists({str(room)!r}))")
        assert said(ran)[2] == b"False\n"


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_one_that_cannot_start_leaves_its_commands_to_others(walls: Sandbox, python: str) -> None:
    with warm_process(Warmth(Path(python), ("decimal",), SYSTEM_PATH, {}, walls)) as warm:
        assert run_warm(warm, PLAIN)[0] is None


def test_nothing_is_left_behind(walls: Sandbox) -> None:
    with warm_process(warmth(walls)) as warm:
        run_warm(warm, HOSTILE["leaves processes"])
        assert _processes(warm.private)
        private = warm.private
    assert _processes(private) == []
    assert not private.exists()


def test_nothing_is_left_behind_by_one_that_is_ended_from_outside(tmp_path: Path) -> None:
    script = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from tests.workspace.test_warm import *
walls = detect_sandbox().opened(read_only=(Path(sys.prefix), *interpreter_folders(PYTHON)))
with warm_process(warmth(walls)) as warm:
    run_warm(warm, PLAIN)
    print(warm.private, flush=True)
    run_warm(warm, "import time; time.sleep(600)")
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout is not None
        private = Path(ours.stdout.readline().strip())
        time.sleep(0.5)
        assert _processes(private)
        ours.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert _processes(private) == []


def _processes(private: Path) -> list[int]:
    """The processes whose private folder this is."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR", "").startswith(str(private)):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
