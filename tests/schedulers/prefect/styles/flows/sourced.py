"""A flow that is deployed by its entrypoint, and triggers others."""

from pathlib import Path

from prefect import flow, task
from prefect.deployments import run_deployment

CHILDREN = ["Export Orders/export-orders-nightly", "export-items/export-items"]


@task
def list_changes() -> list[str]:
    return []


@flow(name="orchestrate")
def orchestrate():
    list_changes()
    for child in CHILDREN:
        run_deployment(child, timeout=0)
    run_deployment(name="send-report/production", timeout=0)


if __name__ == "__main__":
    flow.from_source(source=str(Path(__file__).parent), entrypoint="flows/sourced.py:orchestrate").deploy(
        name="from-git", work_pool_name="k8s", cron="0 4 * * 0"
    )
