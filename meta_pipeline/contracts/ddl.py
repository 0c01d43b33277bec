"""The tables that statements of SQL define: each as it stands after CREATE, ALTER and DROP were applied in order."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from meta_pipeline.delivery.contract import Bound, Contract, ContractColumn
from meta_pipeline.schedulers.dbt.static.made import Doubtful, Made
from meta_pipeline.schedulers.dbt.static.select_list import query_columns

_DIALECTS = tuple(
    " postgres bigquery snowflake mysql tsql databricks redshift duckdb oracle clickhouse trino sqlite".split(
        " "
    )
)
_LONGEST = 300_000
"""A longer text is tried in the first dialects alone."""
_FILLING = (
    exp.DefaultColumnConstraint,
    exp.AutoIncrementColumnConstraint,
    exp.ComputedColumnConstraint,
    exp.GeneratedAsIdentityColumnConstraint,
)
_COUNTERS = frozenset({"SERIAL", "BIGSERIAL", "SMALLSERIAL"})
_PASSING_SCHEMAS = frozenset({"tmp", "temp", "temporary", "pg_temp", "scratch"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and the line of its file that it begins on, from 1; `tree` is None where no dialect reads it."""

    tree: exp.Expr | None
    dialect: str
    line: int


@dataclass
class Tables:
    """The tables that statements have made so far, by name in lower case."""

    found: dict[str, Contract] = field(default_factory=dict)

    def apply(self, statement: Statement, path: str) -> None:
        """Take one statement up; what defines no table, and what is altered and was never made, changes nothing."""
        tree = statement.tree
        if isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query):
            self._create_of_query(tree, statement, path)
        elif isinstance(tree, exp.Create) and tree.kind == "TABLE":
            self._create(tree, statement, path)
        elif isinstance(tree, exp.Drop) and tree.kind == "TABLE":
            for table in tree.args.get("tables") or ():
                self.found.pop(_name(table), None)
        elif isinstance(tree, exp.Alter) and tree.args.get("kind") == "TABLE":
            self._alter(tree, statement, path)
        elif isinstance(tree, exp.Comment) and isinstance(tree.this, exp.Column):
            column = tree.this
            name = ".".join(part.name for part in column.parts[:-1]).casefold()
            said = {"description": tree.expression.name if tree.expression else ""}
            self._change(name, column.name, said, path, _line(column, statement))

    def _create(self, tree: exp.Create, statement: Statement, path: str) -> None:
        schema = tree.this
        if not isinstance(schema, exp.Schema) or not isinstance(schema.this, exp.Table):
            return
        name = _name(schema.this)
        if is_passing(tree) or (tree.args.get("exists") and name in self.found):
            return
        contract = Contract(
            dataset=name,
            declared_by="sql",
            path=path,
            line=_line(schema.this, statement),
            columns=tuple(_columns(schema.expressions, statement)),
        )
        for part in schema.expressions:
            contract = _constrained(contract, part, statement.dialect)
        if any(isinstance(part, exp.ColumnDef) for part in schema.expressions):
            self.found[name] = contract

    def take_query(self, query: exp.Query, name: str, path: str) -> None:
        """The result of a query, where its columns are certain."""
        made = query_columns(query)
        if not isinstance(made, Doubtful):
            self.found[name] = Contract(
                dataset=name, declared_by="sql", path=path, line=1, columns=_made(made, 1)
            )

    def _create_of_query(self, tree: exp.Create, statement: Statement, path: str) -> None:
        """A view, or a table that is made of a query: its columns are those that the query makes."""
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        made = query_columns(tree.expression)
        if not isinstance(table, exp.Table) or is_passing(tree) or isinstance(made, Doubtful):
            return
        line = _line(table, statement)
        name = _name(table)
        self.found[name] = Contract(
            dataset=name, declared_by="sql", path=path, line=line, columns=_made(made, line)
        )

    def _alter(self, tree: exp.Alter, statement: Statement, path: str) -> None:
        name = _name(tree.this)
        for action in tree.args.get("actions") or ():
            contract = self.found.get(name)
            if contract is None:
                return
            match action:
                case exp.AlterRename():
                    # A name without a schema stays in the schema that the table is in.
                    new = _name(action.this)
                    outer = name.rpartition(".")[0]
                    new = f"{outer}.{new}" if outer and "." not in new else new
                    self.found[new] = self.found.pop(name).model_copy(update={"dataset": new})
                    name = new
                case exp.ColumnDef():
                    if contract.column(_column_name(action)) is None:
                        added = _located(_column(action, statement), path)
                        self._put(name, (*contract.columns, added))
                        if any(
                            isinstance(c.kind, exp.PrimaryKeyColumnConstraint) for c in action.constraints
                        ):
                            self.found[name] = self.found[name].model_copy(update={"key": (added.name,)})
                case exp.Drop() if action.args.get("kind") == "COLUMN":
                    gone = {column.name.casefold() for column in action.args.get("tables") or ()}
                    self._put(name, tuple(c for c in contract.columns if c.name not in gone))
                    # What a column is missing from is shown by the statement that took it away.
                    place = {"path": path, "line": _line(action, statement)}
                    self.found[name] = self.found[name].model_copy(update=place)
                case exp.RenameColumn():
                    self._rename(
                        name, action.this.name, action.args["to"].name, path, _line(action, statement)
                    )
                case exp.ModifyColumn():
                    new_column = _located(_column(action.this, statement), path)
                    old = action.args.get("rename_from")
                    wanted = old.name.casefold() if old else new_column.name
                    self._put(name, tuple(new_column if c.name == wanted else c for c in contract.columns))
                case exp.AlterColumn():
                    line = _line(action, statement)
                    self._change(name, action.this.name, _altered(action, statement.dialect), path, line)
                case exp.AddConstraint():
                    for part in action.expressions:
                        self.found[name] = _constrained(self.found[name], part, statement.dialect)

    def _put(self, name: str, columns: tuple[ContractColumn, ...]) -> None:
        self.found[name] = self.found[name].model_copy(update={"columns": columns})

    def _rename(self, name: str, old: str, new: str, path: str, line: int) -> None:
        said: dict[str, object] = {"name": new.casefold()}
        self._change(name, old, said, path, line)
        contract = self.found[name]
        key = tuple(new.casefold() if part == old.casefold() else part for part in contract.key)
        self.found[name] = contract.model_copy(update={"key": key})

    def _change(self, name: str, column: str, said: dict[str, object], path: str, line: int) -> None:
        contract = self.found.get(name)
        if contract is not None and said:
            place: dict[str, object] = {"path": path, "line": line}
            self._put(
                name,
                tuple(
                    c.model_copy(update=said | place) if c.name == column.casefold() else c
                    for c in contract.columns
                ),
            )


