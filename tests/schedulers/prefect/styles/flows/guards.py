"""Checks that raise, `match`, `while`, nested functions, conditional expressions."""

import datetime as dt

from prefect import flow, task


@task(retries=2)
def count_rows(table: str) -> int:
    return 10


@task
def load_table(table: str) -> str:
    return table


@task
def backfill(table: str, day: dt.date) -> None:
    print(table, day)


@task
def poll(job: str) -> bool:
    return True


@task
def start_job(mode: str) -> str:
    return mode


@flow(retries=0, retry_delay_seconds=None)
def guarded_load(table: str, minimum: int = 1, mode: str = "append"):
    rows = count_rows(table)
    if rows < minimum:
        raise ValueError(f"{table} has {rows} rows")
    job = start_job(mode) if mode != "skip" else None
    while job and not poll(job):
        print("waiting")

    def finish():
        return load_table(table)

    finish()


@flow
def backfill_days(start: dt.date | None = None, days: int = 2):
    first = start or dt.date(2026, 1, 1)
    for offset in range(days):
        day = first + dt.timedelta(days=offset)
        backfill("orders", day)
