"""Start dates of pipelines that are another date each time they are read."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.gates.python.clock import asks_the_clock
from meta_pipeline.gates.python.reading import arguments, full_name, imported_names, last_part, parsed

_AIRFLOW = re.compile(r"DAG|dag|\w+(?:Operator|Sensor)|BaseOperator")
_PARTITIONS = re.compile(r"\w*PartitionsDefinition|\w+_partitioned_config")
_PREFECT = re.compile(r"(?:Interval|Cron|RRule)(?:Schedule)?")
_OF_DEFAULTS = frozenset({"owner", "retries", "retry_delay", "depends_on_past", "email_on_failure"})
_SCHEDULE = frozenset({"schedule", "schedule_interval"})
_WORTH = re.compile(r"start_date|anchor_date|PartitionsDefinition|_partitioned_config")


@dataclass(frozen=True, slots=True)
class DynamicStart:
    """A start that is set to the time of reading: `written` as in the source, at `line`.

    `kind` is what has the start; `is_by_hand` tells that the DAG has no schedule, so that its start matters little.
    """

    kind: str
    written: str
    line: int
    is_by_hand: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return (self.kind, self.written)


def dynamic_starts(path: str, text: str) -> tuple[DynamicStart, ...]:
    """Every start date of a DAG, of its defaults, of partitions or of a schedule that asks the clock."""
    module = parsed(text) if _WORTH.search(text) else None
    if module is None:
        return ()
    names = imported_names(module)
    assigned = _assigned(module)
    found = {
        (value.lineno, value.col_offset): DynamicStart(kind, ast.unparse(value), value.lineno, by_hand)
        for kind, value, by_hand in _starts(module, names)
        if any(asks_the_clock(one, names) for one in _meanings(value, assigned))
    }
    return tuple(found[place] for place in sorted(found))


def _starts(module: ast.Module, names: Mapping[str, str]) -> Iterator[tuple[str, ast.expr, bool]]:
    """What has a start, the start's expression, and whether the thing says that it has no schedule."""
    defaults = _named_defaults(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield from _of_call(node, names, is_defaults=id(node) in defaults)
        elif isinstance(node, ast.Dict):
            entries = {
                key.value: value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            }
            if "start_date" in entries and (id(node) in defaults or _OF_DEFAULTS & entries.keys()):
                yield "default_args", entries["start_date"], False
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            target = node.targets[0]
            if "default_args" in ast.unparse(target.value) and ast.unparse(target.slice) == "'start_date'":
                yield "default_args", node.value, False


def _of_call(
    call: ast.Call, names: Mapping[str, str], *, is_defaults: bool
) -> Iterator[tuple[str, ast.expr, bool]]:
    given = dict(arguments(call))
    kind = _kind(last_part(full_name(call.func, names)))
    if kind is None and (is_defaults or _OF_DEFAULTS & given.keys()):
        kind = "default_args"
    if kind is None:
        return
    if kind == "partitions" and call.args:
        yield kind, call.args[0], False
    by_hand = any(
        isinstance(value, ast.Constant) and value.value is None
        for name, value in given.items()
        if name in _SCHEDULE
    )
    for name, value in given.items():
        if name in ("start_date", "anchor_date") or (name == "start" and kind == "partitions"):
            yield kind, value, by_hand


def _named_defaults(module: ast.Module) -> set[int]:
    """The dicts that are called `default_args` where they are assigned or passed."""
    found: set[int] = set()
    for node in ast.walk(module):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name, value = ast.unparse(target), node.value
        elif isinstance(node, ast.keyword):
            name, value = node.arg or "", node.value
        else:
            continue
        if value is not None and "default_args" in name.lower():
            found |= {id(part) for part in ast.walk(value)}
    return found


def _kind(callee: str) -> str | None:
    if _AIRFLOW.fullmatch(callee):
        return "DAG" if callee in ("DAG", "dag") else "task"
    if _PARTITIONS.fullmatch(callee):
        return "partitions"
    return "schedule" if _PREFECT.fullmatch(callee) else None


def _assigned(module: ast.Module) -> Mapping[str, list[ast.expr]]:
    """What each simple name of the module is set to, wherever that is."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.setdefault(node.target.id, []).append(node.value)
    return found


def _meanings(value: ast.expr, assigned: Mapping[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """The expression, and what the names in it were set to, names of these included."""
    waiting, seen = [value], set[str]()
    while waiting:
        one = waiting.pop()
        yield one
        for part in ast.walk(one):
            if isinstance(part, ast.Name) and part.id not in seen:
                seen.add(part.id)
                waiting += assigned.get(part.id, [])
