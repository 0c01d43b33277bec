"""The webserver and the daemon that an operator starts, ended as a whole tree of processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.states import Standing, State
from meta_pipeline.desk import Desk
from meta_pipeline.settings import Home
from tests.conftest import ROOT
from tests.shipped_target import ShippedTarget

_START_SECONDS = 120
_END_SECONDS = 15


@dataclass(frozen=True)
class Operator:
    """Somebody who works with one folder of meta-pipeline and one Dagster instance."""

    home: Path
    dagster_home: Path

    @classmethod
    def watching(cls, home: Path, dagster_home: Path, *targets: ShippedTarget) -> "Operator":
        """Somebody whose settings name these targets; sensors tick every two seconds."""
        watched = ", ".join(f"{{name: {target.name}, repository: {target.origin}}}" for target in targets)
        (home / "settings.yaml").write_text(f"keep_watch_seconds: 2\ntargets: [{watched}]\n")
        (dagster_home / "tmp").mkdir(parents=True)
        shutil.copyfile(ROOT / "dagster.yaml", dagster_home / "dagster.yaml")
        return cls(home, dagster_home)

    @property
    def temporary(self) -> Path:
        """The temporary folder of all that the operator runs."""
        return self.dagster_home / "tmp"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every process that the operator starts."""
        programs = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "META_PIPELINE_HOME": str(self.home),
            "DAGSTER_HOME": str(self.dagster_home),
            "TMPDIR": str(self.temporary),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`meta-pipeline` with these arguments."""
        return subprocess.run(
            [sys.executable, "-m", "meta_pipeline", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def status(self, delivery: str) -> dict[str, Any]:
        """What `meta-pipeline status --json` says of a delivery."""
        document: dict[str, Any] = json.loads(self.run("status", delivery, "--json").stdout)
        return document

    def standing(self, delivery: str) -> Standing | None:
        """Where a delivery's ledger says that it stands; None before it was opened."""
        record = Desk(Home(self.home)).record(DeliveryId.parse(delivery))
        return record.standing() if record.entries() else None

    def wait_for(self, delivery: str, *states: State, seconds: float = 120) -> State:
        """Wait until a delivery is in one of these states, and give that one."""
        deadline = time.monotonic() + seconds
        found: Standing | None = None
        while time.monotonic() < deadline:
            found = self.standing(delivery)
            if found is not None and found.state in states:
                return found.state
            if found is not None and found.state in ("blocked", "failed"):
                break  # only a person moves it on
            time.sleep(0.5)
        log = (self.dagster_home / "dagster-dev.log").read_text(errors="replace")[-4000:]
        raise AssertionError(
            f"{delivery} is not {states} within {seconds} s but {found}; dagster said:\n{log}"
        )


@contextmanager
def dagster_dev(operator: Operator) -> Iterator[str]:
    """The URL of a running `dagster dev`, webserver and daemon; nothing of it is left when the block ends."""
    port = _free_port()
    log = operator.dagster_home / "dagster-dev.log"
    command = ["dagster", "dev", "-w", str(ROOT / "workspace.yaml"), "-h", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=operator.dagster_home,
            env=operator.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_up(server, url, log)
            yield url
        finally:
            _end_tree(server)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=2):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    said = log.read_text(errors="replace")[-3000:]
    raise AssertionError(f"dagster dev is not up after {_START_SECONDS} s; it said:\n{said}")


def _end_tree(server: subprocess.Popen[bytes]) -> None:
    """End the server and all that it started, also what a process starts while its parent is ended."""
    known: set[psutil.Process] = set()
    try:
        known.add(psutil.Process(server.pid))
    except psutil.NoSuchProcess:
        return
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in list(known):
            try:
                known.update(process.children(recursive=True))
            except psutil.NoSuchProcess:
                continue
        for process in known:
            try:
                end(process)
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(known, timeout=_END_SECONDS)
        known = set(alive)
    server.wait(timeout=_END_SECONDS)
