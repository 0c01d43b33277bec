"""SQL that could be read before and cannot be any more."""

import re
from collections.abc import Iterator, Sequence

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.soundness.judged import blamed, changed, holds_template
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import project_folders

_ENDINGS = (".sql", ".hql", ".ddl")
_LONGEST = 100_000
_GENERIC = re.compile(r"\{%-?\s*(?:(?:data_)?test\s+\w+\s*\(.*?\)|end(?:data_)?test)\s*-?%\}", re.DOTALL)
"""What a generic test stands between: its query is that of a model whose arguments nobody knows."""
_VALUE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
_BLOCK = re.compile(r"\{%")


def sql_faults(change: Change) -> Iterator[Weighed]:
    """Each file whose SQL some dialect read at base, where none reads it at head.

    Dialects differ and no parser knows all of them, so this asks a person. A file that is new, or was read by no
    dialect before, is not judged.
    """
    projects = project_folders(change.head)
    for file in changed(change, _ENDINGS):
        in_dbt = any(folder == "." or file.path.startswith(f"{folder}/") for folder in projects)
        if file.old is None or not file.new or len(file.new) > _LONGEST:
            continue
        if in_dbt:
            yield from _model(file, file.old, file.new)
            continue
        old, new = (side.decode("utf-8", errors="replace") for side in (file.old, file.new))
        if holds_template(file.new) or holds_template(file.old):
            malformed = list(_template(file, file.old, file.new))
            yield from malformed
            if malformed or _BLOCK.search(old) or _BLOCK.search(new):
                continue
            old, new = (_VALUE.sub(_filled, side) for side in (old, new))
        dialect = _reading(old)
        if dialect is None or not new.strip() or _reading(new) is not None:
            continue
        line, what = _complaint(new, dialect)
        yield weighed(
            "needs_approval",
            f"this SQL could be read as {dialect or 'standard SQL'} and cannot be any more: {what}",
            "mend the statement, or approve it if your database takes it",
            path=file.path,
            line=blamed(file, line),
        )


def _emptied(tag: re.Match[str]) -> str:
    """Nothing in the place of a tag, with as many lines."""
    return "\n" * tag.group().count("\n")


def _filled(value: re.Match[str]) -> str:
    """A name in the place of what a template fills in, with as many lines."""
    return "filled_in" + "\n" * value.group().count("\n")


def _model(file: FileChange, old: bytes, new: bytes) -> Iterator[Weighed]:
    """A file of a dbt project, by what its Jinja renders to as far as source tells."""
    from meta_pipeline.schedulers.dbt.static.rendering import ways_of

    before, after = (
        ways_of(_GENERIC.sub(_emptied, data.decode("utf-8", errors="replace"))) for data in (old, new)
    )

    broken = _broken(before, after)
    if broken is not None:
        line, what = _complaint(broken, "")
        # What is rendered has fewer lines than the file, where a comment of Jinja goes.
        words = broken.splitlines()[line - 1].strip() if line <= len(broken.splitlines()) else ""
        lines = [text.strip() for text in new.decode("utf-8", errors="replace").splitlines()]
        line = next(
            (number for number, text in enumerate(lines, 1) if number >= line and text == words), line
        )
        yield weighed(
            "needs_approval",
            f"the query of this file could be read and cannot be any more: {what}",
            "mend the query, or approve it if your warehouse takes it",
            path=file.path,
            line=blamed(file, line),
        )


def _broken(before: Sequence[str], after: Sequence[str]) -> str | None:
    """A text of a query that can no longer be read; some of those that a run decides among no run makes."""
    from meta_pipeline.schedulers.dbt.static.select_list import parsed_query

    def is_read(text: str) -> bool:
        return parsed_query(text) is not None and _unclosed(text, "") is None

    if len(before) == len(after):
        changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    else:
        # Other branches than before: with all of them and without any, each has to do.
        changed = [(old, new) for new in after[:2] for old in before[:2] if all(map(is_read, before[:2]))]
    return next((new for old, new in changed if new.strip() and is_read(old) and not is_read(new)), None)


def _template(file: FileChange, old: bytes, new: bytes) -> Iterator[Weighed]:
    from meta_pipeline.schedulers.dbt.static.templates import Malformed, parse_template

    after = parse_template(new)
    if isinstance(after, Malformed) and not isinstance(parse_template(old), Malformed):
        yield weighed(
            "failed",
            f"this template can no longer be filled in: {after.message.rpartition(': ')[2]}; its task fails",
            "mend the template",
            path=file.path,
            line=blamed(file, after.line),
        )


_DIALECTS = (
    "",
    "bigquery",
    "snowflake",
    "postgres",
    "redshift",
    "spark",
    "duckdb",
    "trino",
    "tsql",
    "clickhouse",
)


def _reading(text: str) -> str | None:
    """The first dialect that reads the text; None where none does."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    for dialect in _DIALECTS:
        try:
            statements = sqlglot.parse(text, read=dialect)
        except (SqlglotError, RecursionError, ValueError):
            continue
        if _unclosed(text, dialect) is not None:
            continue
        # What sqlglot does not know it keeps as a command, which reads anything.
        if any(isinstance(one, sqlglot.exp.Command) for one in statements):
            return None if dialect == _DIALECTS[-1] else dialect
        return dialect
    return None


def _unclosed(text: str, dialect: str) -> int | None:
    """The line of a bracket without its other half, which sqlglot passes over in some places; None without one."""
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.tokenizer_core import TokenType

    pairs = {TokenType.R_PAREN: TokenType.L_PAREN, TokenType.R_BRACKET: TokenType.L_BRACKET}
    open_: list[tuple[TokenType, int]] = []
    try:
        tokens = sqlglot.tokenize(text, read=dialect)
    except SqlglotError:
        return 1
    for token in tokens:
        if token.token_type in pairs.values():
            open_.append((token.token_type, token.line))
        elif token.token_type in pairs and (not open_ or open_.pop()[0] != pairs[token.token_type]):
            return token.line
    return open_[-1][1] if open_ else None


def _complaint(text: str, dialect: str) -> tuple[int, str]:
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    try:
        sqlglot.parse(text, read=dialect)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = str(first.get("description") or error).rstrip(".")
        return int(first.get("line") or 1), f"{what[:1].lower()}{what[1:]}"
    except (SqlglotError, RecursionError, ValueError) as error:
        return 1, str(error).splitlines()[0]
    if (line := _unclosed(text, dialect)) is not None:
        return line, "a bracket lacks its other half"
    return 1, "it is no statement"
