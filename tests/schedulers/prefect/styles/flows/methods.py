"""Helpers, nested results, tags, classes, a transaction."""

from prefect import flow, tags, task
from prefect.transactions import transaction


class Settings:
    retries = 3
    delay = 5


@task(retries=Settings.retries, retry_delay_seconds=Settings.delay)
def split(n: int) -> dict[str, list[int]]:
    return {"left": [1], "right": [2]}


@task
def total(values) -> int:
    return 0


@task
def run_sql(statement: str) -> str:
    return statement


def run_all(statements):
    return [run_sql(statement) for statement in statements]


def seed():
    return run_sql("select 1")


@flow
def helpers(n: int = 3):
    parts = split(n)
    left = total(parts["left"])
    right = total(parts["right"])
    with tags("sums", "fast"):
        total([left, right])
    with transaction():
        seed()
        seed()
    run_all(["a", "b"])
    for index, part in enumerate([left, right]):
        run_sql(f"insert {index}").upper() if index else run_sql.submit(part)
