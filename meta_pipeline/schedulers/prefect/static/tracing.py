"""The calls that a run of a flow makes: each place that calls a task, a subflow or a deployment is one node.

A loop passes one place many times, and a task that is called at two places runs twice: ids are the names that Prefect
gives, and the second place of one name in the order of the source has the number 1 behind it, the third the number 2.
What waits for what is what Prefect itself draws: results, futures and states that are handed on, and `wait_for`. A
dependency on a later place, which only the next round of a loop has, is left out.
"""

from collections.abc import Iterator
from dataclasses import replace

from meta_pipeline.delivery.topology import Link
from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.values import Call, Output, Run, Work
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN

_MAX_DEPTH = 8
FLOW = "flow"
TASK = "task"
MAPPED = "mapped_task"
DEPLOYMENT = "deployment"


def trace(machine: Machine, flow: Work) -> Run:
    """What one run of the flow may call, with every parameter unknown."""
    run = Run(flow, len(machine.sites) + 1)
    if flow.function is not None:
        with machine.tracing(run):
            # The decorators of a library below `@flow` call the function, whatever else they do.
            bare = replace(flow.function, opaque=False)
            machine.run_body(bare, Arguments(open=True), flow.site, {})
    return run


def call_work(machine: Machine, work: Work, arguments: Arguments, site: Site, kind: str) -> object:
    """A task or subflow that is called, submitted or mapped."""
    if machine.run is None:
        return UNKNOWN
    if not isinstance(work.name, str):
        machine.opaque(site.path, site.line, f"the name of the {work.role} that is called here is computed")
        return UNKNOWN
    call = _call(machine, work.name, kind, work, site)
    _note_inputs(call, [arguments.positional, arguments.named])
    if work.role == "flow":
        call.links[Link(kind="triggers", pipeline=work.name)] = None
    return Output(frozenset([call]), 2 if kind == MAPPED else 1)


def call_deployment(machine: Machine, name: object, parameters: object, site: Site) -> object:
    """`run_deployment("flow/deployment")`, which starts a run of that flow."""
    if machine.run is None:
        return UNKNOWN
    if not isinstance(name, str):
        machine.opaque(site.path, site.line, "which deployment is run here is computed")
        return UNKNOWN
    call = _call(machine, name, DEPLOYMENT, None, site)
    _note_inputs(call, parameters)
    call.links[Link(kind="triggers", pipeline=name.partition("/")[0])] = None
    return UNKNOWN


def _call(machine: Machine, name: str, kind: str, work: Work | None, site: Site) -> Call:
    run = machine.run
    assert run is not None
    key = (name, machine.chain(site))
    call = run.calls.get(key)
    if call is None:
        call = run.calls[key] = Call(name, kind, key[1], work, site)
    call.tags.update(dict.fromkeys(machine.open_tags))
    return call


def _note_inputs(call: Call, value: object) -> None:
    for other in calls_in(value):
        if (other.chain, other.name) < (call.chain, call.name):
            call.upstream[other] = None


def calls_in(value: object, depth: int = _MAX_DEPTH) -> Iterator[Call]:
    """The calls whose output stands anywhere inside `value`."""
    if isinstance(value, Output):
        yield from sorted(value.calls, key=lambda call: call.chain)
    elif isinstance(value, (list, tuple, set, dict)) and depth:
        for item in value.values() if isinstance(value, dict) else value:
            yield from calls_in(item, depth - 1)


def numbered(run: Run) -> dict[Call, str]:
    """The calls of a run in the order of the source, with the id of each."""
    ids: dict[Call, str] = {}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    names = {call.name for call in run.calls.values()}
    for call in sorted(run.calls.values(), key=lambda one: (one.chain, one.name)):
        number = counts.get(call.name, 0)
        found = f"{call.name}-{number}" if number else call.name
        while found in taken or (number and found in names):
            number += 1
            found = f"{call.name}-{number}"
        counts[call.name] = number + 1
        taken.add(found)
        ids[call] = found
    return ids
