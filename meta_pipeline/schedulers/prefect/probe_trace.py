"""Follows the calls of a flow without running any task; a part of `probe.py`.

As in Prefect's own `flow.visualize()`, the function of the flow runs and its tasks do not: a call of one is a node, and
where its result is handed on is an edge. Unlike there, a result is a symbol that stands for what the task would give.
Where the flow decides by a symbol, both ways are followed, each place of the source first one way and then the other.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import dis
import inspect
import os
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Chain = tuple[tuple[int, int], ...]
Decision = tuple[Chain, int]

MOST_RUNS = 64
MOST_EMPTY = 8
MOST_DECISIONS = 10_000
FLOW_SECONDS = 10.0
HERE = str(Path.cwd().resolve())
PACKAGES = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)

length_of = len
Symbol = sys.modules["prefect_probe"].part("probe_symbols").Symbol

current: Trace | None = None


class CannotFollow(BaseException):
    """The flow needs a value that only a run gives; a mere Exception might be caught by the flow."""


class Call:
    """One place of a flow that calls a task, a subflow or a deployment."""

    def __init__(self, name: str, kind: str, chain: Chain, work: Any, place: Any) -> None:
        self.name, self.kind, self.chain, self.work, self.place = name, kind, chain, work, place
        self.upstream: dict[Call, None] = {}
        self.tags: set[str] = set()

    @property
    def order(self) -> tuple[Chain, str]:
        return self.chain, self.name


class Trace:
    """One way through a flow: `plan` says how to decide at the places known so far."""

    def __init__(self, code: Any, plan: dict[Decision, bool], calls: dict[tuple[str, Chain], Call]) -> None:
        self.code, self.plan, self.calls = code, plan, calls
        self.visited: dict[Decision, bool] = {}
        self.decisions = 0

    def decide(self) -> bool:
        self.decisions += 1
        if self.decisions > MOST_DECISIONS:
            raise CannotFollow("a loop of it ends by a value that only a run gives")
        # Two parts of one condition may end in one column.
        place = self.chain(), next((frame.f_lasti for frame in frames() if is_ours(frame)), 0)
        if place in self.visited:
            # The next time round it goes the other way, so that every loop ends.
            self.visited[place] = choice = not self.visited[place]
            return choice
        self.visited[place] = self.plan.get(place, True)
        return self.visited[place]

    def chain(self) -> Chain:
        """Where in the flow, and in the functions that it calls, this moment stands."""
        found = []
        for frame in frames():
            if is_ours(frame):
                found.append(position(frame))
            if frame.f_code is self.code:
                break
        return tuple(reversed(found))


def frames() -> Iterator[Any]:
    frame: Any = inspect.currentframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_ours(frame: Any) -> bool:
    """Whether it is code of the checkout."""
    file = os.path.realpath(frame.f_code.co_filename)
    return file.startswith(HERE + os.sep) and not any(part in file for part in PACKAGES)


def position(frame: Any) -> tuple[int, int]:
    """The line that a call begins on, and the column that it ends in."""
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is not None:
        for number, (line, _, _, column) in enumerate(positions()):
            if number == frame.f_lasti // 2:
                return line or frame.f_lineno, column or 0
    return frame.f_lineno, frame.f_lasti


def place() -> tuple[str, int] | None:
    """The innermost place of the checkout."""
    for frame in frames():
        if is_ours(frame):
            return os.path.relpath(os.path.realpath(frame.f_code.co_filename), HERE), frame.f_lineno
    return None


# --- calls ------------------------------------------------------------------------------------------------


def called(work: Any, kind: str, arguments: tuple[Any, ...], named: Document) -> Any:
    """Note the call of a task or flow; outside of a trace it is only passed over."""
    if current is None:
        return Symbol()
    call = note(work.name, kind, work, [arguments, named])
    return Symbol((call,), 2 if kind == "mapped_task" else 1)


def started_deployment(name: Any = None, *arguments: Any, **named: Any) -> Any:
    """`run_deployment("flow/deployment")`, which nothing answers here."""
    if current is not None:
        if not isinstance(name, str):
            raise CannotFollow("which deployment it runs is computed")
        given = arguments[1] if len(arguments) > 1 else None
        note(name, "deployment", None, named.get("parameters", given))
        return Symbol()
    return part("probe_run").started(name)


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def note(name: str, kind: str, work: Any, inputs: Any) -> Call:
    assert current is not None
    chain = current.chain()
    call = current.calls.setdefault((name, chain), Call(name, kind, chain, work, place()))
    for other in calls_in(inputs):
        if other.order < call.order:
            call.upstream[other] = None
    call.tags |= set(import_module("prefect.context").TagsContext.get().current_tags)
    return call


def calls_in(value: Any, depth: int = 8) -> Iterator[Call]:
    """The calls whose results stand anywhere inside a value, behind annotations too."""
    if isinstance(value, Symbol):
        yield from value.symbol_calls
    elif depth and isinstance(value, dict):
        for item in list(value.values()):
            yield from calls_in(item, depth - 1)
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for item in list(value):
            yield from calls_in(item, depth - 1)
    elif depth and hasattr(value, "unwrap") and hasattr(value, "value"):
        yield from calls_in(value.unwrap(), depth - 1)


def follow_calls() -> None:
    """From now on no task or flow runs: what calls one is noted."""
    prefect = import_module("prefect")

    def replaced(kind: str, *, awaited: bool) -> Any:
        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            result = called(
                self, kind or ("flow" if isinstance(self, prefect.Flow) else "task"), arguments, named
            )
            return given(result) if awaited and self.isasync else result

        return call

    prefect.Task.__call__ = replaced("task", awaited=True)
    prefect.Flow.__call__ = replaced("flow", awaited=True)
    for name in ("submit", "apply_async", "delay"):
        setattr(prefect.Task, name, replaced("task", awaited=False))
    prefect.Task.map = replaced("mapped_task", awaited=False)
    futures = import_module("prefect.futures")
    for name in ("as_completed", "resolve_futures_to_states"):
        setattr(futures, name, unchanged)
    setattr(futures, "wait", waited)  # noqa: B010  a module has no attributes that a type checker knows
    # Python makes a number of what `__len__` gives, and no comparison with that could be decided both ways.
    builtins.len = length


def length(value: Any) -> Any:
    return Symbol() if isinstance(value, Symbol) else length_of(value)


def unchanged(found: Any, *_: Any, **__: Any) -> Any:
    return found


def waited(*_: Any, **__: Any) -> Any:
    return Symbol()


async def given(value: Any) -> Any:
    return value


# --- following --------------------------------------------------------------------------------------------


class Followed:
    """What came of following a flow: its calls, and why they may not be all."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, Chain], Call] = {}
        self.trouble: str | None = None


