"""Deployments to work pools, from Python."""

from datetime import timedelta

from prefect import deploy, flow, task
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.deployments.runner import RunnerDeployment

from flows.plain import extract  # noqa: F401


@task
def touch() -> None:
    print("touched")


@flow(name="Export Orders")
def export_orders(full: bool = False):
    touch()


@flow(name="export-items")
def export_items():
    touch()


def build():
    return [
        export_orders.to_deployment(
            name="export-orders-nightly",
            schedules=[CronSchedule(cron="30 1 * * *", timezone="America/Chicago")],
            tags=["export", "nightly"],
            work_queue_name="default",
        ),
        RunnerDeployment.from_flow(export_items, name="export-items", interval=timedelta(minutes=30)),
    ]


if __name__ == "__main__":
    deploy(*build(), work_pool_name="k8s", image="example/exports:1", push=False)
    export_items.deploy(
        name="export-items-backup",
        work_pool_name="backup",
        schedule=IntervalSchedule(interval=timedelta(days=1)),
        concurrency_limit=2,
    )
