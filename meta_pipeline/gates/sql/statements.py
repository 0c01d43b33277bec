"""What SQL statements destroy and write, as sqlglot reads them in the dialects of the usual warehouses."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from meta_pipeline.gates.sql.destructions import WORTH_PARSING
from meta_pipeline.gates.sql.pieces import blank

# A match ends where the next one begins: else text that opens and never closes is searched to its end each time.
_JINJA_VALUE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_JINJA_OTHER = re.compile(r"\{%(?:(?!\{%).)*?%\}|\{#(?:(?!\{#).)*?#\}", re.DOTALL)
_DIALECTS = (None, "bigquery", "snowflake", "postgres")
_DROPS_DATA = frozenset({"TABLE", "SCHEMA", "DATABASE", "COLUMN"})


@dataclass(frozen=True, slots=True)
class Statements:
    """`destroyed` has verb, table and line (counted from 1) of each loss; `written` the tables that are filled."""

    destroyed: tuple[tuple[str, str, int], ...]
    written: frozenset[str]


def read_statements(text: str) -> Statements | None:
    """What the statements of the text do; None where no dialect reads it."""
    statements = _parse(text)
    if statements is None:
        return None
    return Statements(
        destroyed=tuple(
            (verb, _name(table), _line(table))
            for statement in statements
            for verb, table in _targets(statement)
        ),
        written=frozenset(_name(table) for table in _written(statements)),
    )


def _parse(text: str) -> list[exp.Expression] | None:
    # It logs each statement that it leaves unread; those are looked at below.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    plain = _JINJA_OTHER.sub(blank, _JINJA_VALUE.sub(_placeholder, text))
    for dialect in _DIALECTS:
        try:
            statements = sqlglot.parse(plain, read=dialect)
        except (SqlglotError, RecursionError):
            continue
        found = [statement for statement in statements if isinstance(statement, exp.Expression)]
        if not any(_is_unread(statement) for statement in found):
            return found
    return None


def _is_unread(statement: exp.Expression) -> bool:
    """Whether the parser gave up on a statement that may destroy something."""
    return any(WORTH_PARSING.search(command.sql()) for command in statement.find_all(exp.Command))


def _placeholder(match: re.Match[str]) -> str:
    name = re.sub(r"\W+", "_", match.group()).strip("_") or "filled_in"
    return f"jinja_{name}" + "\n" * match.group().count("\n")


def _targets(statement: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    if isinstance(statement, exp.Drop):
        if str(statement.args.get("kind")).upper() in _DROPS_DATA and not statement.args.get("temporary"):
            yield from (("DROP", table) for table in statement.args["tables"])
    elif isinstance(statement, exp.TruncateTable):
        yield from (("TRUNCATE", table) for table in statement.expressions)
    elif isinstance(statement, exp.Delete):
        if isinstance(statement.this, exp.Table) and _keeps_nothing(statement):
            yield "DELETE without WHERE", statement.this
    elif isinstance(statement, exp.Alter):
        for action in statement.args.get("actions") or ():
            if isinstance(action, exp.Drop) and str(action.args.get("kind")).upper() == "COLUMN":
                yield "DROP of a column", statement.this


def _keeps_nothing(statement: exp.Delete) -> bool:
    """Whether the condition is absent or always true, and no join narrows the rows."""
    if statement.args.get("using") or statement.args.get("limit") or statement.args.get("tables"):
        return False
    where = statement.args.get("where")
    if where is None:
        return True
    condition = where.this
    if isinstance(condition, exp.EQ):
        return isinstance(condition.left, exp.Literal) and condition.left == condition.right
    return isinstance(condition, exp.Boolean) and bool(condition.this)


def _written(statements: Iterable[exp.Expression]) -> Iterator[exp.Expression]:
    """The tables that are created or filled: emptying them first is how a load is made to run twice."""
    for statement in statements:
        if isinstance(statement, (exp.Create, exp.Insert)):
            target = statement.this
            yield target.this if isinstance(target, exp.Schema) else target


def _name(table: exp.Expression) -> str:
    return (
        ".".join(part.name for part in table.parts).casefold() if isinstance(table, exp.Table) else table.name
    )


def _line(table: exp.Expression) -> int:
    lines = [int(node.meta["line"]) for node in table.walk() if "line" in node.meta]
    return min(lines, default=1)
