"""Partitions of a table that a statement names by the clock."""

import re
from dataclasses import dataclass

from meta_pipeline.gates.sql.pieces import sql_pieces, without_comments

_CLOCK = (
    r"(?:current_date(?:\(\))?|(?:now|today)\(\)(?:::date)?|date\(\s*(?:now\(\)|current_timestamp(?:\(\))?)\s*\)"
    r"|current_timestamp(?:\(\))?::date|getdate\(\)|sysdate|date_trunc\(\s*'day'\s*,\s*(?:now\(\)|current_timestamp)\s*\)"
    r"|cast\(\s*(?:now\(\)|getdate\(\)|current_timestamp(?:\(\))?)\s+as\s+date\s*\))"
)
_KEY = (
    r"(?:ds|dt|day|event_date|business_date|partition_\w+|\w*_partition|snapshot_(?:date|day)|run_date|report_date"
    r"|date_key|as_of_date)"
)
_NAMED = re.compile(
    rf"{_CLOCK}(?:\s*[-+]\s*(?:interval\s*)?'?\w+'?(?:\s+day)?)?\s+as\s+[\"`]?({_KEY})\b"
    rf"|\bpartition\s*\(\s*({_KEY})\s*=\s*'?{_CLOCK}",
    re.IGNORECASE,
)
_WRITES = re.compile(r"\binsert\s+(?:into|overwrite)\b|\bmerge\s+into\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClockKey:
    """A statement that writes rows whose partition `column` is the time of the run's clock."""

    column: str
    line: int

    @property
    def key(self) -> str:
        return self.column


def clock_keys(path: str, text: str) -> tuple[ClockKey, ...]:
    """Each partition column of a written table that is set to the present day."""
    pieces = sql_pieces(path, text, _WRITES) if _WRITES.search(text) else ()
    return tuple(
        ClockKey(
            (match.group(1) or match.group(2)).casefold(), piece.line + code.count("\n", 0, match.start())
        )
        for piece in pieces
        for code in (without_comments(piece.text),)
        if _WRITES.search(code)
        for match in _NAMED.finditer(code)
    )