def is_passing(create: exp.Create) -> bool:
    """Whether a table is gone when its session is, or says by its name that nobody relies on it."""
    properties = create.args.get("properties")
    kinds = (exp.TemporaryProperty, exp.GlobalProperty)
    if properties and any(isinstance(item, kinds) for item in properties.expressions):
        return True
    table = create.this.this if isinstance(create.this, exp.Schema) else create.this
    *outer, name = _name(table).split(".")
    words = name.split("_")
    return bool(
        {"tmp", "temp"} & {words[0], words[-1]} or _PASSING_SCHEMAS & set(outer) or name.startswith("#")
    )


@lru_cache(maxsize=2048)
def statements_of(sql: str) -> tuple[Statement, ...]:
    """The statements of a text, in the dialect that reads most of those that define something.

    Only what creates, alters, drops or comments is parsed; anything else is there with its first word alone.
    """
    # sqlglot logs each statement that it does not know; those are None here.
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    best: tuple[Statement, ...] = ()
    fewest: int | None = None
    for dialect in _DIALECTS if len(sql) <= _LONGEST else _DIALECTS[:2]:
        found = tuple(_parsed(sql, dialect))
        unread = sum(statement.tree is None for statement in found) if found else 1
        if fewest is None or unread < fewest:
            best, fewest = found, unread
        if fewest == 0:
            break
    return best


def _parsed(sql: str, name: str) -> Iterator[Statement]:
    dialect = Dialect.get_or_raise(name)
    try:
        tokens = dialect.tokenize(sql)
    except (SqlglotError, RecursionError):
        return
    start = 0
    for number in range(len(tokens) + 1):
        ends = number == len(tokens) or tokens[number].token_type.name == "SEMICOLON"
        if not ends:
            continue
        part = tokens[start:number]
        start = number + 1
        if not part:
            continue
        word, line = part[0].text.upper(), part[0].line
        if word not in ("CREATE", "ALTER", "DROP", "COMMENT"):
            yield Statement(exp.Var(this=word), name, line)
            continue
        try:
            (tree,) = dialect.parser().parse(part, sql)
        except (SqlglotError, RecursionError, ValueError):
            yield Statement(None, name, line)
            continue
        yield Statement(None if isinstance(tree, exp.Command) else tree, name, line)


def _name(table: exp.Expr) -> str:
    if isinstance(table, exp.Table):
        return ".".join(part.name for part in table.parts).casefold()
    return str(table.name).casefold()


def _line(node: exp.Expr, statement: Statement) -> int:
    """The line of the node's last word, which is the one that names it."""
    lines = [int(part.meta["line"]) for part in node.walk() if "line" in part.meta]
    return max(lines, default=statement.line)


def _column_name(definition: exp.ColumnDef) -> str:
    return definition.name.casefold()


def _located(column: ContractColumn, path: str) -> ContractColumn:
    return column.model_copy(update={"path": path})


def _columns(parts: list[exp.Expr], statement: Statement) -> Iterator[ContractColumn]:
    for part in parts:
        if isinstance(part, exp.ColumnDef):
            yield _column(part, statement)


