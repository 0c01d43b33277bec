"""Whether one column type holds all that another holds."""

from functools import lru_cache
from typing import Literal

from sqlglot import exp
from sqlglot.errors import SqlglotError

Relation = Literal["equal", "wider", "narrower", "other"]

_Type = exp.DataType.Type
_LADDERS = (
    (_Type.TINYINT, _Type.SMALLINT, _Type.INT, _Type.BIGINT, _Type.INT128),
    (_Type.UTINYINT, _Type.USMALLINT, _Type.UINT, _Type.UBIGINT, _Type.UINT128),
    (_Type.FLOAT, _Type.DOUBLE),
)
_TEXTS = frozenset({_Type.CHAR, _Type.NCHAR, _Type.VARCHAR, _Type.NVARCHAR, _Type.TEXT})
_DIALECTS = (None, "bigquery", "snowflake", "databricks")
_UNBOUNDED = 1 << 30
_DIGITS = {
    **dict(zip(_LADDERS[0], (3, 5, 10, 19, 39), strict=True)),
    **dict(zip(_LADDERS[1], (3, 5, 10, 20, 39), strict=True)),
}
"""How many digits the greatest whole number of a type may have."""
_EXACT_IN_DOUBLE, _EXACT_IN_FLOAT = 15, 7
_SYNONYMS = {_Type.BIGDECIMAL: _Type.DECIMAL, _Type.SERIAL: _Type.INT, _Type.BIGSERIAL: _Type.BIGINT}
_SYNONYMS |= {_Type.SMALLSERIAL: _Type.SMALLINT, _Type.MEDIUMINT: _Type.INT, _Type.DATETIME: _Type.TIMESTAMP}
_SYNONYMS |= {_Type.TIMESTAMPNTZ: _Type.TIMESTAMP, _Type.LIST: _Type.ARRAY, _Type.OBJECT: _Type.STRUCT}
_WORDS = {"bool_": "boolean", "float32": "float", "float16": "float", "bytes": "binary", "utf8": "text"}
_WORDS |= {"decimal.decimal": "decimal", "datetime.datetime": "timestamp", "datetime.date": "date"}
_WORDS |= {"record": "struct", "category": "text"}
"""What Python, pandas and polars call types that SQL has too, without the module they come from."""
_MODULES = ("pa.", "pl.", "np.", "pd.", "pandera.", "polars.", "numpy.", "pandas.", "uuid.")


def compare_types(old: str, new: str) -> Relation:
    """How `new` relates to `old`. Types that sqlglot does not know are compared as text."""
    before, after = _parsed(old), _parsed(new)
    if before is None or after is None:
        same = " ".join(old.casefold().split()) == " ".join(new.casefold().split())
        return "equal" if same else "other"
    return "equal" if before == after else _relation_of(before, after)


def _relation_of(before: exp.DataType, after: exp.DataType) -> Relation:
    old, new = (_SYNONYMS.get(kind.this, kind.this) for kind in (before, after))
    for ladder in _LADDERS:
        if old in ladder and new in ladder:
            return _relation(ladder.index(old), ladder.index(new))
    if old in _TEXTS and new in _TEXTS:
        return _relation(_length(before), _length(after))
    if old == new == _Type.DECIMAL:
        if before.this != after.this and not (before.expressions or after.expressions):
            return "wider" if after.this == _Type.BIGDECIMAL else "narrower"
        return _decimals(_sizes(before), _sizes(after))
    if old in _DIGITS and new in (_Type.DECIMAL, *_LADDERS[2], *_DIGITS):
        return "wider" if _holds_digits(after, new, _DIGITS[old], signed=old in _LADDERS[0]) else "other"
    if old == new and old in (_Type.ARRAY, _Type.STRUCT):
        return _nested(before, after)
    return "equal" if old == new and not (before.expressions or after.expressions) else "other"


def _holds_digits(kind: exp.DataType, family: exp.DType, digits: int, *, signed: bool) -> bool:
    """Whether each whole number of so many digits has a place in `kind`."""
    if family in _LADDERS[2]:
        return digits <= (_EXACT_IN_DOUBLE if family == _Type.DOUBLE else _EXACT_IN_FLOAT)
    if family in _DIGITS:
        # An unsigned type has no place for negative numbers; a signed one needs another bit.
        return not signed and family in _LADDERS[0] and _DIGITS[family] > digits
    sizes = _sizes(kind)
    return bool(sizes) and sizes[0] - (sizes[1] if len(sizes) > 1 else 0) >= digits


def _nested(before: exp.DataType, after: exp.DataType) -> Relation:
    """Arrays by what they hold; structs field by field, where a further field makes one wider."""
    if before.this in (_Type.ARRAY, _Type.LIST):
        inner = [kind.expressions[0] if kind.expressions else None for kind in (before, after)]
        old, new = inner
        if isinstance(old, exp.DataType) and isinstance(new, exp.DataType):
            return _relation_of(old, new) if old != new else "equal"
        return "equal" if old == new else "other"
    old_fields, new_fields = _fields(before), _fields(after)
    if not old_fields.keys() <= new_fields.keys():
        return "other"
    relations = {
        _relation_of(kind, new_fields[name]) if kind != new_fields[name] else "equal"
        for name, kind in old_fields.items()
    }
    if len(new_fields) > len(old_fields):
        relations.add("wider")
    relations.discard("equal")
    return "equal" if not relations else relations.pop() if len(relations) == 1 else "other"


def _fields(kind: exp.DataType) -> dict[str, exp.DataType]:
    return {
        field.name.casefold(): field.args["kind"]
        for field in kind.expressions
        if isinstance(field, exp.ColumnDef) and isinstance(field.args.get("kind"), exp.DataType)
    }


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.DataType | None:
    bare = text.strip()
    for module in _MODULES:
        bare = bare.removeprefix(module)
    bare = _WORDS.get(bare.removesuffix("Dtype()").casefold(), bare)
    for dialect in _DIALECTS:
        try:
            return exp.DataType.build(bare, dialect=dialect)
        except (SqlglotError, ValueError, RecursionError):
            continue
    return None


def _relation(old: int, new: int) -> Relation:
    return "equal" if old == new else "wider" if new > old else "narrower"


def _sizes(kind: exp.DataType) -> tuple[int, ...]:
    return tuple(int(size.name) for size in kind.expressions if size.name.isdigit())


def _length(kind: exp.DataType) -> int:
    sizes = _sizes(kind)
    return sizes[0] if sizes else _UNBOUNDED


def _decimals(old: tuple[int, ...], new: tuple[int, ...]) -> Relation:
    """Of a decimal both the digits before and behind the point must not get fewer."""
    if not old or not new:
        return "equal" if old == new else "wider" if old else "narrower"
    before = (old[0] - (old[1] if len(old) > 1 else 0), old[1] if len(old) > 1 else 0)
    after = (new[0] - (new[1] if len(new) > 1 else 0), new[1] if len(new) > 1 else 0)
    if before == after:
        return "equal"
    if after[0] >= before[0] and after[1] >= before[1]:
        return "wider"
    return "narrower"
