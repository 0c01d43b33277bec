"""JSON Schema files as contracts, where they describe records of a dataset."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from meta_pipeline.delivery.contract import Bound, Contract, ContractColumn
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_OF_DATA = re.compile(
    r"schemas?|contracts?|events?|tables?|datasets?|records?|messages?|topics?|data|models?"
)
_OF_SETTINGS = re.compile(
    r"config|setting|option|param|manifest|package|openapi|swagger|values|policy|request|response"
)
_RULES = ("pattern", "format", "minLength", "maxLength", "multipleOf", "minItems", "maxItems", "const")
_DEEPEST = 20


def read_json_schema(data: bytes, path: str, *, named: bool) -> tuple[Contract, ...] | Unreadable:
    """The one contract of a schema file; none where the file is anything else.

    It is one where `$schema` is one of json-schema.org and the document, or the items of the list that it describes, is
    an object with `properties`; and, unless the policy names the file, where a folder is called as data is (`schemas`,
    `contracts`, `events`, `tables` and the like) and neither path nor title speaks of settings or of requests.
    """
    document = read_yaml(data.decode("utf-8", errors="replace"), path)
    if isinstance(document, Unreadable):
        return document
    if "json-schema.org" not in document.get("$schema").text:
        return ()
    pure = PurePosixPath(path)
    title = document.get("title").text
    if not named:
        folders = [part.casefold() for part in pure.parts[:-1]]
        if not any(_OF_DATA.fullmatch(word) for part in folders for word in re.split(r"[_-]", part)):
            return ()
        if _OF_SETTINGS.search(f"{path} {title}".casefold()):
            return ()
    record = document.get("items") if "items" in document else document
    if not list(record.get("properties").pairs()):
        return ()
    stem = pure.name.split(".", 1)[0]
    version = stem if re.fullmatch(r"v?\d+|schema", stem) else ""
    contract = Contract(
        dataset=pure.parent.name if version and pure.parent.name else stem,
        declared_by="json_schema",
        path=path,
        line=record.get("properties").line,
        description=document.get("description").text,
        columns=tuple(_columns(record, document, "", 0)),
    )
    return (contract,)


def _columns(record: Located, root: Located, prefix: str, depth: int) -> Iterator[ContractColumn]:
    required = set(record.get("required").texts())
    for key, held in record.get("properties").pairs():
        place = _followed(held, root)
        kinds, nullable = _kinds(place)
        name = f"{prefix}{key}"
        values = [item.text for item in place.get("enum").each() if item.value is not None]
        yield ContractColumn(
            name=name,
            type=_type(kinds, place, root),
            required=key in required and not nullable,
            has_default="default" in place,
            allowed=tuple(values) if values else None,
            minimum=_bound(place.get("minimum").value),
            maximum=_bound(place.get("maximum").value),
            rules=tuple(f"{rule} {place.get(rule).text}" for rule in _RULES if rule in place),
            description=place.get("description").text,
            line=held.line,
        )
        inner = _followed(place.get("items"), root) if "items" in place else place
        if depth < _DEEPEST and "properties" in inner:
            yield from _columns(inner, root, f"{name}.", depth + 1)


def _followed(place: Located, root: Located) -> Located:
    """What a `$ref` within the file leads to; any other place is itself."""
    reference = place.get("$ref").text
    if not reference.startswith("#/"):
        return place
    found = root
    for part in reference[2:].split("/"):
        found = found.get(part.replace("~1", "/").replace("~0", "~"))
    return found if found.value is not None else place


def _kinds(place: Located) -> tuple[list[str], bool]:
    """The types that a value may have, and whether it may be null."""
    kinds = list(place.get("type").texts())
    for key in ("anyOf", "oneOf"):
        for choice in place.get(key).each():
            kinds += choice.get("type").texts()
    # YAML reads the word null, which JSON Schema has as text, as text too: it stands in quotes.
    return [kind for kind in dict.fromkeys(kinds) if kind != "null"], "null" in kinds


def _type(kinds: list[str], place: Located, root: Located) -> str | None:
    if kinds == ["array"]:
        inner, _ = _kinds(_followed(place.get("items"), root))
        return f"ARRAY<{inner[0]}>" if len(inner) == 1 else "array"
    if kinds == ["number"]:
        return "double"
    if kinds == ["integer"]:
        return "bigint"
    if kinds == ["string"] and place.get("format").text in ("date", "date-time", "time"):
        return {"date": "date", "date-time": "timestamp", "time": "time"}[place.get("format").text]
    return " or ".join(kinds) or None


def _bound(value: object) -> Bound | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
