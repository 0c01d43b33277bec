"""What a run wrote in a checkout, without the values themselves. Runs in the sandbox, alone, by our own interpreter:

    python -I outputs_probe.py --output FILE [--without DIR]

Git says which files are new or other than the commit has them; those of a data format are read by DuckDB, or by
sqlite3. FILE gets, for each output, its columns, its rows, and a number for each value: equal values have equal
numbers. Files that differ only by a date, time or random id in their names are one output. What cannot be read, or is
too large, is told by the digest of its bytes.
"""

import argparse
import base64
import hashlib
import json
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

Document = dict[str, Any]

MEGABYTE = 1024 * 1024
MOST_OUTPUTS = 300
MOST_BYTES = 256 * MEGABYTE
MOST_CELLS = 400_000
"""Of one output; a larger one is told by a number for each column, whatever the order of its rows."""
MOST_CELLS_OF_ALL = 2_000_000
READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".csv.gz": "read_csv",
    ".parquet": "read_parquet",
    ".pq": "read_parquet",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
    ".json.gz": "read_json",
    ".jsonl.gz": "read_json",
}
DATABASES = (".db", ".duckdb", ".ddb", ".sqlite", ".sqlite3")
BYTES = (
    ".arrow",
    ".avro",
    ".feather",
    ".npy",
    ".npz",
    ".orc",
    ".pickle",
    ".pkl",
    ".txt",
    ".xls",
    ".xlsx",
    ".xml",
)
NOT_DATA = frozenset({"__pycache__", "node_modules", "site-packages", "dbt_packages", "dbt_modules", "logs"})
PASSING = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"  # a UUID
    r"|\d{4}[-_]?\d\d[-_]?\d\d(?:[T_ -]?\d\d[-:_]?\d\d(?:[-:_]?\d\d(?:[.,_]?\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{10,}"  # seconds of an epoch, or less
    r"|(?<![0-9A-Za-z])(?=[a-f]*\d)[0-9a-f]{16,}(?![0-9A-Za-z])"
)
"""What is another in the name of a file at each run."""
TARGET_PATH = re.compile(r"^target-path:\s*[\"']?([\w.-]+)", re.MULTILINE)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--without", action="append", default=[], help="a folder whose files are no outputs")
    options = parser.parse_args(arguments)
    groups: dict[tuple[str, str], list[Path]] = {}
    for path, suffix in data_files(options.without):
        groups.setdefault((PASSING.sub("*", path.as_posix()), suffix), []).append(path)
    outputs: list[Document] = []
    budget = MOST_CELLS_OF_ALL
    for (name, suffix), paths in sorted(groups.items()):
        for found in read(name, suffix, sorted(paths)):
            cells = found.pop("numbers", None)
            if cells is not None and len(cells) <= min(MOST_CELLS, budget):
                budget -= len(cells)
                found["cells"] = base64.b64encode(zlib.compress(cells.tobytes(), 1)).decode()
            outputs.append(found)
    document = {"outputs": outputs[:MOST_OUTPUTS], "left_out": max(0, len(outputs) - MOST_OUTPUTS)}
    Path(options.output).write_text(json.dumps(document), encoding="utf-8")


