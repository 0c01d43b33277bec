"""Schemas of Avro as contracts: records with fields, each with a name and a type."""

from collections.abc import Iterator

from meta_pipeline.delivery.contract import Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_DEEPEST = 8


def read_avro(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    """One contract for each record of the document's top level; fields of records within it are `outer.inner`.

    A field is required where its type does not allow null, and may be left out by writers where it has a default.
    """
    # JSON is YAML too, and is read with its lines this way.
    document = read_yaml(data.decode("utf-8", errors="replace"), path)
    if isinstance(document, Unreadable):
        return document
    records = document.each() if isinstance(document.value, list) else iter((document,))
    return tuple(
        Contract(
            dataset=record.get("name").text,
            declared_by="avro",
            path=path,
            line=record.line,
            description=record.get("doc").text,
            columns=tuple(_columns(record, "", 0)),
        )
        for record in records
        if record.get("type").text == "record" and record.get("name").text
    )


def _columns(record: Located, prefix: str, depth: int) -> Iterator[ContractColumn]:
    for field in record.get("fields").each() if depth < _DEEPEST else ():
        name = f"{prefix}{field.get('name').text}"
        kinds = [
            *(field.get("type").each() if isinstance(field.get("type").value, list) else (field.get("type"),))
        ]
        others = [kind for kind in kinds if kind.text != "null"]
        yield ContractColumn(
            name=name,
            type=" or ".join(sorted(map(_type, others))) or None,
            required=len(others) == len(kinds),
            has_default="default" in field,
            description=field.get("doc").text,
            line=field.line,
        )
        for kind in others:
            yield from _columns(kind, f"{name}.", depth + 1)


def _type(kind: Located) -> str:
    """`long`, `timestamp-millis`, `array of string`, or the name of a record."""
    if kind.text:
        return kind.text
    inner = kind.get("items") if "items" in kind else kind.get("values")
    if inner.value is not None:
        return f"{kind.get('type').text} of {_type(inner)}"
    return kind.get("logicalType").text or kind.get("type").text
