"""Calls in existing functions of Prefect that now go on although what they wait for has failed.

In a new call this is often meant, such as for one that cleans up or tells of the failure, and a new flow has nobody yet
who relies on it. A call that was there, and that a failure used to stop, is another matter.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.change.reaching import module_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.python.reading import full_name, imported_names, last_part
from meta_pipeline.gates.weighing import Weighed, weighed

_WAYS = (b"allow_failure", b"return_state", b"raise_on_failure", b".wait(")
_LOOKED_AT = frozenset(
    {"is_failed", "is_completed", "is_crashed", "Failed", "Cancelled", "raise_state_exception"}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class _Calls:
    """The calls of one function by what they call: how many stop at a failure, and which go on."""

    strict: Counter[str]
    loose: tuple[tuple[str, str, int], ...]
    """What is called, how it is told to go on, at which line."""
    looks: int
    """How often the function asks a state how it ended."""


def failures_passed(change: Change) -> Iterator[Weighed]:
    """The calls that no longer stop at a failure; where the function now asks how it ended, it is only told of."""
    for file in change.files:
        new, old = file.new or b"", file.old or b""
        if not file.path.endswith(".py") or file.status != "modified" or b"prefect" not in new:
            continue
        if file.is_binary or not any(new.count(way) > old.count(way) for way in _WAYS):
            continue
        before, after = _calls_of(old), _calls_of(new)
        for function, now in after.items():
            then = before.get(function)
            if then is not None:
                strength: Strength = "warned" if now.looks > then.looks else "needs_approval"
                for called, how, line in _loosened(then, now):
                    yield weighed(
                        strength,
                        f"{function} calls {called} with {how}, and so goes on where a failure stopped it before; "
                        "what comes after it works with what a failed task left behind",
                        "let the failure stop it, or have a person confirm that it may go on",
                        path=file.path,
                        line=line,
                    )


def _loosened(then: _Calls, now: _Calls) -> Iterator[tuple[str, str, int]]:
    left = then.strict - now.strict
    known = Counter((called, how) for called, how, _ in then.loose)
    for called, how, line in now.loose:
        if known[called, how]:
            known[called, how] -= 1
        elif left[called]:
            left[called] -= 1
            yield called, how, line


def _calls_of(source: bytes) -> dict[str, _Calls]:
    module = module_of(source.decode("utf-8", errors="replace"))
    imported = imported_names(module)
    return {node.name: _read(node, imported) for node in ast.walk(module) if isinstance(node, _Function)}


def _read(function: _Function, imported: Mapping[str, str]) -> _Calls:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    allowed = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _is_allowing(node.value, imported)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    strict: Counter[str] = Counter()
    loose: list[tuple[str, str, int]] = []
    for call in calls:
        called = ast.unparse(call.func)
        if _is_allowing(call, imported):
            continue
        if called.endswith(".wait"):
            loose.append((f"{called.removesuffix('.wait')}.result", "wait()", call.lineno))
            continue
        ways = list(_ways(call, allowed, imported))
        loose += [(called, how, line) for how, line in ways]
        strict[called] += not ways
    looks = sum(last_part(ast.unparse(call.func)) in _LOOKED_AT for call in calls)
    return _Calls(strict, tuple(loose), looks)


def _ways(call: ast.Call, allowed: set[str], imported: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for keyword in call.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "return_state" and value is True:
            yield "return_state=True", keyword.value.lineno
        elif keyword.arg == "raise_on_failure" and value is False:
            yield "raise_on_failure=False", keyword.value.lineno
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    for one in (part for value in given for part in _own_parts(value, imported)):
        if _is_allowing(one, imported) or (isinstance(one, ast.Name) and one.id in allowed):
            yield "allow_failure", getattr(one, "lineno", call.lineno)


def _own_parts(value: ast.AST, imported: Mapping[str, str]) -> Iterator[ast.AST]:
    """A value with its parts, except those that belong to another call inside of it."""
    yield value
    if not isinstance(value, ast.Call) or _is_allowing(value, imported):
        for part in ast.iter_child_nodes(value):
            if not _is_allowing(value, imported):
                yield from _own_parts(part, imported)


def _is_allowing(node: ast.AST, imported: Mapping[str, str]) -> bool:
    return isinstance(node, ast.Call) and full_name(node.func, imported).endswith("allow_failure")
