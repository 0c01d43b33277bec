"""One real run of a flow in this process, on an ephemeral server that is gone afterwards; a part of `probe.py`.

Nothing is tried again, no hook calls anyone, and a deployment that the flow starts is passed over.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import os
import signal
import sys
import time
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class OutOfTime(BaseException):
    """One flow took longer than it may."""


class CannotRunError(ValueError):
    """The flow cannot be run as the policy has it; the text says why."""


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def run(file: str, here: Path, name: str, options: Any, answer: Path) -> None:
    """Look for the flow in the file and run it; where the file has no such flow, only say what was wrong with it."""
    write = sys.modules["prefect_probe"].write
    prefect = import_module("prefect")
    own = {
        (kind, method): getattr(kind, method)
        for kind, methods in (
            (prefect.Task, ("__call__", "submit", "map", "delay")),
            (prefect.Flow, ("__call__",)),
        )
        for method in methods
    }
    # A script of flows is loaded as the topology has it: what it calls itself is not run.
    part("probe_trace").follow_calls()
    errors = part("probe_load").load(file, here)
    flows = {flow.name: flow for flow in part("probe_load").own_flows()}
    if name not in flows:
        write(answer, {"error": errors[0]["message"] if errors else None})
        return
    flow = flows[name]
    parameters = part("probe_stand_ins").stand_ins("PREFECT_FLOW_PARAMETERS").get(name) or {}
    calls = part("probe_trace").follow(flow, parameters).calls
    for (kind, method), function in own.items():
        setattr(kind, method, function)
    settings = import_module("prefect.settings")
    with settings.temporary_settings({settings.PREFECT_API_URL: options.api_url}):
        write(answer, one_run(flow, parameters, calls, options.logical_date, options.seconds))


def one_run(flow: Any, parameters: Document, calls: Any, logical_date: str, limit: int) -> Document:
    book = Book(flow, calls)
    os.environ["PREFECT__RUNTIME__FLOW_RUN__SCHEDULED_START_TIME"] = logical_date
    signal.signal(signal.SIGALRM, out_of_time)
    error = None
    started = time.perf_counter()
    try:
        refuse_choice(flow)
        given = values(flow, parameters)
    except CannotRunError as fault:
        return {"pipeline": flow.name, "succeeded": False, "seconds": 0.0, "nodes": [], "error": str(fault)}
    try:
        signal.alarm(limit)
        book.open()
        without_retries()
        result = flow(**given)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except OutOfTime:
        error = f"the run took longer than {limit} s"
    except (Exception, SystemExit) as fault:  # noqa: BLE001  the fault is the target's; it is the result
        error = one_line(fault)
    finally:
        signal.alarm(0)
    seconds = round(time.perf_counter() - started, 3)
    return {
        "pipeline": flow.name,
        "succeeded": error is None,
        "seconds": seconds,
        "nodes": book.nodes(),
        "error": error,
    }


def refuse_choice(flow: Any) -> None:
    """Prefect has no notion of a part of a flow."""
    if flow.name in part("probe_stand_ins").stand_ins("PREFECT_CHOSEN_NODES"):
        raise CannotRunError(
            "Prefect runs a flow whole, so no tasks of it can be chosen; take it out of dry_run.nodes"
        )


def values(flow: Any, parameters: Document) -> Document:
    """The parameters of the run; the defaults are the flow's own."""
    signature = inspect.signature(flow.fn)
    for name, parameter in signature.parameters.items():
        named = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if named and parameter.default is parameter.empty and name not in parameters:
            raise CannotRunError(
                f"the flow needs a value for '{name}'; give it one under dry_run.parameters, by '{flow.name}'"
            )
    return dict(parameters)


def without_retries() -> None:
    """Every task and flow of this process tries once, and tells nobody."""
    prefect = import_module("prefect")
    for kind in (prefect.Task, prefect.Flow):
        kind.retries = property(lambda _: 0, lambda *_: None)
        for hook in ("on_failure_hooks", "on_crashed_hooks", "on_cancellation_hooks"):
            setattr(kind, hook, property(lambda _: [], lambda *_: None))


def started(name: str) -> Any:
    """What a flow gets for a deployment that is not started: a run that is done."""
    schemas = import_module("prefect.client.schemas.objects")
    states = import_module("prefect.states")
    book = Book.current
    if book is not None:
        book.passed_over(name)
    return schemas.FlowRun(flow_id=uuid.uuid4(), name=name, state=states.Completed(message="stood in for"))


