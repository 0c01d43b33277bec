"""Maps over parameters, results of maps, and dictionaries of futures."""

from prefect import flow, task


@task
def partition(day: str) -> list[str]:
    return [f"{day}-{n}" for n in range(3)]


@task(tags={"heavy"})
def crunch(part: str, factor: int) -> int:
    return len(part) * factor


@task
def merge(values: list[int], labels: dict | None = None) -> int:
    return sum(values)


@task(name="report-{day}")
def report(total: int) -> None:
    print(total)


@flow
def crunch_days(days: list[str], factor: int = 2):
    totals = {}
    for day in days:
        parts = partition(day)
        crunched = crunch.map(parts, factor=factor)
        totals[day] = merge.submit(crunched, labels={"day": day})
    values = [future.result() for future in totals.values()]
    report(merge(values))


@flow
def two_maps(words: list[str] = ["a"]):  # noqa: B006
    first = crunch.map(words, 1)
    second = crunch.map([str(value) for value in first.result()], 2)
    merge(second.result())
