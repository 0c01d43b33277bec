"""pydantic models as contracts, where they describe the records of a dataset."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

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

_BASES = frozenset({"pydantic.BaseModel", "pydantic.v1.BaseModel", "sqlmodel.SQLModel"})
_OF_DATA = re.compile(r"schemas?|contracts?|records?|tables?|datasets?|rows?")
_OF_CALLS = re.compile(
    r"(?:Settings?|Config|Configuration|Options?|Params?|Parameters?|Args|Arguments|Requests?|Responses?|Payload|"
    r"Credentials?|Secrets?|Context|Inputs?|Query|Filters?|Create|Update|Error|Result|Resource|Client|Base|Mixin)\Z"
)
_OF_SERVICES = frozenset(
    {"api", "apis", "routers", "routes", "endpoints", "web", "server", "http", "config", "settings"}
)
_WEB = re.compile(r"fastapi|flask|starlette|django|litestar|dagster|prefect|pydantic_settings")
_LIMITS = {"ge": "minimum", "le": "maximum"}
_RULES = (
    "gt",
    "lt",
    "min_length",
    "max_length",
    "pattern",
    "regex",
    "multiple_of",
    "max_digits",
    "decimal_places",
)
_DEEPEST = 8


def read_pydantic(data: bytes, path: str, *, named: bool) -> tuple[Contract, ...] | Unreadable:
    """One contract for each model of the file that describes the records of a dataset.

    A class counts whose base is `BaseModel` (also through a class of the same file) and that no other model of the file
    holds as a field, where

    - the policy names the file, or
    - it is a table of SQLModel (`table=True`), or
    - the file, or a folder around it, is called as data is (`schemas`, `contracts`, `records`, `tables`, `datasets`,
      `rows`); no folder is one of a service (`api`, `routers`, `config` and the like); the file imports no web
      framework, orchestrator or settings; and the class is not called as what is sent, asked or configured is
      (`...Request`, `...Response`, `...Settings`, `...Config`, `...Params`, `...Create` and the like).

    A class that is defined in a function, or whose base is imported from another file of the repository, is left out.
    """
    module = read_module(data, path)
    if isinstance(module, Unreadable):
        return module
    models = {name for name in module.classes if _is_model(name, module)}
    inner = {name for model in models for name in _held(model, module)} & models
    bases = {
        dotted(base) for model in models for base in module.classes[model].bases if dotted(base) in models
    }
    found = []
    for name in module.classes:
        if name not in models or name in inner or name in bases:
            continue
        if named or _is_table(module.classes[name]) or _is_of_data(name, module):
            columns = tuple(_columns(name, module, "", 0))
            if columns:
                line = module.classes[name].lineno
                doc = ast.get_docstring(module.classes[name]) or ""
                found.append(
                    Contract(
                        dataset=name,
                        declared_by="pydantic",
                        path=path,
                        line=line,
                        description=doc,
                        columns=columns,
                    )
                )
    return tuple(found)


def _is_model(name: str, module: Module) -> bool:
    return any(_BASES & bases for _, bases in module.ancestry(name))


def _is_table(found: ast.ClassDef) -> bool:
    return any(keyword.arg == "table" and literal(keyword.value) is True for keyword in found.keywords)


def _is_of_data(name: str, module: Module) -> bool:
    pure = PurePosixPath(module.path)
    parts = [part.casefold() for part in (*pure.parts[:-1], pure.stem)]
    words = {word for part in parts for word in part.split("_")}
    return (
        any(_OF_DATA.fullmatch(word) for word in words)
        and not _OF_SERVICES & words
        and not any(_WEB.match(origin) for origin in module.imported.values())
        and not _OF_CALLS.search(name)
    )


def _held(name: str, module: Module) -> Iterator[str]:
    """What the fields of a model are made of, of this file's classes."""
    for statement in module.classes[name].body:
        if isinstance(statement, ast.AnnAssign):
            yield from (node.id for node in ast.walk(statement.annotation) if isinstance(node, ast.Name))


def _columns(name: str, module: Module, prefix: str, depth: int) -> Iterator[ContractColumn]:
    fields: dict[str, ast.AnnAssign] = {}
    for found, _ in module.ancestry(name):
        fields |= {
            statement.target.id: statement
            for statement in found.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        }
    for field, statement in fields.items():
        if field.startswith("_") or field == "model_config" or "ClassVar" in ast.dump(statement.annotation):
            continue
        column = _column(field, statement, module, prefix)
        yield column
        kind = dotted(unwrapped(statement.annotation, module).node)
        if depth < _DEEPEST and kind in module.classes and _is_model(kind, module):
            yield from _columns(kind, module, f"{column.name}.", depth + 1)


def _column(field: str, statement: ast.AnnAssign, module: Module, prefix: str) -> ContractColumn:
    kind = unwrapped(statement.annotation, module)
    calls = list(kind.facts)
    default = statement.value
    if isinstance(default, ast.Call) and dotted(default.func).rpartition(".")[2] == "Field":
        calls.append(default)
        given = keywords(default)
        first = default.args[0] if default.args else given.get("default") or given.get("default_factory")
        default = None if first is not None and literal(first) is ... else first
    said: dict[str, ast.expr] = {}
    for call in (*calls, *([kind.node] if isinstance(kind.node, ast.Call) else ())):
        said |= keywords(call)
    alias = literal(said.get("validation_alias", said.get("alias")))
    limits = {_LIMITS[key]: bound for key in _LIMITS if (bound := _bound(said.get(key))) is not None}
    text = _type(kind.node, module)
    described = literal(said.get("description"))
    return ContractColumn(
        name=f"{prefix}{alias if isinstance(alias, str) else field}",
        type=f"ARRAY<{text}>" if kind.repeated else text,
        required=not kind.nullable,
        unique=literal(said.get("unique")) is True,
        has_default=default is not None,
        allowed=kind.allowed,
        rules=tuple(f"{key} {ast.unparse(said[key])}" for key in _RULES if key in said),
        description=described if isinstance(described, str) else "",
        line=statement.lineno,
        **limits,
    )


def _type(node: ast.expr, module: Module) -> str:
    if isinstance(node, ast.Call):  # conint(ge=0), constr(max_length=3)
        return dotted(node.func).rpartition(".")[2].removeprefix("con")
    name = dotted(node)
    if module.choices(name) is not None:
        return "str"
    return "struct" if name in module.classes and _is_model(name, module) else written(node)


def _bound(node: ast.expr | None) -> Bound | None:
    value = literal(node)
    return (
        value
        if value is not UNKNOWN and isinstance(value, int | float) and not isinstance(value, bool)
        else None
    )
