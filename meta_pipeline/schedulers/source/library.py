"""Plain values: bounds, elements, text and sameness."""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from meta_pipeline.schedulers.source.limits import MAX_LENGTH
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Thing, is_open

MAX_BITS = 4096
_LONG_NUMBER = re.compile(r"\d{4,}")
_TEXT = (str, int, float, bool, type(None), date, datetime, timedelta)


def is_plain(value: object) -> bool:
    """Whether it is a hashable value that compares and prints as Python's own."""
    if isinstance(value, tuple):
        return len(value) <= 16 and all(
            isinstance(item, (str, int, float, bytes, type(None))) for item in value
        )
    return isinstance(value, (str, int, float, bytes, type(None), date, time, timedelta, tzinfo))


def same(one: object, other: object) -> bool:
    """Whether both are certainly the same value; large containers only where they are one object."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if is_plain(one):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_leaf(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same_leaf, one, other))
    return isinstance(one, Thing) and one == other


def _same_leaf(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and is_plain(one) and one == other)


def bounded(value: object) -> object:
    """The value itself, or `UNKNOWN` where it is too large to go on with."""
    if isinstance(value, int):
        return value if value.bit_length() <= MAX_BITS else UNKNOWN
    if isinstance(value, (str, bytes, list, tuple, set, dict)) and len(value) > MAX_LENGTH:
        return UNKNOWN
    return value


def element(receiver: object, key: object) -> object:
    """`receiver[key]`, where `key` may be a slice."""
    if isinstance(receiver, Thing):
        return receiver.element(key)
    if isinstance(receiver, dict):
        if not is_plain(key):
            return UNKNOWN
        return receiver.get(key, UNKNOWN)
    if isinstance(receiver, (list, tuple, str, range)):
        if isinstance(key, slice):
            parts = (key.start, key.stop, key.step)
            if isinstance(receiver, OpenList) or not all(part is None or type(part) is int for part in parts):
                return UNKNOWN
            return receiver[key] if key.step != 0 else UNKNOWN
        if type(key) is int and -len(receiver) <= key < len(receiver):
            return UNKNOWN if isinstance(receiver, OpenList) and key < 0 else receiver[key]
    return UNKNOWN


def get(mapping: dict[object, object], key: object, default: object) -> object:
    """`mapping.get(key, default)`."""
    if not is_plain(key):
        return UNKNOWN
    if key in mapping:
        return mapping[key]
    return UNKNOWN if is_open(mapping) else default


def text(value: object) -> object:
    """`str(value)` for values whose text does not depend on the run."""
    return bounded(str(value)) if isinstance(value, _TEXT) else UNKNOWN


def format_value(value: object, specification: object, conversion: int = -1) -> object:
    """The text of `{value!conversion:specification}`."""
    if not isinstance(value, _TEXT) or not isinstance(specification, str):
        return UNKNOWN
    if _LONG_NUMBER.search(specification):
        return UNKNOWN
    if conversion == ord("r"):
        value = repr(value)
    elif conversion == ord("s"):
        value = str(value)
    elif conversion == ord("a"):
        value = ascii(value)
    try:
        return bounded(format(value, specification))
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN


def format_percent(template: str, values: object) -> object:
    """`template % values`."""
    parts = (
        values
        if isinstance(values, tuple)
        else tuple(values.values())
        if isinstance(values, dict)
        else (values,)
    )
    if _LONG_NUMBER.search(template) or "*" in template or not all(isinstance(part, _TEXT) for part in parts):
        return UNKNOWN
    try:
        return bounded(template % values)
    except (TypeError, ValueError, KeyError, OverflowError):
        return UNKNOWN


def format_template(template: str, positional: list[object], named: dict[object, object]) -> object:
    """`template.format(*positional, **named)` for fields that are plain names or numbers."""
    if _LONG_NUMBER.search(template) or re.search(
        r"\{[^{}]*[.\[{]", template.replace("{{", "").replace("}}", "")
    ):
        return UNKNOWN
    if not all(isinstance(part, _TEXT) for part in [*positional, *named.values()]):
        return UNKNOWN
    try:
        return bounded(template.format(*positional, **{str(key): value for key, value in named.items()}))
    except (IndexError, KeyError, ValueError, TypeError):
        return UNKNOWN


def copied(value: object, depth: int = 8, made: dict[int, object] | None = None) -> object:
    """A copy of lists and dicts, as deep as defaults are ever nested; what is shared stays shared."""
    if depth == 0 or not isinstance(value, (dict, list)):
        return value
    known = {} if made is None else made
    if id(value) not in known:
        known[id(value)] = value
        if isinstance(value, dict):
            known[id(value)] = {key: copied(item, depth - 1, known) for key, item in value.items()}
        else:
            known[id(value)] = type(value)(copied(item, depth - 1, known) for item in value)
    return known[id(value)]
