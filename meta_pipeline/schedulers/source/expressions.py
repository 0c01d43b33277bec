"""The value of an expression, as far as source alone can tell."""

import ast
import re
from collections.abc import Callable, Iterable

from meta_pipeline.schedulers.source.assign import bind
from meta_pipeline.schedulers.source.library import bounded, element, format_value, is_plain, same
from meta_pipeline.schedulers.source.limits import ELEMENTS_PER_STEP, MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.operations import binary, compare, truth
from meta_pipeline.schedulers.source.values import (
    NOTHING,
    UNKNOWN,
    Class,
    External,
    Function,
    OpenList,
    Scope,
    SourcePath,
    Super,
    Thing,
    is_open,
    opened,
)

# Half of a character, which no file or JSON can hold.
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAKERS = frozenset((ast.Call, ast.BinOp, ast.Subscript, ast.ListComp, ast.JoinedStr))


def evaluate(machine: Machine, node: ast.expr, scope: Scope) -> object:
    """The value of `node`; `UNKNOWN` for what is not understood."""
    machine.step()
    kind = type(node)
    handler = _HANDLERS.get(kind)
    value = handler(machine, node, scope) if handler else UNKNOWN
    if kind in _MAKERS and isinstance(value, (str, list, tuple, set, dict)):
        machine.step(len(value) // ELEMENTS_PER_STEP)
    return value


def _constant(machine: Machine, node: ast.Constant, scope: Scope) -> object:
    if isinstance(node.value, str) and not node.value.isascii() and _SURROGATE.search(node.value):
        return UNKNOWN
    return node.value


def _name(machine: Machine, node: ast.Name, scope: Scope) -> object:
    value = scope.find(node.id)
    if value is None:
        return External(f"builtins.{node.id}")
    return None if value is NOTHING else value


def _attribute(machine: Machine, node: ast.Attribute, scope: Scope) -> object:
    return machine.member(machine.evaluate(node.value, scope), node.attr)


def _subscript(machine: Machine, node: ast.Subscript, scope: Scope) -> object:
    receiver = machine.evaluate(node.value, scope)
    if isinstance(node.slice, ast.Slice):
        parts = [
            machine.evaluate(part, scope) if part else None
            for part in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        return element(receiver, slice(*parts))
    key = machine.evaluate(node.slice, scope)
    if isinstance(receiver, External) and receiver.name == "os.environ" and isinstance(key, str):
        return machine.environment.get(key, UNKNOWN)
    return element(receiver, key)


def _call(machine: Machine, node: ast.Call, scope: Scope) -> object:
    callee = machine.evaluate(node.func, scope)
    if isinstance(callee, External) and callee.name in ("builtins.globals", "builtins.locals"):
        return scope.module.names if callee.last == "globals" else scope.names
    if isinstance(callee, External) and callee.name == "builtins.super":
        owner = scope.find("<class>")
        return Super(scope.find("<self>"), owner) if isinstance(owner, Class) else UNKNOWN
    return machine.call(
        callee, arguments_of(machine, node, scope), Site(scope.path, node.lineno, node.end_col_offset or 0)
    )


def arguments_of(machine: Machine, node: ast.Call, scope: Scope) -> Arguments:
    """The evaluated arguments of a call, with `*` and `**` spread out where they are known."""
    found = Arguments()
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            found.open |= _spread(machine.evaluate(argument.value, scope), found.positional)
        else:
            found.positional.append(machine.evaluate(argument, scope))
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, scope)
        if keyword.arg is not None:
            found.named[keyword.arg] = value
        elif isinstance(value, dict):
            found.named.update(value)
            found.open |= found.named.pop(UNKNOWN, None) is UNKNOWN
        else:
            found.open = True
    return found


def _spread(value: object, into: list[object]) -> bool:
    """Put the elements of `value` into the list; say whether there may be more."""
    if isinstance(value, (list, tuple, set, range)) and len(value) <= MAX_LENGTH:
        into.extend(value)
        return isinstance(value, OpenList)
    if isinstance(value, dict):
        into.extend(key for key in value if key is not UNKNOWN)
        return is_open(value)
    return True


def _binary(machine: Machine, node: ast.BinOp, scope: Scope) -> object:
    # A chain `a >> b >> c ...` nests to the left as deep as it is long, so it is walked, not recursed into.
    spine: list[ast.BinOp] = []
    left_node: ast.expr = node
    while isinstance(left_node, ast.BinOp):
        spine.append(left_node)
        left_node = left_node.left
    value = machine.evaluate(left_node, scope)
    for part in reversed(spine):
        machine.step()
        right = machine.evaluate(part.right, scope)
        joined = machine.combined(part.op, value, right)
        value = binary(part.op, value, right) if joined is None else joined
    return value


def _unary(machine: Machine, node: ast.UnaryOp, scope: Scope) -> object:
    value = machine.evaluate(node.operand, scope)
    if isinstance(node.op, ast.Not):
        known = truth(value)
        return UNKNOWN if known is None else not known
    if isinstance(node.op, ast.Invert):
        turned = machine.inverted(value)
        return UNKNOWN if turned is None else turned
    if isinstance(value, (int, float)):
        if isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.UAdd):
            return value
    return UNKNOWN


