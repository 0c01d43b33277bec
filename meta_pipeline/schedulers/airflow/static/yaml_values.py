"""What YAML files of DAG factories say: names of code, dates, durations, datasets, and the lines they stand on."""

import ast
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import yaml

from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Asset, AssetExpression
from meta_pipeline.schedulers.source.dates import zone
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Module, Partial

_DURATION = re.compile(
    r"(?:(?P<hours>\d+)\s+hour)?(?:(?P<minutes>\d+)\s+minute)?(?:(?P<seconds>\d+)\s+second)?(?:(?P<days>\d+)\s+day)?",
    re.IGNORECASE,
)
_DATASET = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[a-zA-Z0-9\-_/.]+|\b[a-zA-Z_]\w*\b")
_HOMES = ("/opt/airflow", "/usr/local/airflow", "/home/airflow/gcs")
"""Where the images that people deploy with keep the folder around the DAG folder."""

Lines = Mapping[tuple[str, ...], int]


def named(machine: Machine, name: str) -> object:
    """What stands under a dotted name: in a module of the repository, or outside of it."""
    module, _, last = name.rpartition(".")
    if module and machine.modules.find(module):
        return machine.member(Module(module), last)
    return External(name)


def moment(value: object, timezone: object) -> object:
    """A date as dag-factory takes it, in a time zone; one that is counted from today is unknown."""
    where = zone(timezone)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return UNKNOWN
    if not isinstance(value, date) or not isinstance(where, tzinfo):
        return UNKNOWN
    found = value if isinstance(value, datetime) else datetime.combine(value, time())
    return found.replace(tzinfo=where)


def utc(value: object) -> object:
    """A date of plain YAML, which is in UTC where it names no zone."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), tzinfo=UTC)
    return value


def duration(value: object) -> object:
    """A duration in words, such as `2 hours`; other values stay as they are."""
    if not isinstance(value, str):
        return value
    found = _DURATION.match(value)
    parts = {unit: int(count) for unit, count in found.groupdict().items() if count} if found else {}
    return timedelta(**parts) if parts else UNKNOWN


def typed(machine: Machine, value: object, site: Site) -> object:
    """A value in which each mapping with `__type__` is what a call of that type gives."""
    if isinstance(value, list):
        return [typed(machine, item, site) for item in value]
    if not isinstance(value, dict):
        return value
    machine.step()
    for key, joined_by in (("__and__", "and"), ("__or__", "or")):
        if isinstance(items := value.get(key), list):
            return AssetExpression(joined_by, tuple(typed(machine, item, site) for item in items))
    if isinstance(parts := value.get("__join__"), list):
        return "".join(map(str, parts))
    inner = {
        key: typed(machine, item, site) for key, item in value.items() if key not in ("__type__", "__args__")
    }
    kind = value.get("__type__")
    if not isinstance(kind, str):
        return inner
    if kind == "builtins.list":
        return inner.get("items", UNKNOWN)
    positional = typed(machine, value.get("__args__") or [], site)
    return machine.call(
        named(machine, kind),
        Arguments(positional if isinstance(positional, list) else [UNKNOWN], inner),
        site,
    )


def callback(machine: Machine, value: object, site: Site) -> object:
    """A callback by its dotted name, or by a mapping with `callback` and its arguments."""
    if isinstance(value, str):
        return named(machine, value)
    if isinstance(value, dict) and isinstance(name := value.get("callback"), str):
        rest: dict[object, object] = {key: part for key, part in value.items() if key != "callback"}
        called = named(machine, name)
        made = machine.call(called, Arguments([], rest), site)
        return Partial(called, (), rest) if made is UNKNOWN or made is None else made
    return value


def datasets(value: object) -> object:
    """Datasets by their URIs: a list, or a text that joins them with `&` and `|`."""
    if isinstance(value, list):
        return [Asset(item) if isinstance(item, str) else item for item in value]
    if not isinstance(value, str):
        return value
    names: dict[str, str] = {}

    def placed(found: re.Match[str]) -> str:
        names[f"n{len(names)}"] = found[0]
        return f"n{len(names) - 1}"

    try:
        tree = ast.parse(_DATASET.sub(placed, value), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return UNKNOWN
    return _joined(tree.body, names)


def _joined(node: ast.expr, names: Mapping[str, str]) -> object:
    if isinstance(node, ast.Name):
        return Asset(names[node.id])
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        left, right = _joined(node.left, names), _joined(node.right, names)
        joined_by = "and" if isinstance(node.op, ast.BitAnd) else "or"
        if isinstance(left, AssetExpression) and left.joined_by == joined_by:
            return AssetExpression(joined_by, (*left.parts, right))
        return AssetExpression(joined_by, (left, right))
    return UNKNOWN


def lines_of(text: str) -> Lines:
    """The line of each key of a YAML text, down to the entries of a DAG's tasks and groups."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    found: dict[tuple[str, ...], int] = {}
    _note_lines(root, (), found)
    return found


def _note_lines(node: yaml.Node | None, path: tuple[str, ...], into: dict[tuple[str, ...], int]) -> None:
    if len(path) > 2:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            into[inner] = key.start_mark.line + 1
            _note_lines(value, inner, into)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name = _name_in(item)
            if name:
                into[*path, name] = item.start_mark.line + 1


def _name_in(node: yaml.Node) -> str | None:
    """The name that an entry of a list of tasks or groups gives itself."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in ("task_id", "group_name"):
                return str(value.value)
    return None


def in_repository(machine: Machine, path: object) -> str | None:
    """A path in the repository; a text that names where images keep the DAG folder means that folder."""
    home = machine.folder.rpartition("/")[0]
    if isinstance(path, str):
        for start in _HOMES:
            for outer, inner in ((f"{start}/dags", machine.folder), (start, home)):
                if path == outer or path.startswith(f"{outer}/"):
                    return f"{inner}{path[len(outer) :]}".strip("/")
        return None
    found = getattr(path, "path", None)
    return found if isinstance(found, str) else None
