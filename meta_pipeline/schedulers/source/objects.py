"""Objects of the repository's own classes."""

from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    FreshDefault,
    Function,
    Instance,
    Super,
)

_PLAIN_BASES = ("ABC", "NamedTuple", "Generic", "Protocol")


def instantiate(machine: Machine, kind: Class, arguments: Arguments, site: Site) -> object:
    """An object of a class of the repository; it may be one of the scheduler's things."""
    for ancestor in kind.ancestry():
        if not isinstance(ancestor, External):
            continue
        made = machine.derived(kind, ancestor, arguments, site)
        if made is not None:
            return made
        if ancestor.name.partition(".")[0] != "builtins" and ancestor.last not in _PLAIN_BASES:
            return UNKNOWN
    instance = Instance(kind, {})
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        run_method(machine, function, owner, instance, arguments, site)
    elif arguments.open:
        return UNKNOWN
    else:
        fill_fields(instance, arguments)
        _complete(machine, instance, site)
    return instance


def run_method(
    machine: Machine, function: Function, owner: Class, receiver: object, arguments: Arguments, site: Site
) -> object:
    """Run a method of the repository on its receiver."""
    first = (
        [] if "staticmethod" in function.marks else [owner if "classmethod" in function.marks else receiver]
    )
    arguments = machine.completed(function, receiver, arguments)
    inner = Arguments([*first, *arguments.positional], arguments.named, arguments.open)
    return machine.run_body(function, inner, site, {"<class>": owner, "<self>": receiver})


def find_method(kind: Class, name: str) -> tuple[Function, Class] | None:
    """The method `name` and the class of the repository that holds it."""
    for ancestor in kind.ancestry():
        if isinstance(ancestor, Class) and isinstance(function := ancestor.scope.names.get(name), Function):
            return function, ancestor
    return None


def call_super(machine: Machine, above: Super, name: str, arguments: Arguments, site: Site) -> object:
    """`super().name(...)`."""
    ancestry = iter(above.kind.ancestry())
    next(ancestry)
    for ancestor in ancestry:
        if isinstance(ancestor, Class) and isinstance(found := ancestor.scope.names.get(name), Function):
            return run_method(machine, found, ancestor, above.receiver, arguments, site)
    if name == "__init__":
        return machine.super_init(above.receiver, arguments)
    return machine.call_inherited(above.receiver, name, arguments, site)


def call_bound(machine: Machine, instance: Instance, name: str, arguments: Arguments, site: Site) -> object:
    """A method of an object of the repository's own class."""
    found = find_method(instance.kind, name)
    if found is None:
        return machine.call_inherited(instance, name, arguments, site)
    return run_method(machine, *found, instance, arguments, site)


def fill_fields(instance: Instance, arguments: Arguments) -> None:
    """The fields of a dataclass or NamedTuple, by place, name and default."""
    kinds = [kind for kind in instance.kind.ancestry() if isinstance(kind, Class)]
    names = [name for kind in reversed(kinds) for name in kind.fields]
    for name, value in zip(dict.fromkeys(names), arguments.positional, strict=False):
        instance.attributes[name] = value
    for key, value in arguments.named.items():
        instance.attributes[str(key)] = value


def _complete(machine: Machine, instance: Instance, site: Site) -> None:
    """The fields that are made anew for each object, and what `__post_init__` makes of them."""
    for kind in instance.kind.ancestry():
        if not isinstance(kind, Class):
            continue
        for name, default in kind.scope.names.items():
            if isinstance(default, FreshDefault) and name not in instance.attributes:
                instance.attributes[name] = machine.call(default.factory, Arguments(), site)
    found = find_method(instance.kind, "__post_init__")
    if found:
        run_method(machine, *found, instance, Arguments(), site)
