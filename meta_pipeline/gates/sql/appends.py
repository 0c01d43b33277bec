"""SQL statements that add the same rows again when they run again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.gates.sql.pieces import Piece, sql_pieces, without_comments

_NAME = r"((?:\{\{.*?\}\}|\{[^{}]*\}|[\w.$\"`\[\]-])+)"
_INSERT = re.compile(
    rf"\binsert\s+into\s+(?:table\s+)?{_NAME}(?=\s*(?:\(|select\b|values\b|with\b|partition\b|from\b|table\b|by\s+(?:name|position)\b|default\s+values\b|overriding\b|\{{|as\b))",
    re.IGNORECASE,
)
_COPY_FORCED = re.compile(rf"\bcopy\s+into\s+{_NAME}(?=[^;]*\bforce\s*=\s*'?true)", re.IGNORECASE)
_COPY = re.compile(rf"\bcopy\s+{_NAME}\s*(?:\([^)]*\)\s*)?from\s+(?:'s3:|'\{{|stdin\b)", re.IGNORECASE)
_IS_SQL = re.compile(r"\binsert\s+into\b|\bcopy\s+", re.IGNORECASE)
_GUARDED = re.compile(r"\bon\s+conflict\b|\bon\s+duplicate\s+key\b|\bis_incremental\b", re.IGNORECASE)
_COMPARED = re.compile(
    r"\bnot\s+exists\s*\(|\bnot\s+in\s*\(\s*select\b|\bexcept\b|\bminus\b|\banti\s+join\b|\bis\s+null\b"
    r"|>=?\s*\(\s*select\s+(?:coalesce\s*\(\s*)?max\b",
    re.IGNORECASE,
)
"""Forms in which new rows are compared with those of a table; it must be the very table that is written."""
_EMPTIES = (
    r"(?:delete\s+from|truncate(?:\s+table)?|drop\s+table(?:\s+if\s+exists)?|insert\s+overwrite(?:\s+(?:table|into))?"
    r"|merge\s+into(?:\s+table)?|replace\s+into|create\s+(?:or\s+replace\s+)?(?:global\s+|local\s+)?"
    r"(?:temp\w*\s+|transient\s+|unlogged\s+|external\s+)?table(?!\s+if\s+not)|alter\s+table)"
)
_EMPTIED = re.compile(rf"\b{_EMPTIES}\s+{_NAME}", re.IGNORECASE)
_SAFE_INSERT = re.compile(rf"\binsert\s+(?:or\s+\w+\s+|ignore\s+)?into\s+(?:table\s+)?{_NAME}", re.IGNORECASE)
_CHANGE_TABLE = re.compile(
    r"alter\s+table\b(?![^;]*\b(?:drop\s+partition|exchange|swap|rename)\b)", re.IGNORECASE
)
_READ = re.compile(rf"\b(?:from|join)\s+{_NAME}", re.IGNORECASE)
_PASSING = re.compile(r"(?:^|_)(?:tmp|temp)(?:_|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Append:
    """A write that adds to `target`: `how` names it as its author would, at `line` of the file.

    `is_cleared`: something around it seems to clear what was there first.
    """

    how: str
    target: str
    line: int
    is_cleared: bool = False

    @property
    def key(self) -> tuple[str, str, bool]:
        return (self.how, self.target, self.is_cleared)


def sql_appends(path: str, text: str) -> tuple[Append, ...]:
    """Each statement that adds rows to a table which nothing in the same file empties, replaces or compares first."""
    pieces = sql_pieces(path, text, _IS_SQL) if _IS_SQL.search(text) else ()
    if not pieces:
        return ()
    emptied = emptied_tables(text)
    return tuple(
        append
        for piece in pieces
        for append in _of_piece(piece)
        if append.target not in emptied and not _PASSING.search(append.target)
    )


def emptied_tables(text: str) -> frozenset[str]:
    """The tables that statements of a text empty, replace or merge into, by the last part of their names."""
    code = without_comments(text)
    return frozenset(
        table_name(match.group(1))
        for match in _EMPTIED.finditer(code)
        if not _CHANGE_TABLE.match(code, match.start())
    )


def safely_written(text: str) -> frozenset[str]:
    """The tables that a text writes in a way that can run twice: emptied first, merged, or compared."""
    code = without_comments(text)
    compared = {
        table_name(match.group(1))
        for match in _SAFE_INSERT.finditer(code)
        if _is_guarded(code, match) or " into" not in match.group().lower()[:12]
    }
    return emptied_tables(text) | compared


def table_name(written: str) -> str:
    """The last part of a table's name, without quotes; what is filled in by a template counts as one word."""
    plain = re.sub(r"\{\{.*?\}\}|\{[^{}]*\}", "filled_in", written)
    return re.sub(r"[\"`\[\]]", "", plain).strip(".").rpartition(".")[2].casefold()


def _of_piece(piece: Piece) -> Iterator[Append]:
    code = without_comments(piece.text)
    for how, pattern in (("INSERT INTO", _INSERT), ("COPY INTO with FORCE", _COPY_FORCED), ("COPY", _COPY)):
        for match in pattern.finditer(code):
            if how == "INSERT INTO" and _is_guarded(code, match):
                continue
            line = piece.line + code.count("\n", 0, match.start())
            yield Append(how, table_name(match.group(1)), line)


def _is_guarded(code: str, insert: re.Match[str]) -> bool:
    """Whether rows that are there already are left out: by the database, or by a comparison with the table itself."""
    statement = _statement(code, insert.start())
    again = _READ.findall(statement)
    return bool(_GUARDED.search(statement)) or (
        table_name(insert.group(1)) in map(table_name, again) and bool(_COMPARED.search(statement))
    )


def _statement(code: str, start: int) -> str:
    end = code.find(";", start)
    # A CTE stands before the INSERT that it feeds.
    return code[code.rfind(";", 0, start) + 1 : len(code) if end < 0 else end]
