"""Ops in place: what the body of a job or graph puts where, and what waits for what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meta_pipeline.schedulers.dagster.static.values import Graph, Op, OpNode, OpOutput
from meta_pipeline.schedulers.source.interpreter import Interpreter
from meta_pipeline.schedulers.source.limits import MAX_LINKS, TooMuchToReadError
from meta_pipeline.schedulers.source.machine import NO_VARIABLES, Arguments, Site
from meta_pipeline.schedulers.source.modules import Modules
from meta_pipeline.schedulers.source.values import UNKNOWN, Function


@dataclass
class Frame:
    """One body that is being run: its nodes so far, and the prefix of their ids."""

    prefix: str
    taken: dict[str, int] = field(default_factory=dict)


class Composer(Interpreter):
    """An interpreter that knows which body of a graph it is in."""

    def __init__(self, path: str, modules: Modules, environment: Mapping[str, str] = NO_VARIABLES) -> None:
        super().__init__(path, modules, environment=environment)
        self.frames: list[Frame] = []
        self.placed: list[OpNode] = []


def body_of(machine: Composer, function: Function, named: dict[object, object]) -> tuple[OpNode, ...]:
    """The ops that the body of a job or graph puts in place."""
    held = machine.frames, machine.placed
    machine.frames, machine.placed = [Frame("")], []
    try:
        machine.call_function(function, Arguments([], named), Site(function.scope.path, function.line))
        return tuple(machine.placed)
    finally:
        machine.frames, machine.placed = held


def use(machine: Composer, used: Op | Graph, arguments: Arguments, site: Site) -> object:
    """An op or graph called inside a body."""
    if not machine.frames:
        return UNKNOWN
    frame = machine.frames[-1]
    name = used.used_as
    if not isinstance(name, str):
        machine.opaque(site.path, site.line, "the name of an op is computed at run time")
        return UNKNOWN
    count = frame.taken[name] = frame.taken.get(name, 0) + 1
    node_id = f"{frame.prefix}{name}" if count == 1 else f"{frame.prefix}{name}_{count}"
    if isinstance(used, Op):
        upstream = dict.fromkeys(_outputs_in([arguments.positional, list(arguments.named.values())]))
        machine.placed.append(OpNode(node_id, used, tuple(upstream)))
        if len(machine.placed) > MAX_LINKS:
            raise TooMuchToReadError
        return OpOutput((node_id,))
    machine.frames.append(Frame(f"{node_id}."))
    try:
        result = machine.call_function(used.function, arguments, site)
    finally:
        machine.frames.pop()
    return OpOutput(tuple(dict.fromkeys(_outputs_in(result))))


def _outputs_in(value: object) -> Iterator[str]:
    if isinstance(value, OpOutput):
        yield from value.ops
    elif isinstance(value, dict):
        yield from _outputs_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _outputs_in(item)
