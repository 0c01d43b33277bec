"""The columns that a dbt model's query makes, where its text leaves no doubt."""

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from meta_pipeline.schedulers.dbt.static.made import Columns, Doubtful, Lookup, Made
from meta_pipeline.schedulers.dbt.static.rendering import MACRO, REF, ModelText, read_model

_DIALECTS = (None, "duckdb", "snowflake", "bigquery", "postgres", "redshift", "databricks")
_MAX_DEPTH = 40
_LONGEST = 200_000


def columns_of(sql: str, lookup: Lookup) -> Columns:
    """The select list of a model's file. `lookup` tells the columns of a model behind `select *`."""
    if len(sql) > _LONGEST:
        return Doubtful("it is too long to be read")
    text = read_model(sql)
    if text.uncertain is not None:
        return Doubtful(text.uncertain)
    return _agreed(text, lookup)


def query_columns(query: exp.Expr) -> Columns:
    """The select list of a query that no template writes; of a star over a table nothing is known."""
    return _of_query(query, {}, lambda _: Doubtful("it is of another file"), 0)


def _agreed(text: ModelText, lookup: Lookup) -> Columns:
    found: tuple[Made, ...] | None = None
    # Conditions that exclude each other, taken together, give no SQL: no run takes that way.
    queries = [query for query in map(parsed_query, text.variants) if query is not None]
    if text.variants and not queries:
        return Doubtful("its SQL cannot be read")
    for query in queries:
        columns = _of_query(query, {}, lookup, 0)
        if isinstance(columns, Doubtful):
            return columns
        if found is not None and [c.name for c in columns] != [c.name for c in found]:
            return Doubtful("a run decides which columns it has")
        found = columns
    return found if found is not None else Doubtful("it is empty")


@lru_cache(maxsize=4096)
def parsed_query(sql: str) -> exp.Expr | None:
    """The one statement of a text, in the first dialect that reads it; None where there is none, or are several."""
    for dialect in _DIALECTS:
        try:
            statements = [s for s in sqlglot.parse(sql, read=dialect) if s is not None]
        except (SqlglotError, RecursionError):
            continue
        if len(statements) == 1:
            return statements[0]
    return None


_Scope = dict[str, Columns]


def _of_query(query: exp.Expr, outer: _Scope, lookup: Lookup, depth: int) -> Columns:
    if depth > _MAX_DEPTH:
        return Doubtful("its query is nested too deeply")
    scope = dict(outer)
    with_ = query.args.get("with_")
    for cte in with_.expressions if with_ else ():
        columns = _of_query(cte.this, scope, lookup, depth + 1)
        scope[cte.alias.casefold()] = _aliased(columns, cte)
    if isinstance(query, exp.Subquery):
        return _of_query(query.this, scope, lookup, depth + 1)
    if isinstance(query, exp.SetOperation):
        return _of_query(query.left, scope, lookup, depth + 1)
    if not isinstance(query, exp.Select):
        return Doubtful("its query is no select")
    made: list[Made] = []
    for projection in query.expressions:
        found = _of_projection(projection, query, scope, lookup, depth)
        if isinstance(found, Doubtful):
            return found
        made += found
    return tuple(made)


def _aliased(columns: Columns, cte: exp.Expr) -> Columns:
    """The columns of a CTE that gives them names of its own, as `with t(a, b)`."""
    alias = cte.args.get("alias")
    names = [column.name.casefold() for column in alias.columns] if isinstance(alias, exp.TableAlias) else []
    if not names or isinstance(columns, Doubtful):
        return columns
    return tuple(Made(name, c.type, c.expression, c.line) for name, c in zip(names, columns, strict=False))


def _of_projection(
    projection: exp.Expr, query: exp.Select, scope: _Scope, lookup: Lookup, depth: int
) -> Columns:
    if isinstance(projection, exp.Star) or (
        isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star)
    ):
        return _star(projection, query, scope, lookup, depth)
    name = projection.alias_or_name
    if not name or not isinstance(projection, exp.Alias | exp.Column | exp.Dot):
        # Each warehouse names such a column in its own way.
        return Doubtful("a column of it has no name")
    if MACRO in name:
        return Doubtful("a macro writes columns of it")
    inner = projection.unalias()
    kind = inner.args.get("to") if isinstance(inner, exp.Cast) else None
    lines = [int(part.meta["line"]) for part in projection.walk() if "line" in part.meta]
    # Comments beside a column are no part of how it is computed.
    expression = inner.sql(comments=False)
    return (Made(name.casefold(), kind.sql() if kind else None, expression, max(lines, default=None)),)


def _star(projection: exp.Expr, query: exp.Select, scope: _Scope, lookup: Lookup, depth: int) -> Columns:
    star = projection if isinstance(projection, exp.Star) else projection.this
    if any(star.args.get(key) for key in ("replace", "rename", "ilike")):
        return Doubtful("it changes the columns of a star")
    wanted = projection.table.casefold() if isinstance(projection, exp.Column) else None
    except_ = star.args.get("except_") or ()
    left_out = {item.name.casefold() for item in except_}
    made: list[Made] = []
    from_ = query.args.get("from_")
    joins = query.args.get("joins") or ()
    if any(join.args.get("using") for join in joins) and wanted is None:
        return Doubtful("it selects all columns of a join")
    for source in (*([from_.this] if from_ else []), *(join.this for join in joins)):
        if wanted is not None and source.alias_or_name.casefold() != wanted:
            continue
        columns = _of_source(source, scope, lookup, depth)
        if isinstance(columns, Doubtful):
            return columns
        made += [column for column in columns if column.name not in left_out]
    return tuple(made) if made else Doubtful("it selects all columns of something unknown")


def _of_source(source: exp.Expr, scope: _Scope, lookup: Lookup, depth: int) -> Columns:
    if isinstance(source, exp.Subquery):
        return _of_query(source, scope, lookup, depth + 1)
    if isinstance(source, exp.Table):
        name = source.name
        if name.startswith(REF):
            return lookup(name.removeprefix(REF))
        if not source.db and name.casefold() in scope:
            return scope[name.casefold()]
    return Doubtful("it selects all columns of a table that is not in the project")
