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


def compare_types(old: str, new: str) -> Relation:
    """How `new` relates to `old`. Types that sqlglot does not know are compared as text."""
    before, after = _parsed(old), _parsed(new)
    if before is None or after is None:
        same = " ".join(old.casefold().split()) == " ".join(new.casefold().split())
        return "equal" if same else "other"
    if before == after:
        return "equal"
    for ladder in _LADDERS:
        if before.this in ladder and after.this in ladder:
            return _relation(ladder.index(before.this), ladder.index(after.this))
    if before.this in _TEXTS and after.this in _TEXTS:
        return _relation(_length(before), _length(after))
    if before.this == after.this == _Type.DECIMAL:
        return _decimals(_sizes(before), _sizes(after))
    return "other"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.DataType | None:
    for dialect in _DIALECTS:
        try:
            return exp.DataType.build(text, dialect=dialect)
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
