"""What a call of Prefect's names does: makes a flow, task or schedule, starts a run, or computes a value."""

import json
from dataclasses import replace

from meta_pipeline.schedulers.prefect.static import deploying, tracing
from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.roles import may_be_task, role_of
from meta_pipeline.schedulers.prefect.static.values import (
    Asset,
    Backoff,
    Decorator,
    Hooking,
    Naming,
    Schedule,
    Tags,
    Work,
    Workers,
)
from meta_pipeline.schedulers.prefect.static.works import keywords, make_work, place_of, use_decorator
from meta_pipeline.schedulers.source.functions import call_known
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Function, OpenList, Thing

_VARIABLES = frozenset(
    f"prefect.{module}Variable.{way}" for module in ("variables.", "") for way in ("get", "aget")
)
_GATHERED = ("asyncio.gather",)
_AWAITED = ("asyncio.run", "asyncio.create_task", "asyncio.ensure_future", "asyncio.wait_for", "anyio.run")


def call_thing(machine: Machine, thing: Thing, arguments: Arguments, site: Site) -> object:
    """A decorator used on a function, or a flow or task called."""
    if isinstance(thing, Work):
        return tracing.call_work(machine, thing, arguments, site, thing.role)
    target = arguments.positional[0] if len(arguments.positional) == 1 else UNKNOWN
    if isinstance(thing, Decorator):
        return make_work(machine, thing, target, site)
    if isinstance(thing, Hooking):
        thing.work.hooks.setdefault(thing.hook, []).append(target)
        return target
    if isinstance(thing, Naming) and isinstance(target, Function):
        wrapper = replace(target, name=thing.function.name)
        machine.origins[wrapper] = place_of(machine, thing.function)
        return wrapper
    return UNKNOWN


def call_external(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    """What a call of Prefect makes, or a value that Python computes."""
    role = role_of(external)
    match role:
        case "flow" | "task":
            return use_decorator(machine, role, f"@{role}", arguments, site)
        case "materialize":
            return use_decorator(machine, "task", "@materialize", arguments, site)
        case "flow_class" | "task_class":
            return _constructed(machine, "flow" if role == "flow_class" else "task", arguments, site)
        case "run_deployment":
            named = keywords(arguments, "name", "client", "parameters")
            return tracing.call_deployment(machine, named.get("name"), named.get("parameters"), site)
        case "deployment":
            return deploying.construct(machine, arguments, site)
        case "serve" | "deploy":
            return deploying.deploy_all(machine, arguments)
        case "cron" | "interval" | "rrule":
            named = keywords(arguments, role)
            return Schedule(role, named.get(role, UNKNOWN), named.get("timezone"), named.get("active", True))
        case "asset":
            return Asset(keywords(arguments, "key").get("key", UNKNOWN))
        case "backoff":
            return Backoff(keywords(arguments, "backoff_factor").get("backoff_factor", UNKNOWN))
        case "tags":
            return Tags((*arguments.positional, *((UNKNOWN,) if arguments.open else ())))
        case "workers":
            return Workers(keywords(arguments, "max_workers").get("max_workers"))
        case "passing":
            return arguments.positional[0] if arguments.positional else UNKNOWN
    return _of_others(machine, external, arguments, site)


def _of_others(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    if external.name in _GATHERED:
        found = arguments.positional
        return OpenList(found) if arguments.open else list(found)
    if external.name in _AWAITED and arguments.positional:
        return arguments.positional[0]
    if external.name in _VARIABLES:
        return _variable(machine, arguments)
    if external.name == "functools.wraps" and arguments.positional:
        wrapped = arguments.positional[0]
        return Naming(wrapped) if isinstance(wrapped, Function) else External("builtins.unchanged")
    if machine.run is not None and may_be_task(external):
        message = (
            f"whether {external.last} of {external.name.partition('.')[0]} is a task, only a run can tell"
        )
        machine.opaque(site.path, site.line, message)
        return UNKNOWN
    return call_known(machine, external, arguments, site)


def _variable(machine: Machine, arguments: Arguments) -> object:
    """`Variable.get`: the policy's stand-in, which holds JSON or a text, else what the code itself says."""
    named = keywords(arguments, "name", "default")
    held = dict(machine.known.variables).get(str(named.get("name")))
    if held is None:
        return named.get("default", UNKNOWN)
    try:
        return json.loads(held)
    except ValueError:
        return held


def _constructed(machine: Machine, role: str, arguments: Arguments, site: Site) -> object:
    """`Flow(fn, name=...)` and `Task(fn=...)`."""
    named = keywords(arguments, "fn", "name")
    function = named.pop("fn", UNKNOWN)
    decorator = Decorator("flow" if role == "flow" else "task", f"@{role}", named)
    return make_work(machine, decorator, function, site)
