"""Futures, `wait_for`, and tasks that are mapped."""

from prefect import flow, task, unmapped
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner


@task
def list_files() -> list[str]:
    return ["a", "b"]


@task(retries=2, retry_delay_seconds=[1, 10, 100])
def download(name: str, bucket: str) -> str:
    return name


@task
def combine(parts: list[str]) -> str:
    return ",".join(parts)


@task
def notify(text: str) -> None:
    print(text)


@task
def clean_up() -> None:
    """Nothing here."""


@flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
def fan_out(bucket: str = "raw"):
    names = list_files.submit()
    parts = download.map(names, bucket=unmapped(bucket))
    whole = combine.submit(parts)
    notify(whole.result())
    done = clean_up.submit(wait_for=[whole])
    wait([done])