def follow(flow: Any, parameters: Document) -> Followed:
    """Go every way through a flow: with its defaults, with every parameter unknown, with each one that may be None."""
    found = Followed()
    troubles = []
    usual = arguments_of(flow, parameters)
    symbols: Document = {name: Symbol() for name in usual}
    empty = [name for name, value in usual.items() if value is None][:MOST_EMPTY]
    for values in (usual, symbols, *({**symbols, name: None} for name in empty)):
        trouble = every_way(flow, values, found)
        if trouble:
            troubles.append(trouble)
    found.trouble = troubles[0] if troubles else None
    return found


def arguments_of(flow: Any, parameters: Document) -> Document:
    """A value for each parameter: what the policy gives, the default, or a symbol for what is not known."""
    signature = inspect.signature(flow.fn)
    chosen = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        default = Symbol() if parameter.default is parameter.empty else parameter.default
        chosen[name] = parameters.get(name, default)
    return chosen


def every_way(flow: Any, arguments: Document, found: Followed) -> str | None:
    """Follow a flow until every decision was taken both ways; say what could not be followed."""
    until = time.monotonic() + FLOW_SECONDS
    waiting: list[dict[Decision, bool]] = [{}]
    tried: set[frozenset[tuple[Decision, bool]]] = set()
    decided: set[tuple[Decision, bool]] = set()
    trouble = None
    while waiting and len(tried) < MOST_RUNS and time.monotonic() < until:
        plan = waiting.pop(0)
        key = frozenset(plan.items())
        if key in tried:
            continue
        tried.add(key)
        trace = Trace(inspect.unwrap(flow.fn).__code__, plan, found.calls)
        trouble = one_way(flow, arguments, trace) or trouble
        taken: dict[Decision, bool] = {}
        for place in trace.visited:
            first = plan.get(place, True)
            if (place, not first) not in decided:
                decided.add((place, not first))
                waiting.append({**taken, place: not first})
            taken[place] = first
    return trouble


