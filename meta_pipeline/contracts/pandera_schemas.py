"""pandera schemas as contracts: models as classes, and `DataFrameSchema(...)` at the top of a file."""

import ast
import re
from collections.abc import Iterator

from meta_pipeline.contracts.python_classes import (
    UNKNOWN,
    Module,
    dotted,
    keywords,
    literal,
    read_module,
    unwrapped,
    written,
)
from meta_pipeline.delivery.contract import Bound, Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Unreadable

_MODELS = re.compile(r"pandera(\.\w+)*\.(DataFrameModel|SchemaModel)")
_SCHEMAS = re.compile(r"pandera(\.\w+)*\.DataFrameSchema")
_CHECKS = {
    "ge": "minimum",
    "greater_than_or_equal_to": "minimum",
    "le": "maximum",
    "less_than_or_equal_to": "maximum",
}
_SETTINGS = frozenset(
    {"nullable", "unique", "isin", "coerce", "alias", "description", "title", "regex", "metadata"}
)
_SETTINGS |= {
    "default",
    "check_name",
    "raise_warning",
    "n_failure_cases",
    "required",
    "checks",
    "dtype",
    "name",
}


def read_pandera(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """One contract for each schema of the file.

    A class counts whose base is pandera's `DataFrameModel` or `SchemaModel` (also through a class of the same file) and
    that has columns, and each name at the top of the file that a `DataFrameSchema` of a literal dict is given to: they
    have no other use than to say what a frame holds.
    """
    module = read_module(data, path)
    if isinstance(module, Unreadable):
        return module
    found = []
    for name, held in module.classes.items():
        if any(_MODELS.fullmatch(base) for _, bases in module.ancestry(name) for base in bases):
            columns = tuple(_of_class(name, module))
            if columns:
                found.append(_contract(_config_name(held) or name, module, held.lineno, columns))
    for statement in module.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        value = statement.value
        if isinstance(value, ast.Call) and _SCHEMAS.fullmatch(module.origin(value.func)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            columns = tuple(_of_call(value))
            title = literal(keywords(value).get("name"))
            if columns:
                called = title if isinstance(title, str) else dotted(targets[0])
                found.append(_contract(called, module, statement.lineno, columns))
    return tuple(found)


def _contract(name: str, module: Module, line: int, columns: tuple[ContractColumn, ...]) -> Contract:
    return Contract(dataset=name, declared_by="pandera", path=module.path, line=line, columns=columns)


def _config_name(held: ast.ClassDef) -> str | None:
    for inner in held.body:
        if isinstance(inner, ast.ClassDef) and inner.name == "Config":
            for statement in inner.body:
                if isinstance(statement, ast.Assign) and any(dotted(t) == "name" for t in statement.targets):
                    value = literal(statement.value)
                    return value if isinstance(value, str) else None
    return None


def _of_class(name: str, module: Module) -> Iterator[ContractColumn]:
    fields: dict[str, ast.AnnAssign] = {}
    for held, _ in module.ancestry(name):
        fields |= {
            statement.target.id: statement
            for statement in held.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        }
    for field, statement in fields.items():
        if field.startswith("_"):
            continue
        kind = unwrapped(statement.annotation, module)
        call = statement.value if isinstance(statement.value, ast.Call) else None
        said = keywords(call) if call else {}
        alias = literal(said.get("alias"))
        # `Optional[Series[int]]` says that the column may be missing.
        yield _column(
            alias if isinstance(alias, str) else field,
            written(kind.node),
            said,
            statement.lineno,
            kind.nullable,
        )


def _of_call(call: ast.Call) -> Iterator[ContractColumn]:
    columns = call.args[0] if call.args else keywords(call).get("columns")
    if not isinstance(columns, ast.Dict):
        return
    for key, value in zip(columns.keys, columns.values, strict=True):
        name = literal(key)
        if not isinstance(name, str) or not isinstance(value, ast.Call):
            continue
        said = keywords(value)
        kind = value.args[0] if value.args else said.get("dtype")
        checks = value.args[1] if len(value.args) > 1 else said.get("checks")
        for check in checks.elts if isinstance(checks, ast.List | ast.Tuple) else [checks] if checks else []:
            if isinstance(check, ast.Call) and check.args:
                # Check.ge(0) says what Field(ge=0) says.
                said.setdefault(dotted(check.func).rpartition(".")[2], check.args[0])
            elif isinstance(check, ast.Call):
                said |= keywords(check)
        optional = literal(said.get("required")) is False
        text = (
            literal(kind) if isinstance(kind, ast.Constant) else written(kind) if kind is not None else None
        )
        yield _column(name, text if isinstance(text, str) else None, said, value.lineno, optional)


def _column(
    name: str, kind: str | None, said: dict[str, ast.expr], line: int, optional: bool
) -> ContractColumn:
    limits = {
        _CHECKS[key]: bound
        for key, node in said.items()
        if key in _CHECKS and (bound := _bound(node)) is not None
    }
    values = literal(said.get("isin"))
    described = literal(said.get("description"))
    return ContractColumn(
        name=name,
        type=kind,
        required=literal(said.get("nullable")) is not True and not optional,
        unique=literal(said.get("unique")) is True,
        has_default="default" in said,
        allowed=tuple(map(str, values)) if isinstance(values, list | tuple | set) else None,
        rules=tuple(
            sorted(
                f"{key} {ast.unparse(node)}"
                for key, node in said.items()
                if key not in _SETTINGS and key not in _CHECKS
            )
        ),
        description=described if isinstance(described, str) else "",
        line=line,
        **limits,
    )


def _bound(node: ast.expr) -> Bound | None:
    value = literal(node)
    return (
        value
        if value is not UNKNOWN and isinstance(value, int | float) and not isinstance(value, bool)
        else None
    )
