"""Where the data lives, and how a partition is written. Every path hangs off one folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb

ROOT = Path(__file__).resolve().parents[1]


class Lake(dg.ConfigurableResource):
    """The folder that holds the drops, the warehouse file and what we publish."""

    root: str = str(ROOT / "data")

    def drop(self, table: str, day: str) -> Path:
        """The drop of a table for one date; raises `FileNotFoundError` while it is not there."""
        path = Path(self.root) / "drops" / table / f"{day}.csv"
        if not path.is_file():
            raise FileNotFoundError(f"no {table} drop for {day}: drops/{table}/{day}.csv")
        return path

    def drops(self, table: str) -> list[Path]:
        """Every drop of a table that is there, oldest first."""
        return sorted((Path(self.root) / "drops" / table).glob("*.csv"))

    def published(self, dataset: str, day: str) -> Path:
        return Path(self.root) / "published" / dataset / f"{day}.parquet"

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The DuckDB file that dbt builds in. It can be open in one writing process at a time."""
        database = Path(self.root) / "warehouse" / "storefront.duckdb"
        database.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(database)) as connection:
            yield connection


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB without a file; one thread keeps the row order, and so the bytes of a partition."""
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def write_partition(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, str], target: Path
) -> int:
    """Replace the file `target` with the rows of `query`; returns how many there are.

    The file is swapped in whole, so a reader sees the old partition or the new one, and a second
    run leaves the same file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".parquet.part")
    rows = connection.sql(query, params=dict(values))
    rows.write_parquet(str(unfinished))
    os.replace(unfinished, target)
    return count(connection, "SELECT count(*) FROM read_parquet($file)", {"file": str(target)})


def count(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, str]) -> int:
    """The single number that `query` yields."""
    return connection.execute(query, dict(values)).fetchall()[0][0]
