"""Tasks that are called one after the other, each on what the one before gives."""

from prefect import flow, task


@task(retries=3, retry_delay_seconds=30)
def extract(day: str) -> list[dict]:
    return [{"day": day}]


@task
def transform(rows: list[dict]) -> list[dict]:
    return rows


@task(name="load to warehouse", timeout_seconds=120, tags=["warehouse", "nightly"])
def load(rows: list[dict]) -> int:
    return len(rows)


@flow(name="plain etl", retries=1, timeout_seconds=3600)
def plain_etl(day: str = "2026-01-01") -> None:
    rows = extract(day)
    load(transform(rows))
