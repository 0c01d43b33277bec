"""SQL statements that destroy data, found in SQL files and in the string literals of Python."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_WORTH_PARSING = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
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
            if literal and _WORTH_PARSING.search(literal):
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
    plain = _JINJA_OTHER.sub(_blank, _JINJA_VALUE.sub(_placeholder, text))
    for dialect in _DIALECTS:
        try:
            statements = sqlglot.parse(plain, read=dialect)
        except SqlglotError:
            continue
        found = [statement for statement in statements if isinstance(statement, exp.Expression)]
        # A Command is what the parser gave up on.
        if not any(isinstance(statement, exp.Command) for statement in found):
            return found
    return None


def _placeholder(match: re.Match[str]) -> str:
    name = re.sub(r"\W+", "_", match.group()).strip("_") or "filled_in"
    return f"jinja_{name}" + "\n" * match.group().count("\n")


def _blank(match: re.Match[str]) -> str:
    return " " + "\n" * match.group().count("\n")


def _of_statement(statement: exp.Expression) -> Iterator[Destruction]:
    if isinstance(statement, exp.Drop) and str(statement.args.get("kind")).upper() in _DROPS_DATA:
        table = statement.this
        if not statement.args.get("temporary") and not _PASSING.search(_name(table)):
            yield Destruction("DROP", _name(table), _line(table))
    elif isinstance(statement, exp.TruncateTable):
        for table in statement.expressions:
            if not _PASSING.search(_name(table)):
                yield Destruction("TRUNCATE", _name(table), _line(table))
    elif isinstance(statement, exp.Delete) and statement.this is not None and _keeps_nothing(statement):
        if not _PASSING.search(_name(statement.this)):
            yield Destruction("DELETE without WHERE", _name(statement.this), _line(statement.this))
    elif isinstance(statement, exp.Alter):
        for action in statement.args.get("actions") or ():
            if isinstance(action, exp.Drop) and str(action.args.get("kind")).upper() == "COLUMN":
                column = f"{_name(statement.this)}.{action.this.name}"
                yield Destruction("DROP", column, _line(statement.this))


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
            table = re.sub(r"[\"`\[\]]", "", match.group(1)).casefold()
            if not _PASSING.search(table):
                yield Destruction(verb, table, code.count("\n", 0, match.start()) + 1)
