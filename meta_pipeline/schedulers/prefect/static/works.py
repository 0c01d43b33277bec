"""Making flows and tasks: decorators, constructors, `with_options`."""

from collections.abc import Mapping

from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.values import Backoff, Decorator, Role, Work
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Function, opened


def keywords(arguments: Arguments, *positional: str) -> dict[object, object]:
    """The arguments by name; `positional` names those that were given by place."""
    by_place: dict[object, object] = dict(zip(positional, arguments.positional, strict=False))
    found = {**by_place, **arguments.named}
    return opened(found) if arguments.open else found


def use_decorator(machine: Machine, role: Role, operator: str, arguments: Arguments, site: Site) -> object:
    """`@flow` on a function, or `@flow(...)` before one; `@materialize` takes the assets by place."""
    if operator == "@materialize":
        named = keywords(Arguments([], arguments.named, arguments.open))
        return Decorator(role, operator, {**named, "assets": list(arguments.positional)})
    if arguments.positional:
        decorator = Decorator(role, operator, keywords(Arguments([], arguments.named, arguments.open)))
        return make_work(machine, decorator, arguments.positional[0], site)
    return Decorator(role, operator, keywords(arguments))


def make_work(machine: Machine, decorator: Decorator, target: object, site: Site) -> object:
    """The flow or task that a decorator makes of a function."""
    if not isinstance(target, Function):
        return UNKNOWN
    named = dict(decorator.arguments)
    work = Work(
        role=decorator.role,
        operator=decorator.operator,
        name=_name(decorator.role, named.get("name"), target),
        function=target,
        arguments=named,
        site=place_of(machine, target),
        qualified=target.name,
        imported=machine.importing > 0,
    )
    return _noted(machine, work)


def place_of(machine: Machine, function: Function) -> Site:
    """Where a function is written, or the one that it wraps."""
    return machine.origins.get(function) or Site(function.scope.path, function.line)


def _name(role: Role, given: object, function: Function) -> object:
    """The name that Prefect gives it: a flow has hyphens where its function has underscores."""
    if given is None or given == "":
        own = "unknown-lambda" if function.name == "<lambda>" and role == "flow" else function.name
        return own.replace("_", "-") if role == "flow" else own
    return given


def _noted(machine: Machine, work: Work) -> Work:
    """A flow that is made while a run is traced is only called there."""
    if work.role == "flow" and machine.run is None:
        machine.flows.append(work)
    return work


def with_options(machine: Machine, work: Work, options: Mapping[object, object]) -> Work:
    """A copy with other settings; what is given as None stays as it is."""
    given = {key: value for key, value in options.items() if value is not None}
    held = dict(work.arguments)
    if isinstance(delay := held.get("retry_delay_seconds"), Backoff):
        # Prefect made the delays when it made the task, for as many retries as that had.
        held["retry_delay_seconds"] = delay.delays(held.get("retries"))
    copy = Work(
        role=work.role,
        operator=work.operator,
        name=given.get("name", work.name),
        function=work.function,
        arguments={**held, **given},
        site=work.site,
        qualified=work.qualified,
        imported=machine.importing > 0,
        hooks={name: list(hooks) for name, hooks in work.hooks.items() if name not in given},
    )
    return _noted(machine, copy)
