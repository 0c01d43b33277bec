"""`with` of what a `@contextmanager` function of the repository makes: its body runs around that of the `with`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.values import Function


@dataclass(frozen=True, eq=False)
class Managed:
    """A call of a `@contextmanager` function, which runs when a `with` opens it; `names` are bound inside it."""

    function: Function
    arguments: Arguments
    site: Site
    names: Mapping[str, object]


def run_around(machine: Machine, managed: Managed, body: Callable[[object], None]) -> bool:
    """Run the function, and `body` with what it yields, where it stands; whether it was reached."""
    outer, depth = list(machine.sites), machine.depth
    reached: list[object] = []

    def at_yield(value: object) -> None:
        if reached:
            return
        reached.append(value)
        inner = machine.sites, machine.depth
        machine.sites, machine.depth = list(outer), depth
        try:
            body(value)
        finally:
            machine.sites, machine.depth = inner

    machine.run_generator(managed.function, managed.arguments, managed.site, managed.names, at_yield)
    return bool(reached)