def _column(definition: exp.ColumnDef, statement: Statement) -> ContractColumn:
    kind = definition.args.get("kind")
    kinds = [constraint.kind for constraint in definition.constraints]
    is_key = any(isinstance(one, exp.PrimaryKeyColumnConstraint) for one in kinds)
    is_enum = isinstance(kind, exp.DataType) and kind.this == exp.DataType.Type.ENUM
    column = ContractColumn(
        name=_column_name(definition),
        type=_type(kind, statement.dialect),
        required=is_key
        or any(
            isinstance(one, exp.NotNullColumnConstraint) and not one.args.get("allow_null") for one in kinds
        ),
        unique=is_key or any(isinstance(one, exp.UniqueColumnConstraint) for one in kinds),
        has_default=any(isinstance(one, _FILLING) for one in kinds)
        or (isinstance(kind, exp.DataType) and kind.this.name in _COUNTERS),
        allowed=tuple(str(value.name) for value in kind.expressions) if is_enum and kind else None,
        description=_description(kinds),
        line=_line(definition.this, statement),
    )
    for one in kinds:
        if isinstance(one, exp.CheckColumnConstraint):
            column = _checked(column, one.this, statement.dialect)
    return column


def _type(kind: exp.Expr | None, dialect: str) -> str | None:
    if not isinstance(kind, exp.DataType):
        return kind.sql(dialect=dialect) if kind is not None else None
    return "ENUM" if kind.this == exp.DataType.Type.ENUM else kind.sql(dialect=dialect)


def _description(kinds: Sequence[exp.Expr]) -> str:
    for one in kinds:
        if isinstance(one, exp.CommentColumnConstraint):
            return str(one.this.name)
        for option in one.expressions if isinstance(one, exp.Properties) else ():
            if option.name.casefold() == "description":
                return str(option.args["value"].name)
    return ""


def _checked(column: ContractColumn, condition: exp.Expr, dialect: str) -> ContractColumn:
    """The column with what a CHECK demands of it, as values or bounds where it is one of those, else as a rule."""
    this = condition.this if isinstance(condition.this, exp.Column) else None
    about = this is not None and this.name.casefold() == column.name
    if about and isinstance(condition, exp.In) and condition.expressions:
        values = condition.expressions
        if all(isinstance(value, exp.Literal) for value in values):
            return column.model_copy(update={"allowed": tuple(str(value.name) for value in values)})
    if (
        about
        and isinstance(condition, exp.GTE | exp.LTE)
        and (bound := _bound(condition.expression)) is not None
    ):
        return column.model_copy(update={"minimum" if isinstance(condition, exp.GTE) else "maximum": bound})
    if about and isinstance(condition, exp.Between):
        low, high = _bound(condition.args["low"]), _bound(condition.args["high"])
        return column.model_copy(update={"minimum": low, "maximum": high})
    if isinstance(condition, exp.Paren):
        return _checked(column, condition.this, dialect)
    return column.model_copy(update={"rules": (*column.rules, f"check ({condition.sql(dialect=dialect)})")})


def _bound(value: exp.Expr) -> Bound | None:
    if not isinstance(value, exp.Literal):
        return None
    return str(value.name) if value.is_string else float(value.name)


def _altered(action: exp.AlterColumn, dialect: str) -> dict[str, object]:
    """What ALTER COLUMN says anew; dropping a default says nothing to a reader."""
    said: dict[str, object] = {}
    if action.args.get("dtype") is not None:
        said["type"] = _type(action.args["dtype"], dialect)
    if action.args.get("allow_null") is not None:
        said["required"] = not action.args["allow_null"]
    if action.args.get("default") is not None:
        said["has_default"] = True
    if action.args.get("comment") is not None:
        said["description"] = str(action.args["comment"].name)
    return said


def _constrained(contract: Contract, part: exp.Expr, dialect: str) -> Contract:
    """The contract with a constraint of the whole table."""
    for one in part.expressions if isinstance(part, exp.Constraint) else (part,):
        columns = contract.columns
        key = contract.key
        if isinstance(one, exp.PrimaryKey):
            key = tuple(item.name.casefold() for item in one.expressions)
            columns = tuple(c.model_copy(update={"required": True}) if c.name in key else c for c in columns)
        elif isinstance(one, exp.ColumnDef):
            if any(isinstance(c.kind, exp.PrimaryKeyColumnConstraint) for c in one.constraints):
                key = (_column_name(one),)
        elif isinstance(one, exp.UniqueColumnConstraint) and isinstance(one.this, exp.Schema):
            names = [item.name.casefold() for item in one.this.expressions]
            if len(names) == 1:
                columns = tuple(
                    c.model_copy(update={"unique": True}) if c.name in names else c for c in columns
                )
        elif isinstance(one, exp.CheckColumnConstraint):
            named = {column.name.casefold() for column in one.find_all(exp.Column)}
            if len(named) == 1:
                columns = tuple(_checked(c, one.this, dialect) if c.name in named else c for c in columns)
        contract = contract.model_copy(update={"columns": columns, "key": key})
    return contract


def _made(columns: Sequence[Made], line: int) -> tuple[ContractColumn, ...]:
    return tuple(
        ContractColumn(
            name=one.name,
            type=one.type,
            made_as=one.type,
            expression=one.expression,
            line=one.line or line,
            made_at=one.line or line,
        )
        for one in columns
    )
