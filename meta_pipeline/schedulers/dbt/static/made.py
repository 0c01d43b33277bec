"""What is known of the columns that a query makes."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """One column of a query: its name in lower case, its type where a cast says it, and how it is computed.

    `line` is that of the query's text which names it, None where no line is known.
    """

    name: str
    type: str | None
    expression: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Why the columns of a query are not known, as the end of a sentence."""

    why: str


Columns = tuple[Made, ...] | Doubtful
Lookup = Callable[[str], Columns]
"""The columns of another model, by the name in its `ref`."""
