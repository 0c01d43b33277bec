"""What one query reads of a table's columns: through CTEs, subqueries, unions and stars, by sqlglot's scopes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

_MOST_SCOPES = 200


@dataclass(frozen=True)
class Reads:
    """What a query does with columns of the tables asked about, each by its name in lower case.

    `named` are the lines (from 1) of the query that name the column, 0 where a line is not known. `perhaps` are those
    where the name may also be another table's. `passed` are the columns that the query hands on without naming them, by
    a star, each with the name that it has then.
    """

    named: Mapping[str, tuple[int, ...]]
    perhaps: Mapping[str, tuple[int, ...]]
    passed: Mapping[str, tuple[str, ...]]


@dataclass
class _Found:
    named: dict[str, set[int]] = field(default_factory=dict)
    perhaps: dict[str, set[int]] = field(default_factory=dict)

    def reads(self, passed: "Carried") -> Reads:
        origins = sorted(set(passed.values()))
        return Reads(
            named={name: tuple(sorted(lines)) for name, lines in self.named.items()},
            perhaps={
                name: tuple(sorted(lines)) for name, lines in self.perhaps.items() if name not in self.named
            },
            passed={
                origin: tuple(sorted(name for name, one in passed.items() if one == origin))
                for origin in origins
            },
        )


Carried = dict[str, str]
"""Which output column of a scope holds which column asked about."""


def reads_of(
    query: exp.Expr, tables: frozenset[str], columns: frozenset[str], known: Mapping[str, Sequence[str]]
) -> Reads | None:
    """What `query` reads of `columns` of `tables`; None where it is too large to be followed.

    Tables are named `schema.table`, in lower case. `known` are the columns of tables, those asked about too, which tell
    whose a column without a table's name is.
    """
    flat = _flattened(query.copy())
    wanted = frozenset(_flat(name) for name in tables)
    if isinstance(flat, exp.Merge | exp.Update | exp.Delete):
        return _unscoped(flat, wanted, columns)
    schema: dict[str, object] = {
        _flat(name): dict.fromkeys(held, "unknown") for name, held in known.items() if held
    }
    try:
        qualified = qualify(
            flat,
            schema=schema or None,
            allow_partial_qualification=True,
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
        scopes = traverse_scope(qualified)
    except (SqlglotError, RecursionError, ValueError, KeyError, AttributeError):
        return _unscoped(flat, wanted, columns)
    if len(scopes) > _MOST_SCOPES:
        return None
    if not scopes:
        return _unscoped(flat, wanted, columns)
    found = _Found()
    carried: dict[int, Carried] = {}
    for scope in scopes:
        carried[id(scope.expression)] = _of_scope(scope, wanted, columns, carried, found)
    return found.reads(carried[id(scopes[-1].expression)])


def _unscoped(statement: exp.Expr, tables: frozenset[str], columns: frozenset[str]) -> Reads:
    """The same of a statement that has no scopes, such as a MERGE, by the names and aliases of its tables."""
    every = list(statement.find_all(exp.Table))
    names = {table.alias_or_name.casefold() for table in every if table.name.casefold() in tables}
    found = _Found()
    for column in statement.find_all(exp.Column) if names else ():
        name, line = column.name.casefold(), int(column.this.meta.get("line", 0))
        if name not in columns:
            continue
        if column.table.casefold() in names or (not column.table and len(every) == 1):
            found.named.setdefault(name, set()).add(line)
        elif not column.table:
            found.perhaps.setdefault(name, set()).add(line)
    return found.reads({})


def table_name(table: exp.Table) -> str:
    """`schema.table`, in lower case, with a catalogue in front where there is one."""
    return ".".join(part.name for part in table.parts).casefold()


def _flat(name: str) -> str:
    return name.casefold().replace(".", "__dot__")


def _flattened(query: exp.Expr) -> exp.Expr:
    """The query with tables of one name each: a schema of sqlglot wants all names equally deep."""
    for table in list(query.find_all(exp.Table)):
        if table.args.get("db") is None or not isinstance(table.this, exp.Identifier):
            continue
        alias = table.alias or table.name
        name = exp.to_identifier(_flat(table_name(table)))
        name.meta.update(table.this.meta)
        table.set("this", name)
        table.set("db", None)
        table.set("catalog", None)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return query


def _of_scope(
    scope: Scope,
    tables: frozenset[str],
    columns: frozenset[str],
    carried: Mapping[int, Carried],
    found: _Found,
) -> Carried:
    expression = scope.expression
    if isinstance(expression, exp.SetOperation):
        return _of_union(expression, carried)
    sources = {
        name: held
        for name, source in scope.sources.items()
        if (held := _held(source, tables, columns, carried))
    }
    if not sources:
        return {}
    selected = set(scope.selected_sources)
    only = next(iter(selected)) if len(selected) == 1 else None
    out: Carried = {}
    handed_on: set[int] = set()
    for projection in expression.selects if isinstance(expression, exp.Query) else ():
        for source in _starred(projection, selected & sources.keys()):
            out |= _kept(sources[source], projection)
        column = projection.unalias()
        # What a star was expanded to stands nowhere in the text.
        if isinstance(column, exp.Column) and "line" not in column.this.meta:
            handed_on.add(id(column))
            if (origin := sources.get(column.table, {}).get(column.name.casefold())) is not None:
                out[projection.alias_or_name.casefold()] = origin
    for column in scope.columns:
        if isinstance(column.this, exp.Star) or id(column) in handed_on:
            continue
        name, line = column.name.casefold(), int(column.this.meta.get("line", 0))
        table = column.table or only
        if table:
            if (origin := sources.get(table, {}).get(name)) is not None:
                found.named.setdefault(origin, set()).add(line)
            continue
        for held in (sources[one] for one in selected & sources.keys()):
            if name in held:
                found.perhaps.setdefault(held[name], set()).add(line)
    return out


def _held(
    source: exp.Expr | Scope, tables: frozenset[str], columns: frozenset[str], carried: Mapping[int, Carried]
) -> Carried:
    if isinstance(source, Scope):
        return carried.get(id(source.expression), {})
    is_asked = isinstance(source, exp.Table) and source.name.casefold() in tables
    return {name: name for name in columns} if is_asked else {}


def _starred(projection: exp.Expr, sources: set[str]) -> Iterator[str]:
    """The sources whose columns a projection hands on as they are."""
    if isinstance(projection, exp.Star):
        yield from sorted(sources)
    elif (
        isinstance(projection, exp.Column)
        and isinstance(projection.this, exp.Star)
        and projection.table in sources
    ):
        yield projection.table


def _kept(held: Carried, projection: exp.Expr) -> Carried:
    """What is left of the columns after `except`; `rename` and `replace` name columns and hand on others."""
    star = projection if isinstance(projection, exp.Star) else projection.this
    gone = {
        item.alias_or_name.casefold()
        for key in ("except_", "except", "replace", "rename")
        for item in star.args.get(key) or ()
    }
    gone |= {
        item.this.name.casefold()
        for item in star.args.get("rename") or ()
        if isinstance(item, exp.Alias) and isinstance(item.this, exp.Expr)
    }
    return {name: origin for name, origin in held.items() if name not in gone}


def _of_union(expression: exp.SetOperation, carried: Mapping[int, Carried]) -> Carried:
    """A union's columns are called as those of its first query, and go together by their places."""
    out: Carried = {}
    first = [name.casefold() for name in expression.left.named_selects]
    for inner in (expression.left, expression.right):
        names = [name.casefold() for name in inner.named_selects]
        held = carried.get(id(inner), {})
        alike = "*" not in (*first, *names) and len(first) == len(names)
        for name, origin in held.items():
            place = names.index(name) if alike and name in names else None
            out[first[place] if place is not None else name] = origin
    return out
