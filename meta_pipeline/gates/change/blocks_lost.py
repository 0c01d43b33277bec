"""Blocks of Prefect around the work of existing functions that are gone: limits, rates, transactions, deadlines."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.change.reaching import module_of
from meta_pipeline.gates.python.reading import full_name, imported_names, last_part
from meta_pipeline.gates.weighing import Weighed, weighed

_KEPT = {
    "concurrency": "more of it runs at once than the limit allows",
    "rate_limit": "what it calls may be overrun",
    "transaction": "what was done before a failure is no longer undone",
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def blocks_lost(change: Change) -> Iterator[Weighed]:
    """What a function that stays, in any changed file, no longer does its work under."""
    files = [
        file
        for file in change.files
        if file.path.endswith(".py") and not file.is_binary and b"prefect" in (file.old or b"")
    ]
    if not any(word.encode() in (file.old or b"") for file in files for word in _KEPT):
        return
    # What went into a function that others call is still there.
    added: Counter[tuple[str, str]] = Counter()
    lost = []
    for file in files:
        before, after = _blocks_of(file.old or b""), _blocks_of(file.new or b"")
        for function, (blocks, _) in before.items():
            now, line = after.get(function, (None, 0))
            if now is None:
                continue
            lost += [(function, block, file.path, line) for block in (blocks - now).elements()]
        for function, (now, _) in after.items():
            added += now - before.get(function, (Counter(), 0))[0]
    for function, (block, name), path, line in lost:
        if added[block, name]:
            added[block, name] -= 1
            continue
        yield weighed(
            "needs_approval",
            f"{function} no longer does its work under {block}({name}); {_KEPT[block]}",
            "restore it, or have a person confirm that it may go",
            path=path,
            line=line,
        )


def _blocks_of(source: bytes) -> Mapping[str, tuple[Counter[tuple[str, str]], int]]:
    """Of each function what it works under, with the names that are given to it, and the line of its head."""
    module = module_of(source.decode("utf-8", errors="replace"))
    imported = imported_names(module)
    found = {}
    for function in ast.walk(module):
        if isinstance(function, _Function):
            blocks = Counter(
                (kind, ast.unparse(call.args[0]) if call.args else "")
                for call in ast.walk(function)
                if isinstance(call, ast.Call)
                and (name := full_name(call.func, imported)).startswith("prefect.")
                and (kind := last_part(name)) in _KEPT
            )
            found[function.name] = (blocks, function.lineno)
    return found
