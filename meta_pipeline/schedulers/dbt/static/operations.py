"""What Jinja's filters, tests and methods make of values that are known; what is not here only a run can tell."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

LONGEST = 10_000
"""What is longer than this is not made: a few lines could double a text or a list without end."""


class Unknown:
    """A value that only a run can tell."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()

_FILTERS: Mapping[str, Callable[..., Any]] = {
    "lower": lambda text: str(text).lower(),
    "upper": lambda text: str(text).upper(),
    "trim": lambda text: str(text).strip(),
    "capitalize": lambda text: str(text).capitalize(),
    "replace": lambda text, old, new: _replaced(str(text), str(old), str(new)),
    "length": len,
    "count": len,
    "list": list,
    "first": lambda held: next(iter(held), UNKNOWN),
    "last": lambda held: list(held)[-1] if held else UNKNOWN,
    "sort": sorted,
    "unique": lambda held: list(dict.fromkeys(held)),
    "reverse": lambda held: list(reversed(held)),
    "join": lambda held, by="": _joined(str(by), held),
    "string": str,
    "int": int,
    "as_bool": bool,
    "as_native": lambda value: value,
    "as_text": str,
    "as_number": lambda value: value,
    "items": lambda held: list(held.items()),
    "format": lambda text, *values: _filled(str(text), values),
}
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, str | list | tuple | dict),
    "iterable": lambda value: isinstance(value, str | list | tuple | dict),
    "number": lambda value: isinstance(value, int | float),
    "boolean": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "defined": lambda _: True,
    "undefined": lambda _: False,
}
_TEXT_METHODS = frozenset(
    "lower upper strip lstrip rstrip split startswith endswith title capitalize removeprefix removesuffix".split()
)
_FOUND_METHODS = {
    str: _TEXT_METHODS,
    dict: frozenset({"items", "keys", "values", "get"}),
    list: frozenset({"index", "count"}),
}
_CHANGING = frozenset({"append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault"})


def filtered(name: str, value: Any, arguments: Sequence[Any]) -> Any:
    """`value | name(arguments)`."""
    made = _FILTERS.get(name)
    return _made(made, value, *arguments) if made else UNKNOWN


def tested(name: str, value: Any) -> Any:
    """`value is name`."""
    test = _TESTS.get(name)
    return UNKNOWN if test is None or not is_known(value) else test(value)


def has_method(value: Any, name: str) -> bool:
    """Whether a call `value.name()` is one that can be followed."""
    if isinstance(value, list | dict) and name in _CHANGING:
        return True
    return any(isinstance(value, kind) and name in names for kind, names in _FOUND_METHODS.items())


def called(value: Any, name: str, arguments: Sequence[Any], *, sure: bool) -> Any:
    """`value.name(arguments)`. What changes a list or a mapping changes it; where not `sure`, by something unknown."""
    if name in _CHANGING and isinstance(value, list | dict):
        return _changed(value, name, arguments, sure=sure)
    found = _made(getattr(value, name), *arguments)
    return list(found) if name in ("items", "keys", "values") and found is not UNKNOWN else found


def _changed(value: list[Any] | dict[Any, Any], name: str, arguments: Sequence[Any], *, sure: bool) -> Any:
    if isinstance(value, list):
        if sure and name == "append" and len(arguments) == 1 and len(value) < LONGEST:
            value.append(arguments[0])
        elif sure and name == "extend" and len(arguments) == 1 and isinstance(arguments[0], list | tuple):
            value.extend(arguments[0][: LONGEST - len(value)])
        else:
            value.append(UNKNOWN)
        return None if name in ("append", "extend") else UNKNOWN
    if sure and name == "update" and len(arguments) == 1 and isinstance(arguments[0], dict):
        value.update(arguments[0])
        return None
    for key in value:
        value[key] = UNKNOWN
    return UNKNOWN


def is_known(value: Any) -> bool:
    """Whether nothing of a value is left to a run, to the depth that arguments have."""
    if isinstance(value, list | tuple):
        return all(map(is_known, value)) if len(value) <= LONGEST else False
    return all(map(is_known, value.values())) if isinstance(value, dict) else value is not UNKNOWN


def own_copy(value: Any) -> Any:
    """A variable's value for one walk, which may change it."""
    return copy.deepcopy(value) if isinstance(value, list | dict) else value


def spanned(arguments: Sequence[Any]) -> Any:
    """`range(...)`, where it is short."""
    if not arguments or not all(isinstance(one, int) for one in arguments):
        return UNKNOWN
    try:
        found = range(*arguments[:3])
    except ValueError:
        return UNKNOWN
    return list(found) if len(found) <= 1000 else UNKNOWN


def calculated(operator: str, left: Any, right: Any) -> Any:
    """`left operator right` for text that is filled in, and for numbers."""
    if operator == "%" and isinstance(left, str):
        return _made(_filled, left, right)
    numbers = all(isinstance(one, int | float) and abs(one) < 1e9 for one in (left, right))
    if not numbers or (operator in "%/" and not right):
        return UNKNOWN
    return {"-": left - right, "*": left * right, "%": left % right if right else UNKNOWN}.get(
        operator, UNKNOWN
    )


def compared(operator: str, left: Any, right: Any) -> Any:
    """`left operator right`, in Jinja's word for it."""
    if operator in ("eq", "ne"):
        return (left == right) == (operator == "eq")
    if operator in ("in", "notin") and isinstance(right, list | tuple | dict | str):
        return _made(lambda: (left in right) == (operator == "in"))
    orders: Mapping[str, Callable[[], bool]] = {
        "gt": lambda: left > right,
        "gteq": lambda: left >= right,
        "lt": lambda: left < right,
        "lteq": lambda: left <= right,
    }
    return _made(orders[operator]) if operator in orders else UNKNOWN


def _filled(text: str, values: Any) -> Any:
    """`text % values`; a width of its own may ask for any length."""
    return UNKNOWN if re.search(r"%[^a-zA-Z%]*(?:\d{3}|\*)", text) else text % values


def _replaced(text: str, old: str, new: str) -> Any:
    return UNKNOWN if text.count(old) * len(new) > LONGEST else text.replace(old, new)


def _joined(by: str, held: Sequence[Any]) -> Any:
    parts = list(map(str, held))
    return UNKNOWN if sum(map(len, parts)) + len(by) * len(parts) > LONGEST else by.join(parts)


def _made(make: Callable[..., Any], *arguments: Any) -> Any:
    """What a call comes to; unknown where it fails, where an argument is, and where it would be too long."""
    if not all(map(is_known, arguments)):
        return UNKNOWN
    try:
        found = make(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, MemoryError):
        return UNKNOWN
    return UNKNOWN if isinstance(found, str | list) and len(found) > LONGEST else found
