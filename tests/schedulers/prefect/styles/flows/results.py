"""Several results, unpacked, indexed and passed on in dictionaries; generators."""

from prefect import flow, task


@task
def both(n: int) -> tuple[list[int], list[int]]:
    return [n], [n]


@task
def pages(n: int):
    yield from range(n)


@task
def keep(item) -> None:
    print(item)


@task
def describe(facts: dict) -> str:
    return str(facts)


@flow
def unpacking(n: int = 2):
    low, high = both(n)
    summary = describe({"low": low, "high": [high]})
    for page in pages(n):
        keep(page)
    head = low[0]
    keep(head)
    text = describe({"count": len(low)})
    keep(f"{summary} {text}")
    keep({"all": [summary, text]})
    return summary