def _boolean(machine: Machine, node: ast.BoolOp, scope: Scope) -> object:
    stops_at = isinstance(node.op, ast.Or)
    possible: list[object] = []
    held = machine.uncertain
    try:
        for part in node.values:
            value = machine.evaluate(part, scope)
            known = truth(value)
            if known is stops_at or part is node.values[-1]:
                possible.append(value)
                break
            if known is None:
                # What comes after it is an undecided branch.
                possible.append(value)
                machine.uncertain = held + 1
    finally:
        machine.uncertain = held
    return possible[0] if len(possible) == 1 else machine.either(possible)


def _compare(machine: Machine, node: ast.Compare, scope: Scope) -> object:
    left = machine.evaluate(node.left, scope)
    result: object = True
    for operator, right_node in zip(node.ops, node.comparators, strict=True):
        right = machine.evaluate(right_node, scope)
        result = compare(operator, left, right)
        if result is not True:
            return result
        left = right
    return result


def _conditional(machine: Machine, node: ast.IfExp, scope: Scope) -> object:
    known = truth(machine.evaluate(node.test, scope))
    if known is not None:
        return machine.evaluate(node.body if known else node.orelse, scope)
    one, other = machine.evaluate(node.body, scope), machine.evaluate(node.orelse, scope)
    return one if same(one, other) else machine.either([one, other])


def _joined(machine: Machine, node: ast.JoinedStr, scope: Scope) -> object:
    parts: list[str] = []
    path: SourcePath | None = None
    for part in node.values:
        value = machine.evaluate(part, scope)
        if isinstance(value, SourcePath) and not parts:
            path = value
        elif isinstance(value, str):
            parts.append(value)
        else:
            return UNKNOWN
    text = bounded("".join(parts))
    return binary(ast.Add(), path, text) if path is not None else text


def _formatted(machine: Machine, node: ast.FormattedValue, scope: Scope) -> object:
    value = machine.evaluate(node.value, scope)
    if isinstance(value, SourcePath) and node.format_spec is None and node.conversion < 0:
        return value
    specification = machine.evaluate(node.format_spec, scope) if node.format_spec else ""
    return format_value(value, specification, node.conversion)


