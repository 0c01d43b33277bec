"""What stands in for Prefect's server while flows are loaded and followed; a part of `probe.py`.

Variables and blocks come from the policy of the target, deployments that code makes are noted instead of made, and a
deployment that a flow starts is not started.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

Document = dict[str, Any]

VARIABLES = "PREFECT_STAND_IN_VARIABLES"
BLOCKS = "PREFECT_STAND_IN_BLOCKS"
NAMESPACES = (
    *("prefect", "prefect.main", "prefect.flows", "prefect.runner", "prefect.deployments"),
    *("prefect.deployments.runner", "prefect.deployments.flow_runs"),
)

deployments: list[Document] = []
created: list[tuple[Any, bool]] = []
"""The flows that were made, each with whether that was while the loaded file imported another one."""


loading = ""
"""The file that is being loaded."""


class MissingError(ValueError):
    """Nothing stands in for a Variable or block."""


def stand_ins(name: str) -> dict[str, Any]:
    found = json.loads(os.environ.get(name) or "{}")
    return found if isinstance(found, dict) else {}


def take_over() -> None:
    """Put the stand-ins in place; once, before anything of the target is imported."""
    note_flows()
    stand_in_variables()
    stand_in_blocks()
    stand_in_deployments()
    starter = part("probe_trace").started_deployment
    for name in ("run_deployment", "arun_deployment"):
        replace_everywhere(name, both_ways(starter, always_async=name.startswith("a")))


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def replace_everywhere(name: str, value: Any) -> None:
    for space in NAMESPACES:
        try:
            module = import_module(space)
        except ImportError:
            continue
        if hasattr(module, name):
            setattr(module, name, value)


def both_ways(function: Callable[..., Any], *, always_async: bool = False) -> Callable[..., Any]:
    """As Prefect has it: the value itself, or something to await where it is called in a coroutine."""

    def called(*arguments: Any, **named: Any) -> Any:
        sync = named.pop("_sync", None)
        value = function(*arguments, **named)
        if always_async or (sync is not True and in_coroutine()):
            return given(value)
        return value

    return called


def in_coroutine() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def given(value: Any) -> Any:
    return value


def note_flows() -> None:
    kind = import_module("prefect").Flow
    original = kind.__init__

    def noted(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        frames = list(part("probe_trace").frames())
        files = [frame.f_code.co_filename for frame in frames]
        own = next((n for n, frame in enumerate(frames) if is_module_of(frame, loading)), len(files))
        created.append((self, any(file.startswith("<frozen importlib") for file in files[:own])))

    kind.__init__ = noted


def is_module_of(frame: Any, file: str) -> bool:
    return bool(frame.f_code.co_name == "<module>") and os.path.realpath(frame.f_code.co_filename) == file


def stand_in_variables() -> None:
    kind = import_module("prefect.variables").Variable

    def get(name: str, default: Any = None, **_: Any) -> Any:
        held = stand_ins(VARIABLES)
        if name in held:
            try:
                return json.loads(held[name])
            except ValueError:
                return held[name]
        return unknown(f"the Variable '{name}' has no stand-in; add it under dry_run.variables", default)

    def put(*_: Any, **__: Any) -> None:
        """Nothing outlives a run."""

    for name, function in (("get", get), ("set", put), ("unset", put)):
        setattr(kind, name, staticmethod(both_ways(function)))
        setattr(kind, f"a{name}", staticmethod(both_ways(function, always_async=True)))


def stand_in_blocks() -> None:
    kind = import_module("prefect.blocks.core").Block

    def load(cls: Any, name: str, *_: Any, **__: Any) -> Any:
        slug = name if "/" in name else f"{cls.get_block_type_slug()}/{name}"
        held = stand_ins(BLOCKS)
        if slug not in held:
            return unknown(f"the block '{slug}' has no stand-in; add it under dry_run.connections")
        owner = cls if cls is not kind else kind.get_block_class_from_key(slug.partition("/")[0])
        try:
            fields = json.loads(held[slug])
        except ValueError:
            fields = held[slug]
        return owner(**(fields if isinstance(fields, dict) else {"value": fields}))

    kind.load = classmethod(both_ways(load))
    kind.aload = classmethod(both_ways(load, always_async=True))
    kind.save = lambda *_, **__: None


def unknown(message: str, default: Any = None) -> Any:
    """While a flow is followed, a value that nobody knows; else the default, or an error."""
    tracing = part("probe_trace")
    if tracing.current is not None:
        return tracing.Symbol()
    if default is not None:
        return default
    raise MissingError(message)


# --- deployments ------------------------------------------------------------------------------------------


class Recorded:
    """A deployment that code made; what is set on it afterwards counts."""

    def __init__(self, flow: Any, arguments: Document, place: Any) -> None:
        self.__dict__["noted"] = {"flow": flow, "arguments": arguments, "place": place}

    def __setattr__(self, name: str, value: Any) -> None:
        self.noted["arguments"][name] = value

    def __getattr__(self, name: str) -> Any:
        return self.noted["arguments"].get(name)

    def apply(self, *_: Any, **__: Any) -> None:
        return None


def record(flow: Any, arguments: Document) -> Recorded:
    made = Recorded(flow, arguments, part("probe_trace").place())
    if part("probe_trace").current is None:
        deployments.append(made.noted)
    return made


def by_place(names: tuple[str, ...], given: tuple[Any, ...]) -> Document:
    return {name: given[number] for number, name in enumerate(names[: len(given)])}


class Sourced:
    """A flow that is known by its entrypoint."""

    def __init__(self, entrypoint: str) -> None:
        self.entrypoint = entrypoint
        for name in ("serve", "deploy", "to_deployment"):
            order = ("name", "work_pool_name") if name == "deploy" else ("name", "interval", "cron")
            setattr(self, name, self.recorder(order))
            setattr(self, f"a{name}", both_ways(self.recorder(order), always_async=True))

    def recorder(self, order: tuple[str, ...]) -> Callable[..., Any]:
        return lambda *given, **named: record(self.entrypoint, {**by_place(order, given), **named})


def sourced(source: Any = None, entrypoint: str = "", **_: Any) -> Sourced:
    return Sourced(entrypoint)


def from_storage(storage: Any, entrypoint: str, name: str, **named: Any) -> Recorded:
    return record(entrypoint, {"name": name, **named})


def stand_in_deployments() -> None:
    kind = import_module("prefect").Flow
    orders = {
        "serve": ("name", "interval", "cron"),
        "deploy": ("name", "work_pool_name"),
        "to_deployment": ("name", "interval", "cron"),
    }

    def recorder(order: tuple[str, ...]) -> Callable[..., Any]:
        def made(self: Any, *given: Any, **named: Any) -> Any:
            return record(self, {**by_place(order, given), **named})

        return made

    for name, order in orders.items():
        setattr(kind, name, method(both_ways(recorder(order))))
        setattr(kind, f"a{name}", method(both_ways(recorder(order), always_async=True)))
    for name in ("from_source", "afrom_source"):
        loader = both_ways(sourced, always_async=name.startswith("a"))
        setattr(kind, name, staticmethod(loader))
        setattr(import_module("prefect").flow, name, loader)
    runner = import_module("prefect.deployments.runner").RunnerDeployment
    runner.from_flow = staticmethod(lambda flow, name, **named: record(flow, {"name": name, **named}))
    runner.from_entrypoint = staticmethod(
        lambda entrypoint, name, **named: record(entrypoint, {"name": name, **named})
    )
    runner.from_storage = staticmethod(from_storage)
    for name in ("serve", "deploy"):
        replace_everywhere(name, both_ways(with_pool))
        replace_everywhere(f"a{name}", both_ways(with_pool, always_async=True))


def method(function: Callable[..., Any]) -> Callable[..., Any]:
    def bound(self: Any, *arguments: Any, **named: Any) -> Any:
        return function(self, *arguments, **named)

    return bound


def with_pool(*made: Any, **named: Any) -> None:
    """`serve(...)` and `deploy(..., work_pool_name=...)` of deployments that are made already."""
    for one in made:
        if isinstance(one, Recorded) and named.get("work_pool_name"):
            one.noted["arguments"].setdefault("work_pool_name", named["work_pool_name"])
