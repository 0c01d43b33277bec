"""Objects of the repository's own classes: operators, timetables and plain data."""

from meta_pipeline.schedulers.airflow.static.constructs import keywords, new_task, place
from meta_pipeline.schedulers.airflow.static.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.airflow.static.roles import role_of
from meta_pipeline.schedulers.airflow.static.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Super,
    Task,
    Timetable,
)

_PLAIN_BASES = ("ABC", "NamedTuple", "Generic", "Protocol")


def instantiate(machine: Machine, kind: Class, arguments: Arguments, site: Site) -> object:
    """An object of a class of the repository; it may be an operator, a DAG, a group or a plain object."""
    for ancestor in kind.ancestry():
        if not isinstance(ancestor, External):
            continue
        role = role_of(ancestor)
        if role == "operator":
            return _own_operator(machine, kind, arguments, site)
        if role in ("dag_class", "group_class"):
            return machine.call(ancestor, arguments, site)
        if role == "timetable" or ancestor.last == "Timetable":
            return Timetable(kind.name, tuple(arguments.positional), arguments.named)
        if ancestor.name.partition(".")[0] != "builtins" and ancestor.last not in _PLAIN_BASES:
            return UNKNOWN
    instance = Instance(kind, {})
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        _run_method(machine, function, owner, instance, arguments, site)
    elif arguments.open:
        return UNKNOWN
    else:
        _fill_fields(instance, arguments)
    return instance


def _own_operator(machine: Machine, kind: Class, arguments: Arguments, site: Site) -> Task:
    task = new_task(kind.name, keywords(arguments), site)
    initializer = find_method(kind, "__init__")
    if initializer:
        function, owner = initializer
        task.arguments = {key: value for key, value in task.arguments.items() if key in ("dag", "task_group")}
        _run_method(machine, function, owner, task, arguments, site)
    return place(machine, task)


def _run_method(
    machine: Machine, function: Function, owner: Class, receiver: object, arguments: Arguments, site: Site
) -> object:
    first = (
        [] if "staticmethod" in function.marks else [owner if "classmethod" in function.marks else receiver]
    )
    inner = Arguments([*first, *arguments.positional], arguments.named, arguments.open)
    return machine.run_body(function, inner, site, {"<class>": owner, "<self>": receiver})


def find_method(kind: Class, name: str) -> tuple[Function, Class] | None:
    """The method `name` and the class of the repository that holds it."""
    for ancestor in kind.ancestry():
        if isinstance(ancestor, Class) and isinstance(function := ancestor.scope.names.get(name), Function):
            return function, ancestor
    return None


def call_super(machine: Machine, above: Super, name: str, arguments: Arguments, site: Site) -> object:
    """`super().name(...)`; Airflow's own `__init__` takes the arguments that reach it."""
    ancestry = iter(above.kind.ancestry())
    next(ancestry)
    for ancestor in ancestry:
        if isinstance(ancestor, Class) and isinstance(found := ancestor.scope.names.get(name), Function):
            return _run_method(machine, found, ancestor, above.receiver, arguments, site)
    if name == "__init__" and isinstance(above.receiver, Task):
        above.receiver.arguments.update(keywords(arguments))
        return None
    return UNKNOWN


def call_bound(machine: Machine, instance: Instance, name: str, arguments: Arguments, site: Site) -> object:
    """A method of an object of the repository's own class."""
    found = find_method(instance.kind, name)
    return _run_method(machine, *found, instance, arguments, site) if found else UNKNOWN


def _fill_fields(instance: Instance, arguments: Arguments) -> None:
    """The fields of a dataclass or NamedTuple, by place, name and default."""
    kinds = [kind for kind in instance.kind.ancestry() if isinstance(kind, Class)]
    names = [name for kind in reversed(kinds) for name in kind.fields]
    for name, value in zip(dict.fromkeys(names), arguments.positional, strict=False):
        instance.attributes[name] = value
    for key, value in arguments.named.items():
        instance.attributes[str(key)] = value
