"""SQL outside of dbt that could be read before and cannot be any more."""

from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import changed, holds_template
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import project_folders

_ENDINGS = (".sql", ".hql", ".ddl")
_LONGEST = 100_000


def sql_faults(change: Change) -> Iterator[Weighed]:
    """Each file whose SQL some dialect read at base, where none reads it at head.

    Dialects differ and no parser knows all of them, so this asks a person. A file that is new, or was read by no
    dialect before, is not judged.
    """
    projects = project_folders(change.head)
    for file in changed(change, _ENDINGS):
        in_dbt = any(folder == "." or file.path.startswith(f"{folder}/") for folder in projects)
        if in_dbt or file.old is None or not file.new or len(file.new) > _LONGEST:
            continue
        if holds_template(file.new) or holds_template(file.old):
            yield from _template(file.path, file.old, file.new)
            continue
        dialect = _reading(file.old.decode("utf-8", errors="replace"))
        text = file.new.decode("utf-8", errors="replace")
        if dialect is None or not text.strip() or _reading(text) is not None:
            continue
        line, what = _complaint(text, dialect)
        yield weighed(
            "needs_approval",
            f"this SQL could be read as {dialect or 'standard SQL'} and cannot be any more: {what}",
            "mend the statement, or approve it if your database takes it",
            path=file.path,
            line=line,
        )


def _template(path: str, old: bytes, new: bytes) -> Iterator[Weighed]:
    from meta_pipeline.schedulers.dbt.static.templates import Malformed, parse_template

    after = parse_template(new)
    if isinstance(after, Malformed) and not isinstance(parse_template(old), Malformed):
        yield weighed(
            "failed",
            f"this template can no longer be filled in: {after.message.rpartition(': ')[2]}; its task fails",
            "mend the template",
            path=path,
            line=after.line,
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
        # What sqlglot does not know it keeps as a command, which reads anything.
        if any(isinstance(one, sqlglot.exp.Command) for one in statements):
            return None if dialect == _DIALECTS[-1] else dialect
        return dialect
    return None


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
    return 1, "it is no statement"
