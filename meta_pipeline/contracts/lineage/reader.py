"""One place of a repository that reads a column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class ColumnReader:
    """A place that reads a column: a query, a test, or what reads the whole dataset.

    `line` counts from 1, None where it is not known. Where `certain` is false, what is read may be another table's.
    """

    path: str
    line: int | None
    certain: bool = True

    @property
    def place(self) -> str:
        """`models/orders.sql:12`."""
        return f"{self.path}:{self.line}" if self.line else self.path


def told(readers: Sequence[ColumnReader], most: int = 3) -> str | None:
    """`read by a.sql:3, b.sql:7 and 2 more places`; None where nobody is known to read it."""
    if not readers:
        return None
    sure = [reader for reader in readers if reader.certain]
    chosen = sure or readers
    places = list(dict.fromkeys(reader.place for reader in chosen))
    shown, rest = places[:most], len(places) - most
    if rest > 0:
        listed = f"{', '.join(shown)} and {rest} more place{'' if rest == 1 else 's'}"
    else:
        listed = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
    return f"{'' if sure else 'perhaps '}read by {listed}"


def line_near(text: str, word: str, line: int) -> int | None:
    """The line of the text nearest to `line` that holds the word: what templates fill in moves lines about."""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    lines = [number for number, held in enumerate(text.splitlines(), 1) if pattern.search(held)]
    return min(lines, key=lambda number: abs(number - line)) if lines else None
