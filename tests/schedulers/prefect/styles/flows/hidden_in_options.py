"""Settings of the machine that flows are loaded on: what source does not tell."""

import platform

from prefect import flow, task

RETRIES = 2 if platform.system() else 0


@task(retries=RETRIES)
def guarded():
    return 1


@flow
def from_environment():
    guarded()
