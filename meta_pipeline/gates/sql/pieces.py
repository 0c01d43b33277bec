"""Where there is SQL in a file: the whole of a SQL file, and the string literals of Python that are SQL."""

import ast
import re
from dataclasses import dataclass

from meta_pipeline.gates.python.reading import parsed


@dataclass(frozen=True, slots=True)
class Piece:
    """SQL text that begins at `line` of its file. A `sure` piece is SQL by its file; others may be prose."""

    text: str
    line: int
    sure: bool


def sql_pieces(path: str, text: str, is_sql: re.Pattern[str]) -> tuple[Piece, ...]:
    """The SQL of a file; a string of Python counts where `is_sql` is found in it, and it is no docstring."""
    if path.endswith(".sql"):
        return (Piece(text, 1, sure=True),)
    module = parsed(text) if path.endswith(".py") else None
    if module is None:
        return ()
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    left_out = prose | inner
    return tuple(
        Piece(literal, getattr(node, "lineno", 1), sure=False)
        for node in ast.walk(module)
        if id(node) not in left_out
        if (literal := _literal(node)) and is_sql.search(literal)
    )


def without_comments(text: str) -> str:
    """SQL whose comments are white space; each line keeps its number."""
    return re.sub(r"--[^\n]*", "", re.sub(r"/\*(?:(?!/\*).)*?\*/", blank, text, flags=re.DOTALL))


def blank(match: re.Match[str]) -> str:
    """White space with as many lines as the match, so that what follows keeps its number."""
    return " " + "\n" * match.group().count("\n")


def _literal(node: ast.AST) -> str | None:
    """The text of a string or f-string; what an f-string fills in becomes a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "filled_in" for part in node.values)
        return "".join(map(str, parts))
    return None
