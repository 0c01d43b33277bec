"""Arithmetic, comparison and truth of values; `UNKNOWN` or None where source does not tell."""

import ast
import posixpath
from datetime import date, timedelta

from meta_pipeline.schedulers.source.files import normal
from meta_pipeline.schedulers.source.library import bounded, format_percent, is_plain
from meta_pipeline.schedulers.source.limits import MAX_LENGTH
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    External,
    OpenList,
    SourcePath,
    Thing,
    Unknown,
    is_open,
    opened,
)


def truth(value: object) -> bool | None:
    """Whether `value` is true; None where that cannot be known."""
    if isinstance(value, OpenList):
        return True if value else None
    if isinstance(value, dict) and is_open(value):
        return True if len(value) > 1 else None
    if value is None or isinstance(
        value, (bool, int, float, str, bytes, list, tuple, dict, set, range, timedelta)
    ):
        return bool(value)
    if isinstance(value, Thing):
        return value.truth()
    if isinstance(value, (date, SourcePath)):
        return True
    if isinstance(value, External):
        return False if value.name.endswith(".TYPE_CHECKING") else value.present or None
    return None


def binary(operator: ast.operator, left: object, right: object) -> object:
    """`left operator right` for plain values, containers and dates."""
    if isinstance(operator, ast.Mod) and isinstance(left, str):
        return format_percent(left, right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return _half_known(operator, left, right)
    if isinstance(left, SourcePath) and isinstance(right, str):
        return _further(operator, left.path, right)
    try:
        return bounded(_compute(operator, left, right))
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


def _further(operator: ast.operator, path: str, more: str) -> object:
    """A path with more behind it: `path / "file.yaml"`, or `path + "/file.yaml"` where it is text."""
    if isinstance(operator, ast.Div):
        return UNKNOWN if more.startswith("/") else normal(f"{path}/{more}")
    return normal(f"{path}{more}") if isinstance(operator, ast.Add) else UNKNOWN


def _half_known(operator: ast.operator, left: object, right: object) -> object:
    """What stays known when one side is not: the elements of a list, the keys of a dict on the right."""
    if isinstance(operator, ast.Add) and (isinstance(left, list) or isinstance(right, list)):
        return OpenList(
            [*(left if isinstance(left, list) else ()), *(right if isinstance(right, list) else ())]
        )
    if isinstance(operator, ast.BitOr) and isinstance(right, dict):
        return opened(right)
    return UNKNOWN


def _compute(operator: ast.operator, left: object, right: object) -> object:
    match operator, left, right:
        case ast.Add(), (list() | tuple()), (list() | tuple()):
            if isinstance(left, OpenList) or isinstance(right, OpenList):
                return OpenList([*left, *right])
            if isinstance(left, list) and isinstance(right, list):
                return [*left, *right]
            return (*left, *right) if not isinstance(left, list) and not isinstance(right, list) else UNKNOWN
        case ast.Div(), str(), str():
            # A `pathlib.Path` of plain text is held as that text.
            return posixpath.join(left, right)
        case ast.Add(), (str() | bytes()), (str() | bytes()):
            return left + right  # type: ignore[operator]  # a TypeError of mixed kinds is caught by the caller
        case ast.Mult(), (str() | list() | tuple()), int():
            return left * right if len(left) * max(right, 0) <= MAX_LENGTH else UNKNOWN
        case ast.Mult(), int(), (str() | list() | tuple()):
            return _compute(operator, right, left)
        case ast.BitOr(), dict(), dict():
            return {**left, **right}
        case ((ast.BitOr() | ast.BitAnd() | ast.Sub()), set(), set()):
            if isinstance(operator, ast.Sub):
                return left - right
            return left | right if isinstance(operator, ast.BitOr) else left & right
        case _, (int() | float()), (int() | float()):
            return _number(operator, left, right)
        case ((ast.Add() | ast.Sub()), (date() | timedelta()), (date() | timedelta())):
            return left + right if isinstance(operator, ast.Add) else left - right  # type: ignore[operator]
        case ((ast.Mult() | ast.Div()), timedelta(), (int() | float())):
            return left * right if isinstance(operator, ast.Mult) else left / right
        case ast.Mult(), (int() | float()), timedelta():
            return right * left
    return UNKNOWN


def _number(operator: ast.operator, left: float, right: float) -> object:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return left // right
        case ast.Mod():
            return left % right
        case ast.Pow() if abs(left) <= 1_000_000 and 0 <= right <= 64:
            return left**right
    return UNKNOWN


def compare(operator: ast.cmpop, left: object, right: object) -> object:
    """`left operator right` as True, False or `UNKNOWN`."""
    if isinstance(operator, (ast.Is, ast.IsNot)):
        if left is None or right is None:
            known = left is right if not _may_be_none(left) and not _may_be_none(right) else None
            return UNKNOWN if known is None else known is isinstance(operator, ast.Is)
        operator = ast.Eq() if isinstance(operator, ast.Is) else ast.NotEq()
    if isinstance(operator, (ast.In, ast.NotIn)):
        found = _holds(right, left)
        return UNKNOWN if found is None else found is isinstance(operator, ast.In)
    if not is_plain(left) or not is_plain(right):
        return UNKNOWN
    try:
        match operator:
            case ast.Eq():
                return left == right
            case ast.NotEq():
                return left != right
            case ast.Lt():
                return bool(left < right)  # type: ignore[operator]  # a TypeError is caught below
            case ast.LtE():
                return bool(left <= right)  # type: ignore[operator]
            case ast.Gt():
                return bool(left > right)  # type: ignore[operator]
            case ast.GtE():
                return bool(left >= right)  # type: ignore[operator]
    except TypeError:
        return UNKNOWN
    return UNKNOWN


def _may_be_none(value: object) -> bool:
    return isinstance(value, Unknown) or (isinstance(value, External) and value.present is False)


def _holds(container: object, item: object) -> bool | None:
    if not is_plain(item):
        return None
    if isinstance(container, str):
        return item in container if isinstance(item, str) else None
    if isinstance(container, dict):
        return item in container or (None if is_open(container) else False)
    if isinstance(container, (list, tuple, set, range)):
        if item in container:
            return True
        certain = not isinstance(container, OpenList) and all(is_plain(one) for one in container)
        return False if certain else None
    return None
