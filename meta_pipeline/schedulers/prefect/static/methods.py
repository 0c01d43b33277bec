"""Methods and members of flows, tasks and what their calls give."""

from meta_pipeline.schedulers.prefect.static import deploying, tracing
from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.roles import role_of
from meta_pipeline.schedulers.prefect.static.values import Hooking, Output, Work
from meta_pipeline.schedulers.prefect.static.works import keywords, with_options
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Method, Thing

HOOKS = (
    "on_failure",
    "on_crashed",
    "on_cancellation",
    "on_completion",
    "on_running",
    "on_rollback",
    "on_commit",
)
_SUBMITS = ("submit", "apply_async", "delay")
_SAME = ("result", "aresult", "wait")


def thing_member(machine: Machine, thing: Thing, name: str) -> object:
    """The value of `thing.name`."""
    if isinstance(thing, Work):
        if name == "fn":
            return thing.function or UNKNOWN
        if name in HOOKS:
            return Hooking(thing, name)
        if name == "name":
            return thing.name
        return thing.arguments[name] if name in thing.arguments else Method(thing, name)
    return Method(thing, name)


def call_method(machine: Machine, method: Method, arguments: Arguments, site: Site) -> object:
    """The value of a method."""
    receiver, name = method.receiver, method.name
    if isinstance(receiver, Work):
        return _work_method(machine, receiver, name, arguments, site)
    if isinstance(receiver, Output):
        # Futures and states give what the call gives; whatever else code makes of a result, Prefect does not see.
        return receiver if name in _SAME else UNKNOWN
    return UNKNOWN


def _work_method(machine: Machine, work: Work, name: str, arguments: Arguments, site: Site) -> object:
    if name == "map":
        return tracing.call_work(machine, work, arguments, site, tracing.MAPPED)
    if name in _SUBMITS:
        return tracing.call_work(machine, work, arguments, site, work.role)
    if name == "with_options":
        return with_options(machine, work, keywords(arguments))
    if work.role == "flow":
        return deploying.flow_method(machine, work, name, arguments, site)
    return UNKNOWN


def external_call(machine: Machine, external: External, arguments: Arguments, site: Site) -> object | None:
    """A class method of Prefect's own classes; None for what is no such thing."""
    owner = External(external.name.rpartition(".")[0])
    role = role_of(owner)
    if role in ("flow", "flow_class") and external.last in deploying.LOADS:
        return deploying.from_source(arguments)
    if role == "deployment":
        return deploying.runner_deployment(machine, external.last, arguments, site)
    return None
