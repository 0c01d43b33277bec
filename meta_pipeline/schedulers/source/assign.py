"""Binding of names, attributes and elements."""

import ast

from meta_pipeline.schedulers.source.library import is_plain
from meta_pipeline.schedulers.source.limits import ELEMENTS_PER_STEP, MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    Instance,
    OpenList,
    Scope,
    Thing,
)


def bind(machine: Machine, target: ast.expr, value: object, scope: Scope) -> None:
    """`target = value`."""
    if isinstance(target, ast.Name):
        (scope.module if target.id in scope.global_names else scope).names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        _bind_each(machine, target.elts, value, scope)
    elif isinstance(target, ast.Starred):
        bind(machine, target.value, value, scope)
    elif isinstance(target, ast.Attribute):
        set_member(machine.evaluate(target.value, scope), target.attr, value, certain=not machine.uncertain)
    elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
        receiver = machine.evaluate(target.value, scope)
        set_element(machine, receiver, machine.evaluate(target.slice, scope), value, scope)


def _bind_each(machine: Machine, targets: list[ast.expr], value: object, scope: Scope) -> None:
    known = isinstance(value, (list, tuple)) and not isinstance(value, OpenList)
    items = list(value) if known and isinstance(value, (list, tuple)) else []
    if isinstance(value, Thing):
        items = value.unpacked(len(targets)) or []
    stars = [number for number, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if known and len(stars) == 1 and len(items) >= len(targets) - 1:
        after = len(targets) - stars[0] - 1
        items[stars[0] : len(items) - after] = [items[stars[0] : len(items) - after]]
    if len(items) != len(targets):
        items = [UNKNOWN] * len(targets)
    for target, item in zip(targets, items, strict=True):
        bind(machine, target, item, scope)


def extend(machine: Machine, held: list[object], items: object) -> None:
    """`held.extend(items)`; what is not known, or too much, is one unknown element."""
    known = isinstance(items, (list, tuple)) and len(held) + len(items) <= MAX_LENGTH
    held.extend(items if known and isinstance(items, (list, tuple)) else [UNKNOWN])
    machine.step(len(held) // ELEMENTS_PER_STEP)


def set_member(receiver: object, name: str, value: object, *, certain: bool) -> None:
    """`receiver.name = value` for the things whose members matter."""
    held = value if certain else UNKNOWN
    match receiver:
        case Instance():
            receiver.attributes[name] = held
        case Class():
            receiver.scope.names[name] = held
        case Thing():
            receiver.set_member(name, held)


def set_element(machine: Machine, receiver: object, key: object, value: object, scope: Scope) -> None:
    """`receiver[key] = value`; in an undecided branch it is one of the values that are not known."""
    held = machine.either([value]) if machine.uncertain else value
    if isinstance(receiver, dict):
        if receiver is scope.module.names:
            # The name of a global does not matter to a scheduler, only that there is one.
            receiver[key if isinstance(key, str) else f"<global {len(receiver)}>"] = value
        elif is_plain(key):
            receiver[key] = held
        else:
            values = [receiver[UNKNOWN], held] if UNKNOWN in receiver else [held]
            receiver.update(dict.fromkeys([*receiver, UNKNOWN], UNKNOWN))
            receiver[UNKNOWN] = machine.either(values)
    elif isinstance(receiver, list) and isinstance(key, int) and -len(receiver) <= key < len(receiver):
        receiver[key] = held