def one_way(flow: Any, arguments: Document, trace: Trace) -> str | None:
    global current  # noqa: PLW0603  the one trace of this process
    logging = import_module("prefect.logging")
    current = trace
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(int(FLOW_SECONDS))
    try:
        with logging.disable_run_logger(), quick():
            positional, named = bound(flow, arguments)
            value = flow.fn(*positional, **named)
            if inspect.iscoroutine(value):
                asyncio.run(value)
            elif inspect.isasyncgen(value):
                asyncio.run(drained(value))
            elif inspect.isgenerator(value):
                for _ in value:
                    pass
    except (Exception, CannotFollow, SystemExit) as fault:  # noqa: BLE001  what it says is the result
        if not is_raised_here(fault):
            return " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
    finally:
        signal.alarm(0)
        current = None
    return None


def out_of_time(*_: object) -> None:
    raise CannotFollow(f"it takes longer than {FLOW_SECONDS:g} s to follow")


def bound(flow: Any, arguments: Document) -> tuple[list[Any], Document]:
    """Arguments by place where a parameter takes no name."""
    kinds = {name: parameter.kind for name, parameter in inspect.signature(flow.fn).parameters.items()}
    first = [value for name, value in arguments.items() if kinds[name] is inspect.Parameter.POSITIONAL_ONLY]
    rest = {
        name: value
        for name, value in arguments.items()
        if kinds[name] is not inspect.Parameter.POSITIONAL_ONLY
    }
    return first, rest


async def drained(values: Any) -> None:
    async for _ in values:
        pass


def is_raised_here(fault: BaseException) -> bool:
    """Whether the flow itself says `raise`, as for a check that fails: that way through it ends there."""
    deepest = fault
    while deepest.__cause__ or (deepest.__context__ and not deepest.__suppress_context__):
        deepest = deepest.__cause__ or deepest.__context__  # type: ignore[assignment]  # one of them is there
    step = deepest.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is None or not is_ours(step.tb_frame):
        return False
    return step.tb_frame.f_code.co_code[step.tb_lasti] == dis.opmap["RAISE_VARARGS"]


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Nothing waits, and coroutines that are gathered run where they are gathered."""
    held = time.sleep, asyncio.sleep, asyncio.gather, asyncio.create_task

    async def no_sleep(*_: Any, **__: Any) -> None:
        return None

    async def in_turn(*waiting: Any, **_: Any) -> list[Any]:
        return [await one for one in waiting]

    time.sleep = lambda *_: None
    asyncio.sleep, asyncio.gather = no_sleep, in_turn  # type: ignore[assignment]
    asyncio.create_task = lambda coroutine, **_: coroutine
    try:
        yield
    finally:
        time.sleep, asyncio.sleep, asyncio.gather, asyncio.create_task = held


def numbered(calls: dict[tuple[str, Chain], Call]) -> dict[Call, str]:
    """The calls in the order of the source, with the id of each."""
    ids: dict[Call, str] = {}
    taken: set[str] = set()
    counts: dict[str, int] = {}
    names = {call.name for call in calls.values()}
    for call in sorted(calls.values(), key=lambda one: one.order):
        number = counts.get(call.name, 0)
        found = f"{call.name}-{number}" if number else call.name
        while found in taken or (number and found in names):
            number += 1
            found = f"{call.name}-{number}"
        counts[call.name] = number + 1
        taken.add(found)
        ids[call] = found
    return ids
