"""SQL statements that destroy data, found in SQL files and in the string literals of Python."""

import ast
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_WORTH_PARSING = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
_SURELY_SQL = re.compile(
    r"\b(drop\s+(table|schema|database|column)|truncate\s+table|delete\s+from)\b", re.IGNORECASE
)
_JINJA_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_JINJA_OTHER = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_DIALECTS = (None, "bigquery", "snowflake", "postgres")
_DROPS_DATA = frozenset({"TABLE", "SCHEMA", "DATABASE", "COLUMN"})
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


@dataclass(frozen=True, slots=True)
class _Piece:
    """SQL text that begins at `line` of its file. A `sure` piece is SQL by its file; others may be prose."""

    text: str
    line: int
    sure: bool


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
    if not _WORTH_PARSING.search(text):
        return ()
    pieces = tuple(_pieces(path, text))
    parsed = [(piece, _parse(piece.text)) for piece in pieces]
    written = {_name(table) for _, statements in parsed for table in _written(statements or ())}
    written |= {
        _bare(match) for piece, read in parsed if read is None for match in _WRITES.finditer(piece.text)
    }
    found: list[Destruction] = []
    for piece, statements in parsed:
        if statements is not None:
            here = [d for statement in statements for d in _of_statement(statement)]
        else:
            here = list(_of_unreadable(piece.text)) if piece.sure else []
        found += [
            Destruction(d.verb, d.table, d.line + piece.line - 1) for d in here if d.table not in written
        ]
    return tuple(sorted(found, key=lambda d: d.line))


def _pieces(path: str, text: str) -> Iterator[_Piece]:
    if path.endswith(".sql"):
        yield _Piece(text, 1, sure=True)
    elif path.endswith(".py"):
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
        inner = {
            id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        for node in ast.walk(module):
            if id(node) in prose or id(node) in inner:
                continue
            literal = _literal(node)
            if literal and _SURELY_SQL.search(literal):
                yield _Piece(literal, getattr(node, "lineno", 1), sure=False)


def _literal(node: ast.AST) -> str | None:
    """The text of a string or f-string; what an f-string fills in becomes a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "filled_in" for part in node.values)
        return "".join(map(str, parts))
    return None


def _parse(text: str) -> list[exp.Expression] | None:
    """The statements of the text; None where no dialect reads it."""
    # It logs each statement that it leaves unread; those are looked at below.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    plain = _JINJA_OTHER.sub(_blank, _JINJA_VALUE.sub(_placeholder, text))
    for dialect in _DIALECTS:
        try:
            statements = sqlglot.parse(plain, read=dialect)
        except SqlglotError:
            continue
        found = [statement for statement in statements if isinstance(statement, exp.Expression)]
        if not any(_is_unread(statement) for statement in found):
            return found
    return None


def _is_unread(statement: exp.Expression) -> bool:
    """Whether the parser gave up on a statement that may destroy something."""
    return any(_WORTH_PARSING.search(command.sql()) for command in statement.find_all(exp.Command))


def _placeholder(match: re.Match[str]) -> str:
    name = re.sub(r"\W+", "_", match.group()).strip("_") or "filled_in"
    return f"jinja_{name}" + "\n" * match.group().count("\n")


def _blank(match: re.Match[str]) -> str:
    return " " + "\n" * match.group().count("\n")


def _of_statement(statement: exp.Expression) -> Iterator[Destruction]:
    for verb, table in _targets(statement):
        name = _name(table)
        if not _PASSING.search(name):
            yield Destruction(verb, name, _line(table))


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


def _of_unreadable(text: str) -> Iterator[Destruction]:
    """The same by pattern, for SQL that no dialect reads."""
    code = re.sub(r"--[^\n]*", "", re.sub(r"/\*.*?\*/", _blank, text, flags=re.DOTALL))
    for verb, pattern in _UNREADABLE:
        for match in pattern.finditer(code):
            table = _bare(match)
            if not _PASSING.search(table):
                yield Destruction(verb, table, code.count("\n", 0, match.start()) + 1)


def _bare(match: re.Match[str]) -> str:
    """The table's name without the quotes of any dialect."""
    return re.sub(r"[\"`\[\]]", "", match.group(1)).casefold()
