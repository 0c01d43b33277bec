"""Deleted files that made things which no topology holds: nothing else says that these are gone."""

import ast
import re
from collections.abc import Iterable, Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.change.pipeline_code import PipelineCode, is_apart
from meta_pipeline.gates.python.reading import parsed
from meta_pipeline.gates.weighing import Weighed, weighed

_DEFINES = re.compile(
    r"^[ \t]*@(?:\w+\.)?(?:(?:multi_|graph_|dbt_|dlt_|sling_)?assets?|op|job|graph|schedule|(?:asset_)?sensor"
    r"|repository|definitions)\b|^\w[\w: .]*=\s*(?:\w+\.)?Definitions\(",
    re.MULTILINE,
)


def unseen_removals(change: Change, deleted: Iterable[FileChange], plan: Plan | None) -> Iterator[Weighed]:
    """Files of Dagster definitions, and of what source did not tell, whose names no changed file takes over."""
    files = [file for file in deleted if file.path.endswith(".py") and file.old and not is_apart(file.path)]
    if not files:
        return
    code = PipelineCode(change)
    opaque = {
        error.path: error.line
        for topology in change.base_topologies
        for error in topology.errors
        if error.opaque
    }
    told = {one.path for one in change.differences if one.level in ("pipeline", "node")}
    written = {name for file in change.files if file.path.endswith(".py") for name in _names(file.new)}
    for file in files:
        text = (file.old or b"").decode("utf-8", errors="replace")
        is_unseen = code.scheduler(file.path, text) == "dagster" and _DEFINES.search(text) is not None
        if file.path in told or not (file.path in opaque or is_unseen) or _names(file.old) <= written:
            continue
        yield weighed(
            "needs_approval" if plan is None or file.path in plan.files else "failed",
            f"{file.path} is deleted, and source does not tell all that it made: what nothing else makes "
            "no longer runs, and its data goes stale",
            "keep it, or have a person confirm the removal who knows that nobody needs it any more",
            path=file.path,
            line=opaque.get(file.path) or 1,
        )


def _names(data: bytes | None) -> frozenset[str]:
    """The functions, classes and constants that a module defines at its own level."""
    module = parsed(data.decode("utf-8", errors="replace")) if data else None
    found: set[str] = set()
    for node in module.body if module else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)
