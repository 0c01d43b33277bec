"""Schema files of BigQuery as contracts: a list of fields, each with name, type and mode."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_TYPES = frozenset(
    "STRING BYTES INTEGER INT64 FLOAT FLOAT64 NUMERIC BIGNUMERIC BOOLEAN BOOL TIMESTAMP DATE TIME DATETIME "
    "GEOGRAPHY RECORD STRUCT JSON INTERVAL RANGE".split()
)
_KEYS = frozenset(
    "name type mode fields description policytags maxlength precision scale defaultvalueexpression collation "
    "roundingmode rangeelementtype foreigntypedefinition datapolicies".split()
)
_WRAPPERS = frozenset({"fields", "schema", "description", "name", "type", "mode"})


def read_bigquery(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """The one contract of a schema file; none where the file is anything else.

    It is one where the document is a list of fields, or holds one under `fields`, and each has a name and a type that
    BigQuery knows and no key that BigQuery does not. The dataset is called as the file, or as its folder where the file
    is called `schema`.
    """
    # JSON is YAML too, and is read with its lines this way.
    document = read_yaml(data.decode("utf-8", errors="replace"), path)
    if isinstance(document, Unreadable):
        return document
    fields = document
    if isinstance(document.value, dict):
        if not set(document.value) <= _WRAPPERS:
            return ()
        fields = document.get("schema").get("fields") if "schema" in document else document.get("fields")
    listed = list(fields.each())
    if not listed or not all(_is_field(field) for field in listed):
        return ()
    return (
        Contract(
            dataset=_dataset(path),
            declared_by="bigquery",
            path=path,
            line=fields.line,
            columns=tuple(_columns(fields, "")),
        ),
    )


def _is_field(field: Located) -> bool:
    if not isinstance(field.value, dict) or not {key.casefold() for key in field.value} <= _KEYS:
        return False
    inner = list(field.get("fields").each())
    return (
        bool(field.get("name").text)
        and field.get("type").text.upper() in _TYPES
        and all(_is_field(one) for one in inner)
    )


def _columns(fields: Located, prefix: str) -> Iterator[ContractColumn]:
    for field in fields.each():
        name = f"{prefix}{field.get('name').text.casefold()}"
        mode = field.get("mode").text.upper()
        kind = field.get("type").text.upper()
        yield ContractColumn(
            name=name,
            type=f"ARRAY<{kind}>" if mode == "REPEATED" else kind,
            required=mode == "REQUIRED",
            has_default="defaultValueExpression" in field,
            description=field.get("description").text,
            tags=field.get("policyTags").get("names").texts(),
            line=field.line,
        )
        yield from _columns(field.get("fields"), f"{name}.")


def _dataset(path: str) -> str:
    pure = PurePosixPath(path)
    stem = pure.stem.removesuffix(".schema").removesuffix("_schema").removesuffix("-schema")
    return pure.parent.name if stem == "schema" and pure.parent.name else stem
