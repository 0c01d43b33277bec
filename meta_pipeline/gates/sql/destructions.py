"""SQL statements that destroy data, found in SQL files and in the string literals of Python."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.gates.sql.pieces import sql_pieces, without_comments

WORTH_PARSING = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
"""A word of every statement that destroys data."""
_SURELY_SQL = re.compile(
    r"\b(drop\s+(table|schema|database|column)|truncate\s+table|delete\s+from)\b", re.IGNORECASE
)
_PASSING = re.compile(r"(^|[._])(tmp|temp)_|_(tmp|temp)$", re.IGNORECASE)
_UNREADABLE = (
    (
        "DROP",
        re.compile(r"\bdrop\s+(?:table|schema|database)\s+(?:if\s+exists\s+)?([\w.\"`\[\]]+)", re.IGNORECASE),
    ),
    ("TRUNCATE", re.compile(r"\btruncate\s+table\s+([\w.\"`\[\]]+)", re.IGNORECASE)),
    ("DELETE without WHERE", re.compile(r"\bdelete\s+from\s+([\w.\"`\[\]]+)\s*(?:;|\Z)", re.IGNORECASE)),
)
_WRITES = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?table(?:\s+if\s+not\s+exists)?|insert\s+(?:into|overwrite)(?:\s+table)?)"
    r"\s+([\w.\"`\[\]]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Destruction:
    """A statement that destroys data: `verb` of `table`, at `line` of the text (counted from 1)."""

    verb: str
    table: str
    line: int


def new_destructions(path: str, old: str | None, new: str | None) -> tuple[Destruction, ...]:
    """What the new text of a file destroys and the old one does not, in the order of the lines."""
    known = Counter((d.verb, d.table) for d in destructions(path, old or ""))
    found = []
    for destruction in destructions(path, new or ""):
        key = (destruction.verb, destruction.table)
        if known[key]:
            known[key] -= 1
        else:
            found.append(destruction)
    return tuple(found)


def destructions(path: str, text: str) -> tuple[Destruction, ...]:
    """Every statement of the file that destroys data which the file does not itself write anew."""
    pieces = sql_pieces(path, text, _SURELY_SQL) if WORTH_PARSING.search(text) else ()
    if not pieces:
        return ()
    from meta_pipeline.gates.sql.statements import (
        read_statements,
    )  # loads sqlglot; few changes destroy anything

    read = [(piece, read_statements(piece.text)) for piece in pieces]
    written = {table for _, statements in read if statements for table in statements.written}
    written |= {
        _bare(match)
        for piece, statements in read
        if statements is None
        for match in _WRITES.finditer(piece.text)
    }
    found: list[Destruction] = []
    for piece, statements in read:
        if statements is not None:
            here = [
                Destruction(verb, table, line)
                for verb, table, line in statements.destroyed
                if not _PASSING.search(table)
            ]
        else:
            here = list(_of_unreadable(piece.text)) if piece.sure else []
        found += [
            Destruction(d.verb, d.table, d.line + piece.line - 1) for d in here if d.table not in written
        ]
    return tuple(sorted(found, key=lambda d: d.line))


def _of_unreadable(text: str) -> Iterator[Destruction]:
    """The same by pattern, for SQL that no dialect reads."""
    code = without_comments(text)
    for verb, pattern in _UNREADABLE:
        for match in pattern.finditer(code):
            table = _bare(match)
            if not _PASSING.search(table):
                yield Destruction(verb, table, code.count("\n", 0, match.start()) + 1)


def _bare(match: re.Match[str]) -> str:
    """The table's name without the quotes of any dialect."""
    return re.sub(r"[\"`\[\]]", "", match.group(1)).casefold()
