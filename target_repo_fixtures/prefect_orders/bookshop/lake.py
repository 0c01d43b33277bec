"""Where the data lives, and how a file of it is written. Every path hangs off one folder."""

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]


def data() -> Path:
    """The folder with the drops, what is staged and what we publish; tests have their own."""
    return Path(os.environ.get("BOOKSHOP_DATA", ROOT / "data"))


def drop(table: str, day: str) -> Path:
    """The drop of a table for one date; raises `FileNotFoundError` while it is not there."""
    path = data() / "drops" / table / f"{day}.csv"
    if not path.is_file():
        raise FileNotFoundError(f"no {table} drop for {day}: drops/{table}/{day}.csv")
    return path


def staged(dataset: str, day: str) -> Path:
    return data() / "staged" / dataset / f"{day}.parquet"


def published(dataset: str, day: str) -> Path:
    return data() / "published" / dataset / f"{day}.parquet"


def write(query: str, values: Mapping[str, str], target: Path) -> str:
    """Replace the file `target` with the rows of `query`; returns its path.

    The file is swapped in whole, so a reader sees the old one or the new one, and a second run
    leaves the same file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".parquet.part")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.sql(query, params=dict(values)).write_parquet(str(unfinished))
    os.replace(unfinished, target)
    return str(target)


def count(path: str) -> int:
    """How many rows a parquet file holds."""
    with duckdb.connect() as connection:
        return connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchall()[0][0]
