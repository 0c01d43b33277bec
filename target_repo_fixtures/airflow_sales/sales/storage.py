"""DuckDB connections and partition files."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb


def read_sql(name: str) -> str:
    """The text of `sales/sql/<name>.sql`."""
    return resources.files("sales").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@contextmanager
def open_duckdb(database: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection, in memory unless a database file is given.

    One thread keeps the row order, and so the bytes of a partition, the same from run to run.
    """
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(database or ":memory:"), config={"threads": 1})
    try:
        yield connection
    finally:
        connection.close()


def write_partition(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Mapping[str, str],
    target: Path,
) -> int:
    """Replace the partition file `target` with the rows of `query`; returns how many there are.

    The file is swapped in whole, so a reader sees the old partition or the new one, and a second
    run leaves the same file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".parquet.part")
    connection.sql(query, params=dict(parameters)).write_parquet(str(unfinished))
    os.replace(unfinished, target)
    return count(connection, "SELECT count(*) FROM read_parquet($file)", {"file": str(target)})


def count(connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, str]) -> int:
    """The single number that `query` yields."""
    return connection.execute(query, dict(parameters)).fetchall()[0][0]
