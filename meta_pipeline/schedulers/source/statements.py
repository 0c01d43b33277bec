"""Running statements: branches that cannot be decided are both taken, and names that then differ are unknown."""

import ast
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from enum import Enum, auto

from meta_pipeline.schedulers.source.assign import bind, extend
from meta_pipeline.schedulers.source.definitions import define_class, define_function
from meta_pipeline.schedulers.source.expressions import rounds
from meta_pipeline.schedulers.source.imports import import_from, import_module
from meta_pipeline.schedulers.source.library import same
from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.managers import Managed, run_around
from meta_pipeline.schedulers.source.matching import matched
from meta_pipeline.schedulers.source.operations import binary, truth
from meta_pipeline.schedulers.source.optional import doubt_optional
from meta_pipeline.schedulers.source.values import UNKNOWN, External, OpenFile, Scope, Thing

MAX_WHILE = 1000


class Flow(Enum):
    """How a block of statements ended."""

    NEXT = auto()
    LOOP = auto()
    RETURN = auto()
    RAISE = auto()


def run_block(machine: Machine, statements: Sequence[ast.stmt], scope: Scope) -> Flow:
    """Run statements in order until one ends the block."""
    for statement in statements:
        machine.step()
        handler = _HANDLERS.get(type(statement))
        flow = handler(machine, statement, scope) if handler else Flow.NEXT
        if flow is not Flow.NEXT:
            return flow
    return Flow.NEXT


def _expression(machine: Machine, node: ast.Expr, scope: Scope) -> Flow:
    machine.evaluate(node.value, scope)
    return Flow.NEXT


def _assign(machine: Machine, node: ast.Assign, scope: Scope) -> Flow:
    value = machine.evaluate(node.value, scope)
    for target in node.targets:
        bind(machine, target, value, scope)
    return Flow.NEXT


def _annotated(machine: Machine, node: ast.AnnAssign, scope: Scope) -> Flow:
    if node.value:
        bind(machine, node.target, machine.evaluate(node.value, scope), scope)
    return Flow.NEXT


def _augmented(machine: Machine, node: ast.AugAssign, scope: Scope) -> Flow:
    value = machine.evaluate(node.value, scope)
    held = machine.evaluate(node.target, scope)
    if isinstance(held, list) and isinstance(node.op, ast.Add):
        extend(machine, held, value)
        return Flow.NEXT
    if isinstance(held, dict) and isinstance(node.op, ast.BitOr) and isinstance(value, dict):
        held.update(value)
        return Flow.NEXT
    bind(machine, node.target, binary(node.op, held, value), scope)
    return Flow.NEXT


def _if(machine: Machine, node: ast.If, scope: Scope) -> Flow:
    known = truth(machine.evaluate(node.test, scope))
    if known is not None:
        return run_block(machine, node.body if known else node.orelse, scope)
    return undecided(machine, [node.body, node.orelse], scope)


def undecided(machine: Machine, blocks: Sequence[Sequence[ast.stmt]], scope: Scope) -> Flow:
    """Run each block from the same names; keep what all that go on agree on."""
    before = dict(scope.names)
    endings: list[tuple[Flow, dict[str, object]]] = []
    marks: list[tuple[int, int]] = []
    machine.uncertain += 1
    try:
        for block in blocks:
            scope.names.clear()
            scope.names.update(before)
            start = machine.checkpoint()
            flow = run_block(machine, block, scope)
            endings.append((flow, dict(scope.names)))
            if flow is not Flow.RAISE:
                marks.append((start, machine.checkpoint()))
    finally:
        machine.uncertain -= 1
    machine.agree(marks)
    if scope.parent is None:
        for _, names in endings:
            for value in names.values():
                machine.keep(value)
    going_on = [names for flow, names in endings if flow is not Flow.RAISE and flow is not Flow.RETURN]
    scope.names.clear()
    scope.names.update(_agreed(machine, going_on or [names for _, names in endings]))
    flows = {flow for flow, _ in endings}
    if going_on:
        return Flow.LOOP if flows <= {Flow.LOOP} else Flow.NEXT
    return Flow.RETURN if Flow.RETURN in flows else Flow.RAISE


def _agreed(machine: Machine, endings: list[dict[str, object]]) -> dict[str, object]:
    names = dict.fromkeys(name for ending in endings for name in ending)
    return {name: _one_of(machine, [ending.get(name, UNKNOWN) for ending in endings]) for name in names}


def _one_of(machine: Machine, values: list[object]) -> object:
    first, *others = values
    if all(same(first, other) or _is_one_name(first, other) for other in others):
        return first
    return machine.either(values)


def _is_one_name(one: object, other: object) -> bool:
    """Whether both are the same name of one package, as code that fits several releases of it imports it."""
    return (
        isinstance(one, External)
        and isinstance(other, External)
        and one.last == other.last
        and one.name.partition(".")[0] == other.name.partition(".")[0]
    )


def _for(machine: Machine, node: ast.For | ast.AsyncFor, scope: Scope) -> Flow:
    items, complete = rounds(machine.evaluate(node.iter, scope))
    for item in items:
        machine.step()
        if item is UNKNOWN and not complete:
            bind(machine, node.target, UNKNOWN, scope)
            flow = undecided(machine, [node.body, []], scope)
        else:
            bind(machine, node.target, item, scope)
            flow = run_block(machine, node.body, scope)
        if flow in (Flow.RETURN, Flow.RAISE):
            return flow
        if flow is Flow.LOOP and scope.broke:
            return Flow.NEXT
    return run_block(machine, node.orelse, scope)


