"""Settings of the environment: what source does not tell."""

import os

from prefect import flow, task

RETRIES = int(os.environ.get("RETRIES", "2"))


@task(retries=RETRIES)
def guarded():
    return 1


@flow
def from_environment():
    guarded()
