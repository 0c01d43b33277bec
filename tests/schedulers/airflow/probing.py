"""Asking a real Airflow as the bench does: the probe's own command, in a checkout."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.policy import DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.commands import AirflowRuntime

AIRFLOW = AirflowRuntime()
POLICY = Policy(
    scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)),
    dry_run=DryRunPolicy(logical_date="2026-01-05", variables={"who": "stand-in"}),
)


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def run(
    python: Path, command: Command, root: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command as the bench does: in a checkout, `python` being the target's own."""
    assert command.argv[0] == "python"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        **(variables or {}),
        **dict(command.variables),
    }
    done = subprocess.run(
        [str(python), *command.argv[1:]],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=command.seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done


def topology(
    python: Path,
    folder: Path,
    files: Mapping[str, str | bytes],
    policy: Policy = POLICY,
    variables: Mapping[str, str] | None = None,
) -> Topology:
    """What Airflow makes of these files, in a checkout below `folder`."""
    root, scratch = folder / "checkout", folder / "scratch"
    scratch.mkdir(exist_ok=True)
    write(root, files)
    run(python, AIRFLOW.parse(policy, scratch), root, variables)
    (found,) = AIRFLOW.topologies(scratch)
    return found