def data_files(without: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """The plain files of a data format that the checkout holds and its commit does not, or not so."""
    git = shutil.which("git", path="/usr/local/bin:/usr/bin:/bin") or "git"
    arguments = (
        *("--no-optional-locks", "status", "--porcelain=v1", "-z", "--untracked-files=all"),
        *("--ignored=traditional", "--no-renames", "--ignore-submodules=all"),
    )
    status = subprocess.run([git, *arguments], check=True, stdout=subprocess.PIPE).stdout
    for record in status.split(b"\0")[:-1]:
        path = Path(record[3:].decode("utf-8", "replace"))
        suffix = next((s for s in (*READERS, *DATABASES, *BYTES) if path.name.lower().endswith(s)), None)
        if suffix is None or any(part.startswith(".") or part in NOT_DATA for part in path.parts[:-1]):
            continue
        if any(path.is_relative_to(folder) for folder in without) or is_compiled(path):
            continue
        if is_plain(path):
            yield path, suffix


def is_compiled(path: Path) -> bool:
    """Whether dbt keeps it of its own work: manifests, compiled models, copies of seeds, whoever ran it."""
    return any(
        (folder.parent / project).is_file() and folder.name == target_folder(folder.parent / project)
        for folder in path.parents
        if folder.name
        for project in ("dbt_project.yml", "dbt_project.yaml")
    )


@cache
def target_folder(project: Path) -> str:
    """The name of the folder that a project of dbt compiles into."""
    found = TARGET_PATH.search(project.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else "target"


def is_plain(path: Path) -> bool:
    """Whether it is a file of this checkout and no link out of it."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.resolve().is_relative_to(Path.cwd().resolve())
    except OSError:
        return False


def read(name: str, suffix: str, paths: Sequence[Path]) -> list[Document]:
    """The outputs in these files: one, or one for each table of a database."""
    if sum(path.stat().st_size for path in paths) > MOST_BYTES or suffix in BYTES:
        return [as_bytes(name, paths)]
    try:
        if suffix in READERS:
            return [of_files(name, READERS[suffix], [str(path) for path in paths])]
        return [table for path in paths for table in of_database(name, path)]
    except (duckdb.Error, sqlite3.Error, OSError, ValueError, OverflowError, MemoryError):
        return [as_bytes(name, paths)]


def as_bytes(name: str, paths: Sequence[Path]) -> Document:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return {"name": name, "digest": hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()}


def connected() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, with little of it and no extension but its own."""
    return duckdb.connect(
        config={
            "threads": 1,
            "memory_limit": "1GB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def of_files(name: str, reader: str, paths: list[str]) -> Document:
    options = {"read_csv": ", null_padding=true", "read_json": ", maximum_object_size=67108864"}.get(
        reader, ""
    )
    with connected() as connection:
        source = f"{reader}(?, union_by_name=true{options})"
        return of_relation(connection, name, source, [paths], typed=reader == "read_parquet")


def of_database(name: str, path: Path) -> Iterator[Document]:
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3\0"):
        yield from of_sqlite(name, path)
        return
    if head[8:12] != b"DUCK":
        yield as_bytes(name, [path])
        return
    with connected() as connection:
        place = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{place}' AS found (READ_ONLY)")
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'found' ORDER BY ALL"
        ).fetchall()
        connection.execute("USE found")  # views name their tables without the database
        for schema, table in tables[:MOST_OUTPUTS]:
            try:
                yield of_relation(
                    connection,
                    f"{name}:{schema}.{table}",
                    f"found.{quoted(schema)}.{quoted(table)}",
                    [],
                    typed=True,
                )
            except duckdb.Error:
                yield {"name": f"{name}:{schema}.{table}", "digest": "unreadable"}


def of_relation(
    connection: duckdb.DuckDBPyConnection, name: str, source: str, given: list[Any], *, typed: bool
) -> Document:
    """What a relation of DuckDB holds."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}", given).fetchall()  # noqa: S608  quoted
    columns = [(str(row[0]), str(row[1])) for row in described]
    numbers = [numbered(column, kind) for column, kind in columns]
    sums = ", ".join(["count(*)", *(f"sum({number}::HUGEINT)" for number in numbers)])
    told = connection.execute(f"SELECT {sums} FROM {source}", given).fetchone()  # noqa: S608  quoted
    assert told is not None
    rows = int(told[0])
    found: Document = {
        "name": name,
        "columns": [
            {"name": column, "type": kind if typed else None, "sum": str(number or 0)}
            for (column, kind), number in zip(columns, told[1:], strict=True)
        ],
        "rows": rows,
    }
    if rows * len(columns) <= MOST_CELLS:
        chosen = ", ".join(numbers)
        fetched = connection.execute(f"SELECT {chosen} FROM {source}", given).fetchall()  # noqa: S608  quoted
        found["numbers"] = array("Q", (number for row in fetched for number in row))
    return found


def numbered(column: str, kind: str) -> str:
    """An expression that gives a value's number. Fractions that only another order of a sum makes are equal."""
    name = quoted(column)
    return f"hash(format('{{:.9g}}', {name}))" if kind in ("DOUBLE", "FLOAT") else f"hash({name}::VARCHAR)"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def of_sqlite(name: str, path: Path) -> Iterator[Document]:
    place = path.resolve().as_uri()
    connection = sqlite3.connect(f"{place}?mode=ro", uri=True)
    try:
        connection.text_factory = bytes
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        for (table,) in tables[:MOST_OUTPUTS]:
            yield of_sqlite_table(connection, name, table.decode("utf-8", "replace"))
    finally:
        connection.close()


def of_sqlite_table(connection: sqlite3.Connection, name: str, table: str) -> Document:
    described = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    columns = [(row[1].decode("utf-8", "replace"), row[2].decode("utf-8", "replace")) for row in described]
    chosen = ", ".join(quoted(column) for column, _ in columns)
    sums, rows, numbers = [0] * len(columns), 0, array("Q")
    for row in connection.execute(f"SELECT {chosen} FROM {quoted(table)}"):  # noqa: S608  names as they are there
        cells = list(map(number_of, row))
        sums = [total + cell for total, cell in zip(sums, cells, strict=True)]
        rows += 1
        if rows * len(columns) <= MOST_CELLS:
            numbers.extend(cells)
    found: Document = {
        "name": f"{name}:{table}",
        "columns": [
            {"name": column, "type": kind, "sum": str(total)}
            for (column, kind), total in zip(columns, sums, strict=True)
        ],
        "rows": rows,
    }
    if rows * len(columns) <= MOST_CELLS:
        found["numbers"] = numbers
    return found


def number_of(value: Any) -> int:
    as_text: Callable[[Any], str] = (lambda v: format(v, ".9g")) if isinstance(value, float) else repr
    return int.from_bytes(hashlib.blake2b(as_text(value).encode(), digest_size=8).digest(), "little")


if __name__ == "__main__":
    main(sys.argv[1:])
