"""Functions and classes of the repository: defining them, and binding the parameters of a call."""

import ast
from collections.abc import Callable
from dataclasses import replace

from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    Function,
    Instance,
    Partial,
    Scope,
    Thing,
    opened,
)


def define_function(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> object:
    """The function under its decorators."""
    closure = scope.parent if scope.of_class and scope.parent else scope
    function = Function(node.name, node, closure, _defaults(machine, node.args, scope))
    value: object = function
    for decorator_node in reversed(node.decorator_list):
        decorator = machine.evaluate(decorator_node, scope)
        site = Site(scope.path, node.lineno)
        decorated = machine.call(decorator, Arguments([value]), site)
        if isinstance(decorated, (Function, Thing, Partial, Instance)):
            value = decorated
        elif isinstance(value, Function):
            value = replace(value, opaque=True)
    return value


def _defaults(machine: Machine, parameters: ast.arguments, scope: Scope) -> dict[str, object]:
    positional = [*parameters.posonlyargs, *parameters.args]
    defaults = parameters.defaults
    first = len(positional) - len(defaults)
    found = {
        parameter.arg: machine.evaluate(default, scope)
        for parameter, default in zip(positional[first:], defaults, strict=True)
    }
    for parameter, named_default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if named_default is not None:
            found[parameter.arg] = machine.evaluate(named_default, scope)
    return found


def bind_parameters(function: Function, arguments: Arguments, scope: Scope) -> None:
    """Give every parameter its argument, its default, or `UNKNOWN`."""
    parameters = function.node.args
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    absent = dict.fromkeys([*names, *(parameter.arg for parameter in parameters.kwonlyargs)], UNKNOWN)
    scope.names.update(absent)
    if not arguments.open:
        scope.names.update(function.defaults)
    scope.names.update(zip(names, arguments.positional, strict=False))
    extra: dict[object, object] = {}
    for key, value in arguments.named.items():
        if isinstance(key, str) and key in absent:
            scope.names[key] = value
        else:
            extra[key] = value
    if parameters.vararg:
        scope.names[parameters.vararg.arg] = tuple(arguments.positional[len(names) :])
    if parameters.kwarg:
        scope.names[parameters.kwarg.arg] = opened(extra) if arguments.open else extra


def define_class(machine: Machine, node: ast.ClassDef, scope: Scope, run: Callable[[Scope], object]) -> Class:
    """The class with its body run; `run` runs statements in the scope it is given."""
    inner = Scope(scope.path, scope, of_class=True)
    bases = tuple(machine.evaluate(base, scope) for base in node.bases)
    run(inner)
    fields = tuple(
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    )
    return Class(node.name, inner, bases, fields)