def out_of_time(*_: object) -> None:
    raise OutOfTime


def one_line(fault: BaseException) -> str:
    return " ".join(f"{type(fault).__name__}: {fault}".split())[:600]


class Book:
    """What became of each call of the flow: by place and name, one entry for each time."""

    current: Book | None = None

    def __init__(self, flow: Any, calls: Any) -> None:
        self.flow = flow
        self.calls = dict(calls)
        self.times: dict[Any, list[Document]] = {}

    def open(self) -> None:
        """From now on the functions of tasks and subflows are timed where the flow itself calls them."""
        Book.current = self
        prefect = import_module("prefect")
        for kind, names in (
            (prefect.Task, ("__call__", "submit", "map", "delay")),
            (prefect.Flow, ("__call__",)),
        ):
            for name in names:
                setattr(kind, name, self.timing(getattr(kind, name), mapped=name == "map"))

    def timing(self, original: Any, *, mapped: bool) -> Any:
        @functools.wraps(original)
        def call(work: Any, *arguments: Any, **named: Any) -> Any:
            if not self.is_own():
                return original(work, *arguments, **named)
            key = (work.name, self.place())
            self.note(
                key, "mapped_task" if mapped else "flow" if hasattr(work, "task_runner") else "task", work
            )
            return original(self.timed(work, key), *arguments, **named)

        return call

    def is_own(self) -> bool:
        """Whether the flow itself is what runs here, not a task or subflow of it."""
        context = import_module("prefect.context")
        running = context.FlowRunContext.get()
        return (
            running is not None
            and running.flow is not None
            and running.flow.name == self.flow.name
            and context.TaskRunContext.get() is None
        )

    def place(self) -> Any:
        trace = part("probe_trace")
        return trace.Trace(inspect.unwrap(self.flow.fn).__code__, {}, {}).chain()

    def note(self, key: Any, kind: str, work: Any) -> None:
        if key not in self.calls:
            self.calls[key] = part("probe_trace").Call(key[0], kind, key[1], work, None)

    def passed_over(self, name: str) -> None:
        if self.is_own():
            key = (name, self.place())
            self.note(key, "deployment", None)
            self.times.setdefault(key, []).append({"state": "skipped", "seconds": None})

    def timed(self, work: Any, key: Any) -> Any:
        """The same work with a function that notes when it ran and how it ended."""
        function = work.fn
        held = copy.copy(work)

        def begun() -> Document:
            entry: Document = {"state": "failed", "seconds": None, "began": time.perf_counter()}
            self.times.setdefault(key, []).append(entry)
            return entry

        def ended(entry: Document, value: Any = None) -> Any:
            failed = getattr(value, "is_failed", None)
            entry["state"] = "failed" if callable(failed) and failed() is True else "success"
            return value

        def over(entry: Document) -> None:
            entry["seconds"] = round(time.perf_counter() - entry["began"], 3)

        def plain(*arguments: Any, **named: Any) -> Any:
            entry = begun()
            try:
                return ended(entry, function(*arguments, **named))
            finally:
                over(entry)

        async def awaited(*arguments: Any, **named: Any) -> Any:
            entry = begun()
            try:
                return ended(entry, await function(*arguments, **named))
            finally:
                over(entry)

        def yielding(*arguments: Any, **named: Any) -> Any:
            entry = begun()
            try:
                return ended(entry, (yield from function(*arguments, **named)))
            finally:
                over(entry)

        if inspect.isasyncgenfunction(function):
            return work
        ran: Any = plain
        if inspect.isgeneratorfunction(function):
            ran = yielding
        elif inspect.iscoroutinefunction(function):
            ran = awaited
        held.fn = functools.wraps(function)(ran)
        return held

    def nodes(self) -> list[Document]:
        """Each call by the id that the topology has for it; one that was not passed is `skipped`."""
        found = []
        for call, node_id in part("probe_trace").numbered(self.calls).items():
            times = self.times.get((call.name, call.chain)) or [{"state": "skipped", "seconds": None}]
            several = len(times) > 1 or call.kind == "mapped_task"
            for number, entry in enumerate(times):
                found.append(
                    {
                        "id": node_id,
                        "map_index": number if several else -1,
                        "state": entry["state"],
                        "seconds": entry["seconds"],
                    }
                )
        return sorted(found, key=lambda one: (one["id"], one["map_index"]))
