"""Flows of classes, and tasks that are static methods."""

from dataclasses import dataclass

from prefect import flow, task


@task
def read(path: str) -> str:
    return path


@task
def write(text: str, table: str) -> None:
    print(text, table)


@dataclass
class Source:
    name: str
    path: str
    table: str

    def load(self):
        return write(read(self.path), self.table)


SOURCES = [Source("orders", "orders.csv", "raw.orders"), Source("items", "items.csv", "raw.items")]


@flow(name="load-sources")
def load_sources():
    for source in SOURCES:
        source.load()


@flow(name="load-first")
def load_first():
    first = SOURCES[0]
    text = read(first.path)
    write(text, table=first.table)
