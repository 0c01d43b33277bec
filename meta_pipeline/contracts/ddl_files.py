"""Which files of SQL define tables for good, and in which order they are applied.

A file counts where its folder holds migrations (`migrations/`, or files numbered as Flyway, dbmate and the like do:
`V2__add_note.sql`, `0002_add_note.sql`, `20250101120000_add_note.sql`), and where each of its statements defines
something: a script that makes a table on its way to fill another is no contract, and one whose only statement makes a
table or a view of a query is. A file with one query and nothing else is that query's result. Temporary tables never
are. Files of a dbt project are models. Files that the policy names count whatever else they do.
"""

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from sqlglot import exp

from meta_pipeline.contracts.ddl import Tables, statements_of
from meta_pipeline.contracts.formats import SourceFile
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.static.select_list import parsed_query

_NUMBERED = re.compile(r"(?:[Vv]\d[\d._]*__|\d{3,}[_.-]).*\.sql")
_FOLDERS = frozenset({"migrations", "migration", "flyway", "ddl"})
_BACKWARDS = re.compile(
    r"(?:.*[._-](?:down|rollback|undo|revert)\.sql|[Uu]\d[\d._]*__.*\.sql)", re.IGNORECASE
)
_ONLY_UP = re.compile(
    r"^--\s*(?:migrate:down|\+goose\s+down|\+migrate\s+down|!downgrade|rollback)\b.*",
    re.IGNORECASE | re.MULTILINE,
)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{\w+\}", re.DOTALL)
_DEFINING = ("SET", "USE", "BEGIN", "COMMIT", "GRANT", "START", "END", "GO", "REVOKE", "ANALYZE")
_MOST_BYTES = 4_000_000


def is_numbered(path: str) -> bool:
    """Whether the file is one of several that are applied in the order of their numbers."""
    return bool(_NUMBERED.fullmatch(posixpath.basename(path)))


def is_of_migrations(path: str) -> bool:
    """Whether the file is applied once, for good, by its name or its folder."""
    return is_numbered(path) or bool(_FOLDERS & {part.casefold() for part in path.split("/")[:-1]})


def read_tables(files: Sequence[SourceFile], *, named: bool) -> tuple[Contract, ...] | Unreadable:
    """The tables that these files, applied in the order of their numbers, leave behind."""
    if sum(len(file.data) for file in files) > _MOST_BYTES:
        return Unreadable(
            files[0].path, 1, "its migrations are too long to be read; split them, or name a schema file"
        )
    tables = Tables()
    for file in sorted(files, key=_order):
        if _BACKWARDS.fullmatch(posixpath.basename(file.path)):
            continue
        text = _plain(file.data)
        found = statements_of(text)
        trees = [statement.tree for statement in found]
        if len(trees) == 1 and isinstance(trees[0], exp.Var) and trees[0].name in ("SELECT", "WITH"):
            if isinstance(query := parsed_query(text), exp.Query):
                tables.take_query(query, _called(file.path), file.path)
            continue
        # Of several tables made of queries, the first are only on the way to the last.
        is_one = sum(map(_is_made_of_query, trees)) == 1 == len(list(filter(None, trees)))
        if not named and not is_of_migrations(file.path) and not is_one and not all(map(_defines, trees)):
            continue
        for statement in found:
            tables.apply(statement, file.path)
    return tuple(tables.found.values())


@lru_cache(maxsize=2048)
def _plain(data: bytes) -> str:
    """The text that is applied going forward, with a name in the place of each placeholder."""
    text = data.decode("utf-8", errors="replace")
    down = _ONLY_UP.search(text)
    return _JINJA.sub(
        lambda match: "filled_in" + "\n" * match.group().count("\n"), text[: down.start()] if down else text
    )


def _called(path: str) -> str:
    """What the result of a file with one query is called: as the file, or as its folder where many are called alike."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    folder = posixpath.basename(posixpath.dirname(path))
    return folder if stem in ("query", "select", "main", "script") and folder else stem


def _is_made_of_query(tree: exp.Expr | None) -> bool:
    return isinstance(tree, exp.Create) and tree.kind == "TABLE" and isinstance(tree.expression, exp.Query)


def _defines(tree: exp.Expr | None) -> bool:
    """Whether a statement only defines: one that was not read, or that makes a table of a query, does not count."""
    if isinstance(tree, exp.Create):
        return tree.kind != "TABLE" or (isinstance(tree.this, exp.Schema) and not _is_made_of_query(tree))
    if isinstance(tree, exp.Var):
        return tree.name in _DEFINING
    return True


def _order(file: SourceFile) -> tuple[object, ...]:
    """Numbers by their size, so that V10 comes after V9; names that begin with none, as repeatable ones, go last."""
    name = posixpath.basename(file.path)
    number = re.match(r"[Vv]?(\d[\d._]*)", name)
    if number is None:
        return (1, (), name)
    return (0, tuple(int(part) for part in re.findall(r"\d+", number.group(1))), name)


def read_with(path: str, every: Sequence[str]) -> tuple[str, ...]:
    """The files that must be read to know what `path` leaves behind: all of its folder's migrations, else it alone."""
    if not is_of_migrations(path):
        return (path,)
    folder = posixpath.dirname(path)
    return tuple(one for one in every if posixpath.dirname(one) == folder and one.endswith(".sql"))
