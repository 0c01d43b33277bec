"""Flows of Prefect, and steps of them, that go where no topology shows it.

A flow may share its name with another, so that only one of the two is a pipeline, or lie beside the folder of flows. A
step of a flow may be a plain function of the repository, which is no task.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.change.handwork import is_work
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.change.reaching import defines, module_of, reaches
from meta_pipeline.gates.python.reading import full_name, imported_names, last_part
from meta_pipeline.gates.weighing import Weighed, weighed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_TELLING = ("log", "print", "debug", "show", "display", "artifact", "check", "assert", "validate")
"""A step whose name has one of these words makes no data, or is told of elsewhere."""


@dataclass(frozen=True, slots=True)
class _Flow:
    name: str
    node: _Function


def flows_gone(change: Change) -> Iterator[Weighed]:
    """Flows that a changed file held, and no changed file holds any more, beyond those that topologies miss."""
    files = [file for file in change.files if _may_hold_flows(file)]
    if not files:
        return
    before = {file.path: _flows_of(file.old) for file in files}
    after = {file.path: _flows_of(file.new) for file in files}
    told = _told(change)
    added = {
        word
        for path, flows in after.items()
        for function, flow in flows.items()
        if function not in before[path]
        for word in (function, flow.name)
    }
    for path, flows in before.items():
        lost = [(function, flow) for function, flow in flows.items() if function not in after[path]]
        if not lost or len(after[path]) >= len(flows):
            continue  # as many as before: some have another name, which topologies tell
        for function, flow in lost:
            names = {function, flow.name, function.replace("_", "-")}
            if names.isdisjoint(told | added):
                yield weighed(
                    "needs_approval",
                    f"the flow {flow.name} of {path} is removed; its runs stop and its data goes stale",
                    "keep it, or have a person confirm the removal who knows that nobody needs it any more",
                    path=path,
                    line=flow.node.lineno,
                )


def steps_gone(change: Change) -> Iterator[Weighed]:
    """Functions of the repository that a flow called for what they do, and no longer reaches, with nothing instead."""
    told = _told(change)
    for file in change.files:
        if file.status != "modified" or not _may_hold_flows(file):
            continue
        before, after = _flows_of(file.old), _flows_of(file.new)
        for function, then in before.items():
            now = after.get(function)
            if now is None or not told.isdisjoint({function, then.name, now.name}):
                continue
            left, kept = _called(then.node), _called(now.node)
            if any(name not in left and defines(change.head, file.path, name) for name in kept):
                continue  # something else is called instead
            for name in _steps(then.node):
                if (
                    name not in kept
                    and not any(word in name.casefold() for word in _TELLING)
                    and defines(change.base, file.path, name)
                    and not _is_reached_newly(change, file.path, then.node, now.node, name)
                ):
                    yield weighed(
                        "needs_approval",
                        f"the flow {now.name} no longer calls {name}; what it did is no longer done",
                        "keep it, or have a person confirm that nobody needs it any more",
                        path=file.path,
                        line=now.node.lineno,
                    )


def _may_hold_flows(file: FileChange) -> bool:
    old = file.old or b""
    return (
        file.path.endswith(".py")
        and not file.is_binary
        and (not file.old or (b"prefect" in old and b"flow" in old))
        and (file.old is not None or b"prefect" in (file.new or b""))
        and is_work(file.path)
        and not is_apart(file.path)
    )


def _told(change: Change) -> set[str]:
    """The flows that the topologies tell of as removed, renamed or without some of their steps."""
    return {
        name
        for one in change.differences
        if one.scheduler == "prefect" and one.change in ("removed", "renamed")
        for name in (one.pipeline, one.pipeline_before)
        if name
    }


def _flows_of(source: bytes | None) -> Mapping[str, _Flow]:
    """The flows of a module by the names of their functions."""
    module = module_of((source or b"").decode("utf-8", errors="replace"))
    imported = imported_names(module)
    found: dict[str, _Flow] = {}
    functions = [node for node in ast.walk(module) if isinstance(node, _Function)]
    for node in functions:
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = full_name(called, imported)
            if name.partition(".")[0] == "prefect" and last_part(name) == "flow":
                found.setdefault(node.name, _Flow(_named(decorator) or node.name.replace("_", "-"), node))
    return found


def _named(decorator: ast.expr) -> str | None:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    value = next((one.value for one in keywords if one.arg == "name"), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _steps(flow: _Function) -> Iterator[str]:
    """The names that a flow calls as statements, for what they do."""
    found: dict[str, None] = {}
    for node in ast.walk(flow):
        value = node.value if isinstance(node, ast.Expr) else None
        value = value.value if isinstance(value, ast.Await) else value
        if isinstance(value, ast.Call):
            called = value.func
            if isinstance(called, ast.Attribute) and called.attr in (
                "submit",
                "delay",
                "map",
                "result",
                "wait",
            ):
                called = called.value
            if isinstance(called, ast.Name):
                found.setdefault(called.id)
    yield from found


def _called(flow: _Function) -> set[str]:
    """All that a flow refers to: what it calls itself, and what it hands to something that does."""
    return {node.id for node in ast.walk(flow) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(flow) if isinstance(node, ast.Attribute)
    }


def _is_reached_newly(change: Change, path: str, then: _Function, now: _Function, name: str) -> bool:
    """Whether something that the flow calls took a call over: not where it did the same before, beside the flow's."""
    return reaches(change.head, path, now.lineno, name) and not reaches(
        change.base, path, then.lineno, name, is_by_others=True
    )
