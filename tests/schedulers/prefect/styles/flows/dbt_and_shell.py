"""Commands that are run by tasks in order, by `wait_for` alone."""

import subprocess

from prefect import flow, task

STEPS = ("deps", "seed", "run", "test")


@task(retries=1, retry_delay_seconds=5, task_run_name="dbt {command}")
def dbt(command: str, target: str = "dev") -> int:
    return subprocess.run(["true", command, target], check=True).returncode


@flow(name="dbt build", log_prints=True, validate_parameters=False)
def dbt_build(target: str = "dev", select: str | None = None):
    deps = dbt.submit("deps", target=target)
    seed = dbt.submit("seed", target=target, wait_for=[deps])
    run = dbt.submit("run", target=target, wait_for=[deps, seed])
    if select is None:
        dbt.submit("test", target=target, wait_for=[run]).result()
    else:
        dbt("test --select " + select, wait_for=run)


@flow(name="dbt chain")
def dbt_chain():
    before = []
    for step in STEPS:
        before = [dbt.submit(step, wait_for=before)]
    before[0].wait()
