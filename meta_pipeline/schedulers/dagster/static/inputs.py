"""The assets that a function reads through its parameters."""

import ast

from meta_pipeline.schedulers.dagster.static.keys import key_of, prefixed
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Asset, AssetKey, Given, Key
from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Function, Unknown

_CONTEXTS = frozenset(("_", "context", "_context", "context_", "__context"))
_HANDED_BASES = ("Resource", "ResourceFactory", "IOManager", "Config", "IOManagerFactory")


def input_keys(machine: Machine, function: Function, ins: object) -> tuple[Key | Unknown, ...]:
    """The keys of the assets that the parameters stand for; `ins` says what differs from their names."""
    if isinstance(ins, Unknown):
        return (UNKNOWN,)
    declared = ins if isinstance(ins, dict) else {}
    found = [declared_key(str(name), given_in) for name, given_in in declared.items() if name is not UNKNOWN]
    if isinstance(function.node, ast.Lambda):
        return tuple(found)
    parameters = [
        *function.node.args.posonlyargs,
        *function.node.args.args,
        *function.node.args.kwonlyargs,
    ]
    if parameters and parameters[0].arg in _CONTEXTS:
        parameters = parameters[1:]
    for parameter in parameters:
        if parameter.arg not in declared and not _is_handed(machine, parameter, function):
            found.append((parameter.arg,))
    return tuple(found)


def declared_key(name: str, declared: object) -> Key | Unknown:
    """The key that one entry of `ins` means: an `AssetIn`, or what has a key of its own."""
    if isinstance(declared, Given):
        key = given(declared.named, "key")
        if key is not None:
            return key_of(key)
        return prefixed(given(declared.named, "key_prefix"), (name,))
    if isinstance(declared, (AssetKey, Asset, str)):
        return key_of(declared)
    return UNKNOWN


def _is_handed(machine: Machine, parameter: ast.arg, function: Function) -> bool:
    """Whether Dagster hands in a resource or a config, and no asset."""
    if parameter.annotation is None:
        return False
    if parameter.arg == "config":
        return True
    annotation: ast.expr = parameter.annotation
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except (SyntaxError, ValueError):
            return False
    if isinstance(annotation, ast.Subscript):
        kind = machine.evaluate(annotation.value, function.scope)
        return isinstance(kind, External) and kind.last == "ResourceParam"
    return _is_resource(machine.evaluate(annotation, function.scope))


def _is_resource(kind: object) -> bool:
    if isinstance(kind, Class):
        return any(
            isinstance(ancestor, External) and ancestor.last.endswith(_HANDED_BASES)
            for ancestor in kind.ancestry()
        )
    # What an integration of Dagster offers as the type of a parameter is a resource or a client of one.
    return isinstance(kind, External) and (
        kind.name.startswith("dagster_")
        or kind.last.endswith(("Resource", "PipesClient"))
        or (kind.name.startswith("dagster.") and kind.last.endswith("Client"))
    )
