"""Schemas of Spark as contracts: a `StructType` of `StructField`s under a name of a file's top level."""

import ast

from meta_pipeline.contracts.python_classes import dotted, literal, read_module
from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Unreadable

_DEEPEST = 8


def read_spark(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """One contract for each name that is given a `StructType` whose fields are all written out."""
    module = read_module(data, path)
    if isinstance(module, Unreadable):
        return module
    found = []
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        columns = _columns(value, "", 0)
        if columns:
            found.append(
                Contract(
                    dataset=name,
                    declared_by="spark",
                    path=path,
                    line=statement.lineno,
                    columns=tuple(columns),
                )
            )
    return tuple(found)


def _columns(value: ast.expr, prefix: str, depth: int) -> list[ContractColumn] | None:
    """The fields of a struct; None for anything else, and where one of them is computed."""
    if (
        not isinstance(value, ast.Call)
        or _called(value) != "StructType"
        or depth > _DEEPEST
        or not value.args
    ):
        return None
    listed = value.args[0]
    if not isinstance(listed, ast.List | ast.Tuple):
        return None
    found: list[ContractColumn] = []
    for field in listed.elts:
        if not isinstance(field, ast.Call) or _called(field) != "StructField":
            return None
        name, kind, nullable = _parts(field)
        if not isinstance(name, str) or kind is None:
            return None
        found.append(
            ContractColumn(
                name=f"{prefix}{name}",
                type=_called(kind)
                if isinstance(kind, ast.Call) and not kind.args
                else ast.unparse(kind)[:80],
                required=nullable is False,
                line=field.lineno,
            )
        )
        found += _columns(kind, f"{prefix}{name}.", depth + 1) or []
    return found


def _parts(field: ast.Call) -> tuple[object, ast.expr | None, object]:
    named = {keyword.arg: keyword.value for keyword in field.keywords}
    given = dict(zip(("name", "dataType", "nullable"), field.args, strict=False))
    whole = {**given, **{key: value for key, value in named.items() if key}}
    name, nullable = whole.get("name"), whole.get("nullable")
    return (
        literal(name) if name is not None else None,
        whole.get("dataType"),
        literal(nullable) if nullable is not None else True,
    )


def _called(call: ast.Call) -> str:
    return dotted(call.func).rpartition(".")[2]
