"""Deployments that are served from Python."""

from datetime import timedelta

from prefect import flow, serve, task
from prefect.schedules import Cron, Interval


@task
def ping() -> None:
    print("ping")


@flow
def heartbeat():
    ping()


@flow
def hourly_sync():
    ping()
    ping()


@flow(name="weekly report")
def weekly_report(team: str):
    ping.submit()


if __name__ == "__main__":
    sync = hourly_sync.to_deployment(name="hourly", interval=timedelta(hours=1), tags=["sync"])
    beat = heartbeat.to_deployment(
        "beat", schedules=[Cron("*/5 * * * *", timezone="Europe/Berlin"), Interval(90)]
    )
    report = weekly_report.to_deployment(
        name="weekly", cron="0 7 * * 1", parameters={"team": "sales"}, paused=True, concurrency_limit=1
    )
    serve(sync, beat, report)
