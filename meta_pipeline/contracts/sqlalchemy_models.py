"""Tables that classes of SQLAlchemy describe, as contracts."""

import ast
from collections.abc import Iterator

from meta_pipeline.contracts.python_classes import (
    UNKNOWN,
    Annotated,
    Module,
    dotted,
    keywords,
    literal,
    read_module,
    unwrapped,
    written,
)
from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Unreadable

_COLUMNS = frozenset({"Column", "mapped_column"})
_NO_TYPES = frozenset({"ForeignKey", "Identity", "Sequence", "Computed"})
_FILLED = ("default", "server_default", "default_factory", "insert_default", "autoincrement")


def read_sqlalchemy(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """One contract for each class with a literal `__tablename__`, with the columns of its bases in this file."""
    module = read_module(data, path)
    if isinstance(module, Unreadable):
        return module
    found = []
    for name, held in module.classes.items():
        table = _table(held)
        if table is None:
            continue
        columns: dict[str, ContractColumn] = {}
        key: list[str] = []
        for part, _ in module.ancestry(name):
            for column, is_key in _columns(part, module):
                columns[column.name] = column
                key += [column.name] if is_key else []
        if columns:
            found.append(
                Contract(
                    dataset=table,
                    declared_by="sqlalchemy",
                    path=path,
                    line=held.lineno,
                    key=tuple(dict.fromkeys(key)),
                    columns=tuple(columns.values()),
                )
            )
    return tuple(found)


def _table(held: ast.ClassDef) -> str | None:
    for statement in held.body:
        if isinstance(statement, ast.Assign) and any(
            dotted(one) == "__tablename__" for one in statement.targets
        ):
            value = literal(statement.value)
            return value if isinstance(value, str) else None
    return None


def _columns(held: ast.ClassDef, module: Module) -> Iterator[tuple[ContractColumn, bool]]:
    """Each column of a class, and whether it is of the primary key."""
    for statement in held.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if _makes_column(call):
                yield _column(name, None, call, statement.lineno)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                is_mapped = isinstance(annotation, ast.Subscript) and _last(annotation.value) == "Mapped"
                made = value if isinstance(value, ast.Call) and _makes_column(value) else None
                if made is not None or (is_mapped and value is None):
                    yield _column(name, unwrapped(annotation, module), made, statement.lineno)
            case _:
                pass


def _column(
    name: str, annotated: Annotated | None, call: ast.Call | None, line: int
) -> tuple[ContractColumn, bool]:
    given = keywords(call) if call else {}
    arguments = list(call.args) if call else []
    named = literal(arguments[0]) if arguments else None
    kinds = [
        one
        for one in arguments
        if not isinstance(literal(one), str)
        and _last(one.func if isinstance(one, ast.Call) else one) not in _NO_TYPES
    ]
    is_key = literal(given.get("primary_key")) is True
    nullable = literal(given.get("nullable"))
    required = nullable is False or (nullable is UNKNOWN and annotated is not None and not annotated.nullable)
    written_type = written(kinds[0]) if kinds else written(annotated.node) if annotated else None
    column = ContractColumn(
        name=named if isinstance(named, str) else name,
        type=written_type,
        required=required or is_key,
        unique=literal(given.get("unique")) is True,
        has_default=is_key or any(one in given for one in _FILLED),
        line=line,
    )
    return column, is_key


def _makes_column(call: ast.Call) -> bool:
    return _last(call.func) in _COLUMNS


def _last(node: ast.expr) -> str:
    return dotted(node).rpartition(".")[2]