def _break(machine: Machine, node: ast.Break, scope: Scope) -> Flow:
    scope.broke = True
    return Flow.LOOP


def _continue(machine: Machine, node: ast.Continue, scope: Scope) -> Flow:
    scope.broke = False
    return Flow.LOOP


def _while(machine: Machine, node: ast.While, scope: Scope) -> Flow:
    for _ in range(MAX_WHILE):
        known = truth(machine.evaluate(node.test, scope))
        if known is False:
            return run_block(machine, node.orelse, scope)
        if known is None:
            return undecided(machine, [node.body, []], scope)
        flow = run_block(machine, node.body, scope)
        if flow in (Flow.RETURN, Flow.RAISE):
            return flow
        if flow is Flow.LOOP and scope.broke:
            return Flow.NEXT
    return Flow.NEXT


def _with(machine: Machine, node: ast.With | ast.AsyncWith, scope: Scope) -> Flow:
    return _within(machine, node.items, node.body, scope)


def _within(machine: Machine, items: list[ast.withitem], body: list[ast.stmt], scope: Scope) -> Flow:
    """Run `body` inside of what the `items` open, one in the other."""
    if not items:
        return run_block(machine, body, scope)
    first, rest = items[0], items[1:]
    value = machine.evaluate(first.context_expr, scope)
    flows: list[Flow] = []

    def inside(given: object) -> None:
        if first.optional_vars:
            bind(machine, first.optional_vars, given, scope)
        flows.append(_within(machine, rest, body, scope))

    if isinstance(value, Managed):
        if not run_around(machine, value, inside):
            inside(UNKNOWN)
        return flows[0]
    opened = machine.opened(value)
    with opened or nullcontext():
        inside(value if opened is not None or isinstance(value, OpenFile) else UNKNOWN)
    return flows[0]


def _try(machine: Machine, node: ast.Try, scope: Scope) -> Flow:
    # What is imported or built in the `try` is what a healthy run has; handlers are for the others.
    flow = run_block(machine, node.body, scope)
    if flow is Flow.RAISE and node.handlers:
        flow = undecided(machine, [handler.body for handler in node.handlers], scope)
    elif flow is Flow.NEXT:
        doubt_optional(machine, node, scope)
        flow = run_block(machine, node.orelse, scope)
    last = run_block(machine, node.finalbody, scope)
    return last if last is not Flow.NEXT else flow


def _return(machine: Machine, node: ast.Return, scope: Scope) -> Flow:
    scope.returned.append(machine.evaluate(node.value, scope) if node.value else None)
    return Flow.RETURN


def _raise(machine: Machine, node: ast.Raise, scope: Scope) -> Flow:
    return Flow.RAISE


def _match(machine: Machine, node: ast.Match, scope: Scope) -> Flow:
    subject = machine.evaluate(node.subject, scope)
    blocks: list[Sequence[ast.stmt]] = []
    for case in node.cases:
        fits = matched(machine, case.pattern, subject, scope)
        if fits and case.guard is not None:
            fits = truth(machine.evaluate(case.guard, scope))
        if fits is not False:
            blocks.append(case.body)
        if fits:
            break
    else:
        blocks.append([])
    return run_block(machine, blocks[0], scope) if len(blocks) == 1 else undecided(machine, blocks, scope)


def _global(machine: Machine, node: ast.Global, scope: Scope) -> Flow:
    scope.global_names.update(node.names)
    return Flow.NEXT


def _delete(machine: Machine, node: ast.Delete, scope: Scope) -> Flow:
    for target in node.targets:
        if isinstance(target, ast.Name):
            scope.names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            receiver = machine.evaluate(target.value, scope)
            key = machine.evaluate(target.slice, scope)
            if isinstance(receiver, dict) and isinstance(key, str) and not machine.uncertain:
                receiver.pop(key, None)
            elif isinstance(receiver, dict):
                receiver.update(dict.fromkeys([*receiver, UNKNOWN], UNKNOWN))
    return Flow.NEXT


def _function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> Flow:
    scope.names[node.name] = define_function(machine, node, scope)
    return Flow.NEXT


def _class(machine: Machine, node: ast.ClassDef, scope: Scope) -> Flow:
    scope.names[node.name] = define_class(
        machine, node, scope, lambda inner: run_block(machine, node.body, inner)
    )
    return Flow.NEXT


def _import(machine: Machine, node: ast.Import, scope: Scope) -> Flow:
    import_module(machine, node, scope)
    return Flow.NEXT


def _import_from(machine: Machine, node: ast.ImportFrom, scope: Scope) -> Flow:
    import_from(machine, node, scope)
    return Flow.NEXT


_HANDLERS: dict[type[ast.stmt], Callable[..., Flow]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Match: _match,
    ast.Global: _global,
    ast.Delete: _delete,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
}


def joined(machine: Machine, returned: list[object]) -> object:
    """What a function gives back: its one value, or `UNKNOWN` where the branches differ."""
    if not returned:
        return None
    # An early `return` without a value says "nothing to build here"; what is built otherwise is read.
    built = [value for value in returned if isinstance(value, Thing)]
    first, *others = (
        built if built and all(value is None or value in built for value in returned) else returned
    )
    return first if all(same(first, other) for other in others) else machine.either(returned)
