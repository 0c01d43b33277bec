"""Contracts of the Open Data Contract Standard, version 3."""

from collections.abc import Iterator
from functools import lru_cache

from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty
from pydantic import ValidationError

from meta_pipeline.delivery.contract import Bound, Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_OPTIONS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


@lru_cache(maxsize=2048)
def read_odcs(text: str, path: str) -> tuple[Contract, ...] | Unreadable:
    """One contract for each object of the file's `schema`; none where the file is another kind of YAML."""
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return document
    found = []
    for item in document.get("schema").each():
        try:
            schema = SchemaObject.model_validate(item.plain())
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, problem["loc"]))
            return Unreadable(path, item.line, f"'{place}' of the schema is wrong: {problem['msg']}")
        name = schema.name or schema.physicalName
        if name:
            found.append(
                Contract(
                    dataset=name,
                    declared_by="odcs",
                    path=path,
                    line=item.line,
                    description=schema.description or "",
                    key=_key(schema.properties),
                    columns=tuple(_columns(schema.properties, item.get("properties"), "")),
                )
            )
    return tuple(found)


def _key(properties: list[SchemaProperty] | None) -> tuple[str, ...]:
    """The columns of the primary key, by their place in it."""
    parts = [column for column in properties or () if column.primaryKey]
    parts.sort(key=lambda column: max(column.primaryKeyPosition or 0, 0))
    return tuple(name for column in parts if (name := column.name or column.physicalName))


def _columns(
    properties: list[SchemaProperty] | None, places: Located, prefix: str
) -> Iterator[ContractColumn]:
    for column, place in zip(properties or (), places.each(), strict=True):
        name = column.name or column.physicalName
        if not name:
            continue
        yield _column(column, f"{prefix}{name}", place.line)
        yield from _columns(column.properties, place.get("properties"), f"{prefix}{name}.")
        if column.items is not None:
            inner = place.get("items").get("properties")
            yield from _columns(column.items.properties, inner, f"{prefix}{name}.")


def _column(column: SchemaProperty, name: str, line: int) -> ContractColumn:
    options = column.logicalTypeOptions or {}
    quality = column.quality or []
    allowed = _allowed(column, quality)
    rules = [f"{key} {value}" for key, value in options.items() if key not in _OPTIONS[:2]]
    rules += [_rule(item) for item in quality if not _is_understood(item)]
    return ContractColumn(
        name=name,
        type=column.physicalType or column.logicalType,
        logical_type=column.logicalType,
        # A key is required unless the column says otherwise in so many words.
        required=bool(
            column.required
            or (column.primaryKey and column.required is not False)
            or _forbids(quality, "nullValues")
        ),
        unique=bool(column.unique or _forbids(quality, "duplicateValues")),
        allowed=allowed,
        minimum=_bound(options.get("minimum")),
        maximum=_bound(options.get("maximum")),
        rules=tuple(sorted(rules)),
        description=column.description or "",
        tags=tuple(
            dict.fromkeys((*([column.classification] if column.classification else []), *(column.tags or ())))
        ),
        line=line,
    )


def _allowed(column: SchemaProperty, quality: list[DataQuality]) -> tuple[str, ...] | None:
    if column.enum:
        return tuple(str(item.value) for item in column.enum)
    for item in quality:
        if _metric(item) == "invalidValues" and item.mustBe == 0:
            values = (item.arguments or {}).get("validValues")
            if isinstance(values, list):
                return tuple(map(str, values))
    return None


def _forbids(quality: list[DataQuality], metric: str) -> bool:
    return any(_metric(item) == metric and item.mustBe == 0 for item in quality)


def _metric(item: DataQuality) -> str | None:
    return item.metric or item.rule


def _is_understood(item: DataQuality) -> bool:
    """Whether the rule is one of those that `required`, `unique` and `allowed` stand for."""
    if item.mustBe != 0:
        return False
    arguments = item.arguments or {}
    return _metric(item) in ("nullValues", "duplicateValues") or (
        _metric(item) == "invalidValues" and set(arguments) == {"validValues"}
    )


def _rule(item: DataQuality) -> str:
    """What the rule demands, without the words that only name or explain it."""
    said = item.model_dump(
        exclude_none=True,
        exclude={"id", "name", "description", "tags", "dimension", "businessImpact", "severity", "type"}
        | {"schedule", "scheduler", "customProperties", "authoritativeDefinitions", "method"},
    )
    return ", ".join(f"{key} {value}" for key, value in sorted(said.items()))


def _bound(value: object) -> Bound | None:
    if value is None or isinstance(value, bool):
        return None
    return value if isinstance(value, int | float) else str(value)
