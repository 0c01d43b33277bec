"""Who reads a column in queries that stand as they are in files of SQL and in texts of Python."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from meta_pipeline.contracts.lineage.dbt import same_table
from meta_pipeline.contracts.lineage.query import reads_of, table_name
from meta_pipeline.contracts.lineage.reader import ColumnReader
from meta_pipeline.delivery.tree import SYMLINK, Tree, text_of
from meta_pipeline.schedulers.dbt.static.rendering import read_model
from meta_pipeline.schedulers.dbt.static.select_list import parsed_query

_QUERY = re.compile(r"\bselect\b.*\bfrom\b|\bmerge\s+into\b|\bupdate\b.*\bset\b", re.IGNORECASE | re.DOTALL)
_LONGEST = 500_000
_MOST_FILES = 300


@dataclass(frozen=True, slots=True)
class _Text:
    """SQL that begins at `line` of its file."""

    sql: str
    line: int


def literal_readers(
    tree: Tree, dataset: str, columns: frozenset[str], left_out: tuple[str, ...]
) -> Iterator[tuple[str, ColumnReader]]:
    """Each of `columns` (in lower case) of a dataset with one place that reads it; a column may come often.

    `left_out` are folders that are read in another way, such as dbt projects.
    """
    last = dataset.rpartition(".")[2].casefold()
    word = re.compile(rb"(?<!\w)" + re.escape(last.encode()) + rb"(?!\w)", re.IGNORECASE)
    looked_at = 0
    for path, entry in sorted(tree.entries().items()):
        if not path.endswith((".sql", ".py")) or entry.mode == SYMLINK or _within(path, left_out):
            continue
        data = tree.read(path) or b""
        if len(data) > _LONGEST or not word.search(data):
            continue
        looked_at += 1
        if looked_at > _MOST_FILES:
            return
        for text in _texts(path, text_of(tree, path) or ""):
            if last in text.sql.casefold() and _QUERY.search(text.sql):
                yield from _of_text(path, text, dataset, columns)


def _within(path: str, folders: tuple[str, ...]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)


def _texts(path: str, text: str) -> Iterator[_Text]:
    if path.endswith(".sql"):
        yield from _statements(text, 1)
        return
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    inner = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield from _statements(node.value, node.lineno)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "filled_in" for part in node.values)
            yield from _statements("".join(map(str, parts)), node.lineno)


def _statements(text: str, line: int) -> Iterator[_Text]:
    """The statements of a text, each with the line that it begins on; a semicolon within quotes only hides one."""
    for part in text.split(";"):
        yield _Text(part, line)
        line += part.count("\n")


def _of_text(
    path: str, text: _Text, dataset: str, columns: frozenset[str]
) -> Iterator[tuple[str, ColumnReader]]:
    for variant in read_model(text.sql).variants:
        query = parsed_query(variant)
        if query is None:
            continue
        ctes = {cte.alias.casefold() for cte in query.find_all(exp.CTE)}
        names = {table_name(table) for table in query.find_all(exp.Table)} - ctes
        tables = frozenset(name for name in names if same_table(dataset, name))
        if not tables:
            continue
        # `orders` may be another table than `archive.orders`.
        certain = all(name.count(".") <= dataset.count(".") for name in tables)
        reads = reads_of(query, tables, columns, {})
        for found, sure in ((reads.named, certain), (reads.perhaps, False)) if reads else ():
            for name, lines in found.items():
                yield from ((name, ColumnReader(path, text.line + max(at, 1) - 1, sure)) for at in lines)
        for name in reads.passed if reads else ():
            yield name, ColumnReader(path, text.line + variant[: variant.find("*")].count("\n"), certain)
