"""What a call does: runs a function of the repository, makes an object, or asks the scheduler."""

from meta_pipeline.schedulers.source import objects
from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.methods import call_method
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Method,
    Partial,
    Super,
    Thing,
)


def call(machine: Machine, callee: object, arguments: Arguments, site: Site) -> object:
    """The value of calling `callee`."""
    match callee:
        case Function():
            return machine.call_function(callee, arguments, site)
        case Thing():
            return machine.call_thing(callee, arguments, site)
        case Class():
            return objects.instantiate(machine, callee, arguments, site)
        case Partial():
            positional = [*callee.positional, *arguments.positional]
            inner = Arguments(positional, {**callee.named, **arguments.named}, arguments.open)
            return machine.call(callee.callee, inner, site)
        case Method(receiver=Super() as above, name=name):
            return objects.call_super(machine, above, name, arguments, site)
        case Method(receiver=Instance() as instance, name=name):
            return objects.call_bound(machine, instance, name, arguments, site)
        case Method():
            return call_method(machine, callee, arguments, site)
        case External():
            return machine.call_external(callee, arguments, site)
    return UNKNOWN
