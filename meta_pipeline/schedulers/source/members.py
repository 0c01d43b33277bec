"""The value of `receiver.name`."""

from datetime import date, timedelta

from meta_pipeline.schedulers.source.dates import DATE_CONSTANTS
from meta_pipeline.schedulers.source.files import path_member
from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Method,
    Module,
    OpenFile,
    Partial,
    SourcePath,
    Super,
    Thing,
)

_DATE_PARTS = frozenset(("year", "month", "day", "hour", "minute", "second", "days", "seconds"))


def member(machine: Machine, value: object, name: str) -> object:
    """A member of a module, class or object; a method where it is one to call."""
    match value:
        case Module():
            return module_member(machine, value, name)
        case External():
            return external_member(machine, value, name)
        case Class():
            return _class_member(value, name)
        case Instance():
            return _instance_member(machine, value, name)
        case Thing():
            return machine.thing_member(value, name)
        case Function():
            return value.name if name == "__name__" else UNKNOWN
        case SourcePath():
            return path_member(value, name)
        case OpenFile() if name in ("read", "close"):
            return Method(value, name)
        case Super():
            return Method(value, name)
        case date() | timedelta():
            return getattr(value, name, UNKNOWN) if name in _DATE_PARTS else UNKNOWN
        # An enum whose members are text or numbers is held as those, and they are their own `value`.
        case str() | int() if name == "value":
            return value
        case str() | list() | dict() | set() | tuple():
            return Method(value, name)
    return UNKNOWN


def module_member(machine: Machine, module: Module, name: str) -> object:
    """A name of a module of the repository, or a module inside a package."""
    scope = machine.module_scope(module.name)
    if scope is not None and name in scope.names:
        return scope.names[name]
    inner = f"{module.name}.{name}"
    return Module(inner) if machine.modules.find(inner) else UNKNOWN


def external_member(machine: Machine, external: External, name: str) -> object:
    """A name of a module or class from outside."""
    known = DATE_CONSTANTS.get(f"{external.name}.{name}")
    return known if known is not None else machine.external_member(external, name)


def _class_member(kind: Class, name: str) -> object:
    for ancestor in kind.ancestry():
        if isinstance(ancestor, Class) and name in ancestor.scope.names:
            found = ancestor.scope.names[name]
            if isinstance(found, Function) and "classmethod" in found.marks:
                return Partial(found, (kind,), {})
            return _enum_member(kind, name, found) if kind.is_enum else found
    return Method(kind, name)


def _enum_member(kind: Class, name: str, found: object) -> object:
    """A member of an enum; one of text or numbers is held as its value, a nested class only with `__getattr__`."""
    if isinstance(found, Function) or kind.is_plain_enum:
        return found
    if isinstance(found, Class) and "__getattr__" not in kind.scope.names:
        return found
    return Instance(kind, {"name": name, "value": found})


def _instance_member(machine: Machine, instance: Instance, name: str) -> object:
    if name in instance.attributes:
        return instance.attributes[name]
    for ancestor in instance.kind.ancestry():
        if isinstance(ancestor, Class) and name in ancestor.scope.names:
            found = ancestor.scope.names[name]
            if not isinstance(found, Function):
                return found
            if found.marks & {"property", "cached_property"}:
                return machine.call(
                    Method(instance, name), Arguments(), Site(found.scope.path, found.node.lineno)
                )
            return Method(instance, name)
    if machine.inherited(instance.kind, name):
        return Method(instance, name)
    if not name.startswith("_") and any(
        isinstance(ancestor, Class) and "__getattr__" in ancestor.scope.names
        for ancestor in instance.kind.ancestry()
    ):
        return machine.call(
            Method(instance, "__getattr__"), Arguments([name]), Site(instance.kind.scope.path, 1)
        )
    return UNKNOWN
