"""What names and expressions of a Python file mean, as far as the source alone tells."""

import ast
import re
from collections.abc import Mapping
from typing import Final, Literal

import libcst as cst

from meta_pipeline.authors.recipes.python_source import dotted

Env = Mapping[str, cst.BaseExpression]
"""What each name is bound to, as a node of the source; a name that is bound twice is left out."""


class Unknown:
    """The value cannot be told from the source."""


UNKNOWN: Final = Unknown()
Absent = Literal["absent"]
_DEEPEST = 20
_SECONDS = {
    "weeks": 604800,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
    "milliseconds": 0.001,
    "microseconds": 0.000001,
}
_TIMEDELTA_ORDER = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")
DURATION_CALLS = ("timedelta", "duration")


def origin(expression: cst.BaseExpression, env: Env, depth: int = 0) -> cst.BaseExpression | None:
    """The node in which the value of `expression` is written, names and literal subscripts followed."""
    if depth > _DEEPEST:
        return None
    if isinstance(expression, cst.Name) and expression.value not in ("None", "True", "False"):
        bound = env.get(expression.value)
        return None if bound is None else origin(bound, env, depth + 1)
    if isinstance(expression, cst.Subscript):
        key = _single_index(expression)
        if key is None:
            return None
        found = lookup(expression.value, constant(key, env), env, depth + 1)
        return found if isinstance(found, cst.BaseExpression) else None
    if isinstance(expression, cst.Call) and dotted(expression.func)[-1:] == ("get",) and expression.args:
        assert isinstance(expression.func, cst.Attribute)
        found = lookup(expression.func.value, constant(expression.args[0].value, env), env, depth + 1)
        if found == "absent" and len(expression.args) > 1:
            return origin(expression.args[1].value, env, depth + 1)
        return found if isinstance(found, cst.BaseExpression) else None
    return expression


def lookup(
    mapping: cst.BaseExpression | None, key: object, env: Env, depth: int = 0
) -> cst.BaseExpression | Absent | Unknown:
    """The node of the value that `mapping` holds under `key`, dict displays, unions and copies followed."""
    if mapping is None:
        return "absent"
    node = origin(mapping, env, depth)
    if node is None or depth > _DEEPEST:
        return UNKNOWN
    if isinstance(node, cst.Dict):
        return _lookup_display(node, key, env, depth)
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        right = lookup(node.right, key, env, depth + 1)
        return lookup(node.left, key, env, depth + 1) if right == "absent" else right
    if isinstance(node, cst.Call):
        name = dotted(node.func)
        if name == ("dict",):
            return _lookup_dict_call(node, key, env, depth)
        if name[-1:] == ("copy",) and isinstance(node.func, cst.Attribute) and not node.args:
            return lookup(node.func.value, key, env, depth + 1)
    return UNKNOWN


def _lookup_display(
    node: cst.Dict, key: object, env: Env, depth: int
) -> cst.BaseExpression | Absent | Unknown:
    for element in reversed(node.elements):
        if isinstance(element, cst.DictElement):
            found_key = constant(element.key, env)
            if found_key is UNKNOWN:
                return UNKNOWN
            if found_key == key:
                return element.value
        else:
            inner = lookup(element.value, key, env, depth + 1)
            if inner != "absent":
                return inner
    return "absent"


def _lookup_dict_call(
    node: cst.Call, key: object, env: Env, depth: int
) -> cst.BaseExpression | Absent | Unknown:
    for arg in reversed(node.args):
        if arg.keyword is not None and arg.keyword.value == key:
            return arg.value
        if arg.keyword is None:
            inner = lookup(arg.value, key, env, depth + 1)
            if inner != "absent":
                return inner
    return "absent"


def keyword_value(call: cst.BaseExpression, name: str, env: Env) -> cst.BaseExpression | Absent | Unknown:
    """The node that the call is given for a keyword, by name or out of a `**` mapping."""
    if not isinstance(call, cst.Call):
        return "absent"
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg.value
    for arg in call.args:
        if arg.star == "**":
            found = lookup(arg.value, name, env)
            if found != "absent":
                return found
    return "absent"


def constant(expression: cst.BaseExpression, env: Env) -> object:
    """The plain value of `expression`; a duration is its seconds (float); `UNKNOWN` where it cannot be told."""
    node = origin(expression, env)
    if node is None:
        return UNKNOWN
    if isinstance(node, cst.FormattedString):
        return _formatted(node, env)
    if isinstance(node, cst.ConcatenatedString):
        left, right = constant(node.left, env), constant(node.right, env)
        return left + right if isinstance(left, str) and isinstance(right, str) else UNKNOWN
    if isinstance(node, cst.BinaryOperation):
        return _arithmetic(node, env)
    if isinstance(node, cst.Call):
        return _seconds(node, env)
    try:
        value: object = ast.literal_eval(cst.Module([]).code_for_node(node).strip())
    except (ValueError, SyntaxError, TypeError):
        return UNKNOWN
    return value


def pattern(expression: cst.BaseExpression, env: Env) -> re.Pattern[str]:
    """Every text that the string `expression` can be, its unknown parts taken as anything."""
    return re.compile(_pattern(expression, env))


def _pattern(expression: cst.BaseExpression, env: Env) -> str:
    known = constant(expression, env)
    if isinstance(known, str):
        return re.escape(known)
    node = origin(expression, env)
    if isinstance(node, cst.FormattedString):
        return "".join(
            re.escape(part.value)
            if isinstance(part, cst.FormattedStringText)
            else _pattern(part.expression, env)
            if isinstance(part, cst.FormattedStringExpression)
            else ".*"
            for part in node.parts
        )
    if isinstance(node, cst.ConcatenatedString) or (
        isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add)
    ):
        return _pattern(node.left, env) + _pattern(node.right, env)
    return ".*"


def _formatted(node: cst.FormattedString, env: Env) -> object:
    text = ""
    for part in node.parts:
        if isinstance(part, cst.FormattedStringText):
            text += part.value.replace("{{", "{").replace("}}", "}")
        elif isinstance(part, cst.FormattedStringExpression):
            value = constant(part.expression, env)
            if not isinstance(value, str | int) or part.conversion or part.format_spec:
                return UNKNOWN
            text += str(value)
    return text


def _arithmetic(node: cst.BinaryOperation, env: Env) -> object:
    left, right = constant(node.left, env), constant(node.right, env)
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(node.operator, cst.Multiply):
            return left * right
        if isinstance(node.operator, cst.Add):
            return left + right
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.operator, cst.Add):
        return left + right
    return UNKNOWN


def _seconds(node: cst.Call, env: Env) -> object:
    name = dotted(node.func)
    imported = env.get(name[0]) if len(name) == 1 else None
    if (dotted(imported) if imported is not None else name)[-1:] not in {
        (known,) for known in DURATION_CALLS
    }:
        return UNKNOWN
    total = 0.0
    for index, arg in enumerate(node.args):
        unit = (
            arg.keyword.value
            if arg.keyword
            else _TIMEDELTA_ORDER[index]
            if index < 7 and not arg.star
            else ""
        )
        amount = constant(arg.value, env)
        if unit not in _SECONDS or not isinstance(amount, int | float):
            return UNKNOWN
        total += amount * _SECONDS[unit]
    return total


def _single_index(node: cst.Subscript) -> cst.BaseExpression | None:
    if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        return node.slice[0].slice.value
    return None