def _sequence(machine: Machine, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> object:
    items: list[object] = []
    more = False
    for item in node.elts:
        if isinstance(item, ast.Starred):
            more |= _spread(machine.evaluate(item.value, scope), items)
        else:
            items.append(machine.evaluate(item, scope))
    if more:
        return OpenList(items)
    if isinstance(node, ast.Tuple):
        return tuple(items)
    if isinstance(node, ast.Set):
        if all(is_plain(item) for item in items):
            return set(items)
        # A scheduler's things are told apart by what they are, so a set of them is as good as a list.
        return items if all(isinstance(item, Thing) for item in items) else OpenList(items)
    return items


def _dict(machine: Machine, node: ast.Dict, scope: Scope) -> object:
    found: dict[object, object] = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = machine.evaluate(value_node, scope)
        if key_node is None:
            if isinstance(value, dict):
                found.update(value)
            else:
                found = opened(dict.fromkeys(found, UNKNOWN))
            continue
        key = machine.evaluate(key_node, scope)
        found[key if is_plain(key) else UNKNOWN] = value if is_plain(key) else UNKNOWN
    return found


def _comprehension(
    machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
) -> object:
    items: list[object] = []
    inner = Scope(scope.path, scope)
    complete = _walk(machine, node.generators, inner, lambda: items.append(machine.evaluate(node.elt, inner)))
    if not complete:
        return OpenList(items)
    if isinstance(node, ast.SetComp):
        return set(items) if all(is_plain(item) for item in items) else OpenList(items)
    return items


def _dict_comprehension(machine: Machine, node: ast.DictComp, scope: Scope) -> object:
    found: dict[object, object] = {}
    inner = Scope(scope.path, scope)

    def add() -> None:
        key, value = machine.evaluate(node.key, inner), machine.evaluate(node.value, inner)
        found[key if is_plain(key) else UNKNOWN] = value if is_plain(key) else UNKNOWN

    complete = _walk(machine, node.generators, inner, add)
    return found if complete else opened(found)


def _walk(
    machine: Machine, generators: list[ast.comprehension], scope: Scope, visit: Callable[[], None]
) -> bool:
    """Call `visit` for every round of the loops; say whether the rounds are all known."""
    if not generators:
        visit()
        return True
    first, rest = generators[0], generators[1:]
    items, complete = rounds(machine.evaluate(first.iter, scope))
    for item in items:
        machine.step()
        bind(machine, first.target, item, scope)
        kept = [truth(machine.evaluate(test, scope)) for test in first.ifs]
        if False in kept:
            continue
        complete &= None not in kept
        complete &= _walk(machine, rest, scope, visit)
    return complete


def rounds(value: object) -> tuple[Iterable[object], bool]:
    """What a loop over `value` goes through, and whether that is all; one unknown round stands for the rest."""
    if isinstance(value, Thing):
        return [value.each()], False
    if isinstance(value, OpenList):
        return [*value, UNKNOWN], False
    if isinstance(value, dict):
        return list(value), not is_open(value)
    if isinstance(value, (list, tuple, range, str)):
        return list(value) if isinstance(value, list) else value, True
    if isinstance(value, set):
        return sorted(value, key=repr), True
    return [UNKNOWN], False


def _lambda(machine: Machine, node: ast.Lambda, scope: Scope) -> object:
    return Function("<lambda>", node, scope)


def _walrus(machine: Machine, node: ast.NamedExpr, scope: Scope) -> object:
    value = machine.evaluate(node.value, scope)
    bind(machine, node.target, value, scope)
    return value


def _yield(machine: Machine, node: ast.Yield, scope: Scope) -> object:
    value = machine.evaluate(node.value, scope) if node.value else None
    if scope.at_yield is not None:
        scope.at_yield(value)
    _given(machine, [value], scope)
    return UNKNOWN


def _yield_from(machine: Machine, node: ast.YieldFrom, scope: Scope) -> object:
    items, complete = rounds(machine.evaluate(node.value, scope))
    _given(machine, list(items), scope, complete=complete)
    return UNKNOWN


def _given(machine: Machine, values: list[object], scope: Scope, *, complete: bool = True) -> None:
    """What a generator gives; what it gives in an undecided branch is not known to be there."""
    machine.step(len(values))
    certain = machine.uncertain == scope.entered and len(scope.yielded) + len(values) <= MAX_LENGTH
    held = [*scope.yielded, *(values if certain else ())]
    known = complete and certain and not isinstance(scope.yielded, OpenList)
    scope.yielded = held if known else OpenList(held)


def _await(machine: Machine, node: ast.Await, scope: Scope) -> object:
    # A coroutine is held as what it gives once it is awaited.
    return machine.evaluate(node.value, scope)


_HANDLERS: dict[type[ast.expr], Callable[..., object]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Lambda: _lambda,
    ast.NamedExpr: _walrus,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
