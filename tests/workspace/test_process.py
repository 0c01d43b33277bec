import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.process import SandboxFault, run, split_command
from meta_pipeline.workspace.sandbox import Sandbox, detect_sandbox, interpreter_folders

OPEN = Sandbox("none", "for the test")
SYSTEM_PATH = "/usr/bin:/bin"


@pytest.fixture(params=["none", "bubblewrap"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    if request.param == "none":
        return OPEN
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    return detect_sandbox()


def shell(script: str, **limits: float) -> Command:
    return Command.model_validate(
        {"name": "test", "argv": ("sh", "-c", script), "shown_as": script, **limits}
    )


def python(script: str, **limits: float) -> Command:
    argv = (str(Path(sys.executable)), "-c", script)
    return Command.model_validate({"name": "test", "argv": argv, "shown_as": script, **limits})


def with_python(sandbox: Sandbox) -> Sandbox:
    return sandbox.opened(read_only=(Path(sys.prefix), *interpreter_folders(Path(sys.executable))))


def is_running(marker: str) -> bool:
    """Whether a process with this text in its arguments is alive."""
    time.sleep(0.2)
    return any(marker in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def test_says_what_a_command_did(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = run(
        shell("echo out; echo err >&2; exit 3"), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox
    )

    assert (ran.exit, ran.ended_by, ran.stdout, ran.stderr) == (3, None, b"out\n", b"err\n")


def test_a_signal_shows_as_a_shell_shows_it(sandbox: Sandbox, tmp_path: Path) -> None:
    # Not SIGTERM: what starts the tests in the background may have it ignored.
    ran = run(shell("kill -USR1 $$"), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.exit == 128 + 10


def test_nothing_is_inherited(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_TOKEN", "do-not-show")
    command = Command(
        name="env", argv=("env",), shown_as="env", variables=(("FROM_COMMAND", "b"), ("BOTH", "command"))
    )

    given = {"FROM_RUN": "a", "BOTH": "run"}
    ran = run(command, cwd=tmp_path, path=SYSTEM_PATH, variables=given, sandbox=sandbox)
    seen = dict(line.split("=", 1) for line in ran.stdout.decode().splitlines())

    allowed = {"LANG", "USER", "LOGNAME", "PATH", "HOME", "TMPDIR", "META_PIPELINE_RUN", "PWD"}
    assert seen.keys() - allowed == {"FROM_RUN", "FROM_COMMAND", "BOTH"}
    assert seen["BOTH"] == "command"
    assert seen["HOME"] != str(Path.home())
    assert not Path(seen["HOME"]).exists(), "the private home outlives the command"


def test_home_and_temporary_folder_can_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "touch $HOME/a $TMPDIR/b here && mktemp && mkdir -p $HOME/.cache/x"
    ran = run(shell(script), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.exit == 0, ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_missing_command_is_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    command = Command(name="lint", argv=("no-such-linter", "."), shown_as="no-such-linter .")

    ran = run(command, cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert (ran.exit, ran.ended_by) == (None, "missing")
    assert b"no-such-linter" in ran.stderr


def test_a_command_that_the_sandbox_hides_is_missing(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    hidden, cwd = tmp_path / "bin", tmp_path / "work"
    hidden.mkdir()
    cwd.mkdir()
    (hidden / "tool").symlink_to("/usr/bin/true")

    command = Command(name="tool", argv=("tool",), shown_as="tool")
    ran = run(command, cwd=cwd, path=f"{hidden}:{SYSTEM_PATH}", variables={}, sandbox=detect_sandbox())

    assert ran.ended_by == "missing"


def test_a_hanging_command_is_ended_with_all_it_started(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "sleep 61.5011 & setsid sleep 61.5011 & trap '' TERM INT HUP; sleep 61.5011; sleep 61.5011"

    ran = run(shell(script, seconds=0.5), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert (ran.exit, ran.ended_by) == (None, "time")
    assert ran.seconds < 10
    assert not is_running("61.5011")


def test_a_daemon_does_not_outlive_its_command(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "(setsid sh -c 'sleep 61.5012 & exit' &) ; sleep 0.3; echo done"

    ran = run(shell(script), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert (ran.exit, ran.stdout) == (0, b"done\n")
    assert ran.seconds < 10
    assert not is_running("61.5012")


def test_too_many_processes_are_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "for i in $(seq 20); do sleep 61.5013 & done; wait"

    ran = run(shell(script, processes=10), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.ended_by == "processes"
    assert not is_running("61.5013")


def test_a_flood_of_output_is_ended_and_cut(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = run(shell("yes flood", output_mb=1), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.ended_by == "output"
    assert len(ran.stdout) + len(ran.stderr) == 1024 * 1024


def test_a_short_flood_is_seen_too(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "head -c 3000000 /dev/zero"
    ran = run(shell(script, output_mb=1), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.ended_by == "output"


def test_a_memory_hog_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "import time; held = b'x' * 150_000_000; time.sleep(60)"

    ran = run(
        python(script, memory_mb=100),
        cwd=tmp_path,
        path=SYSTEM_PATH,
        variables={},
        sandbox=with_python(sandbox),
    )

    assert ran.ended_by == "memory", ran.stderr


def test_memory_that_forked_processes_share_counts_once(sandbox: Sandbox, tmp_path: Path) -> None:
    script = (
        "import os, time\nheld = b'x' * 60_000_000\n"
        "for _ in range(4):\n    if os.fork() == 0: time.sleep(1); os._exit(0)\ntime.sleep(1)"
    )

    ran = run(
        python(script, memory_mb=150),
        cwd=tmp_path,
        path=SYSTEM_PATH,
        variables={},
        sandbox=with_python(sandbox),
    )

    assert (ran.exit, ran.ended_by) == (0, None), ran.stderr


def test_standard_input_is_empty(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = run(shell("cat; echo end"), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.stdout == b"end\n"


def test_the_sandbox_shows_neither_home_nor_network_nor_other_processes(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    secret, cwd = tmp_path / "secret", tmp_path / "work"
    secret.write_text("hidden")
    cwd.mkdir()
    script = (
        f"cat {secret} {Path.home()}/.* /etc/shadow; touch /usr/planted /planted;"
        " ls -d /proc/[0-9]* | wc -l; cat /proc/net/dev | grep -v lo: | grep -c :"
    )

    ran = run(shell(script), cwd=cwd, path=SYSTEM_PATH, variables={}, sandbox=detect_sandbox())

    processes, interfaces = map(int, ran.stdout.split())
    assert processes < 8
    assert interfaces == 0
    assert not Path("/planted").exists()
    assert not Path("/usr/planted").exists()


def test_read_only_and_writable_folders_may_stand_inside_each_other(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    outer, inner, cwd = tmp_path / "outer", tmp_path / "outer/inner", tmp_path / "work"
    inner.mkdir(parents=True)
    cwd.mkdir()
    sandbox = detect_sandbox().opened(read_only=[outer], writable=[inner])

    script = f"touch {inner}/new; touch {outer}/new"
    ran = run(shell(script), cwd=cwd, path=SYSTEM_PATH, variables={}, sandbox=sandbox)

    assert ran.exit == 1
    assert (inner / "new").exists()
    assert not (outer / "new").exists()


def test_a_sandbox_that_cannot_be_set_up_is_a_fault_and_no_failed_command(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    broken = detect_sandbox().opened(read_only=[tmp_path / "gone"])

    with pytest.raises(SandboxFault, match="gone"):
        run(shell("true"), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=broken)


def test_the_loopback_works_in_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        " socket.create_connection(s.getsockname(), timeout=5); print('met')"
    )

    ran = run(python(script), cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=with_python(sandbox))

    assert ran.stdout == b"met\n", ran.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_has_the_sandbox_too(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    wrapped = detect_sandbox().wrap(("id", "-u"), cwd=Path("/usr"), private=Path("/var"), status=2)
    command = Command(
        name="nobody",
        argv=("setpriv", "--reuid", "65534", "--clear-groups", *wrapped),
        shown_as="id as nobody",
    )

    ran = run(command, cwd=tmp_path, path=SYSTEM_PATH, variables={}, sandbox=OPEN)

    assert b"65534" in ran.stdout, ran.stderr


def test_a_command_line_is_split_as_a_shell_would() -> None:
    assert split_command("make lint ARGS='a b'") == ("make", "lint", "ARGS=a b")
    with pytest.raises(ValueError, match="close the quote"):
        split_command("make 'lint")
    with pytest.raises(ValueError, match="empty"):
        split_command("  ")


def test_a_program_that_cannot_be_started_is_missing(sandbox: Sandbox, tmp_path: Path) -> None:
    script = tmp_path / "lint"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)

    ran = run(
        Command(name="lint", argv=("./lint",), shown_as="./lint"),
        cwd=tmp_path,
        path=SYSTEM_PATH,
        variables={},
        sandbox=sandbox,
    )

    assert ran.ended_by == "missing", ran.stderr


def test_the_targets_own_bwrap_is_not_taken_for_bubblewrap(tmp_path: Path) -> None:
    if detect_sandbox().kind == "none":
        pytest.skip(f"{detect_sandbox().reason}; run scripts/install-system-packages as root")
    planted = tmp_path / "planted"
    own = tmp_path / "bin/bwrap"
    own.parent.mkdir()
    own.write_text(f"#!/bin/sh\ntouch {planted}\n")
    own.chmod(0o755)
    cwd = tmp_path / "work"
    cwd.mkdir()

    path = f"{own.parent}:{SYSTEM_PATH}"
    ran = run(shell("echo inside"), cwd=cwd, path=path, variables={}, sandbox=detect_sandbox())

    assert ran.stdout == b"inside\n"
    assert not planted.exists()


def test_an_interpreter_shows_its_prefix_and_no_more(tmp_path: Path) -> None:
    prefix, programs, environment = (
        tmp_path / "versions/3.11.7",
        tmp_path / ".local/bin",
        tmp_path / "env/bin",
    )
    for folder in (prefix / "bin", prefix / "lib/python3.11", programs, environment):
        folder.mkdir(parents=True)
    (prefix / "lib/python3.11/os.py").touch()
    (prefix / "bin/python3.11").touch()
    (tmp_path / "versions/3.11").symlink_to("3.11.7")
    (programs / "python3.11").symlink_to(tmp_path / "versions/3.11/bin/python3.11")
    (environment / "python").symlink_to(programs / "python3.11")

    assert set(interpreter_folders(environment / "python")) == {
        programs / "python3.11",
        tmp_path / "versions/3.11",
        prefix,
    }
