"""A flow that calls no task."""

import subprocess

from prefect import flow


@flow(name="run dbt")
def run_dbt(command: str = "build"):
    return subprocess.list2cmdline(["dbt", command])
