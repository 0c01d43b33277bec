"""One DAG as a pipeline of the document, its schedule and its datasets; a part of `probe.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from importlib import util
from pathlib import Path
from typing import Any

Document = dict[str, Any]

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def _part(name: str) -> Any:
    spec = util.spec_from_file_location(name, Path(__file__).absolute().with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NODES = _part("probe_node")


def pipeline(dag: Any, path: str) -> tuple[Document, list[Document]]:
    """The DAG of a file, and the datasets of its tasks that tell their columns."""
    zone = getattr(dag.timezone, "name", None) or str(dag.timezone)
    tasks = sorted(dag.tasks, key=lambda task: task.task_id)
    owners = sorted({task.owner for task in tasks})
    default_owner = (dag.default_args or {}).get("owner", "airflow")
    # A DAG whose defaults have the date keeps it there, for its tasks.
    start = dag.start_date or (dag.default_args or {}).get("start_date")
    document = {
        "id": dag.dag_id,
        "path": path,
        "line": None,
        "schedule": schedule(dag),
        "timezone": zone,
        "start_date": start.isoformat() if start else None,
        "catchup": bool(dag.catchup),
        "paused": dag.is_paused_upon_creation,
        "owner": ", ".join(owners) if owners else default_owner,
        "tags": sorted(dag.tags or ()),
        "timeout_s": NODES.seconds(dag.dagrun_timeout),
        "concurrency": dag.max_active_tasks,
        "active_runs": dag.max_active_runs,
        "pool": None,
        "alerts": NODES.dag_alerts(dag),
        "nodes": [NODES.node(task) for task in tasks],
    }
    assets = [
        one for task in tasks for name in ("inlets", "outlets") for one in getattr(task, name, None) or ()
    ]
    return document, [found for asset in assets if (found := dataset(asset))]


# --- datasets ---------------------------------------------------------------------------------------------


def dataset(asset: Any) -> Document | None:
    """A dataset whose `extra` tells its columns, as a list or a mapping under `columns` or `schema`."""
    extra = getattr(asset, "extra", None)
    name = NODES.asset_name(asset)
    if not name or not isinstance(extra, Mapping):
        return None
    told = next((extra[key] for key in ("columns", "schema") if extra.get(key)), None)
    if isinstance(told, Mapping) and isinstance(told.get("fields"), (list, tuple)):
        told = told["fields"]
    if isinstance(told, Mapping):
        columns = [column({"name": key, "type": value}) for key, value in told.items()]
    elif isinstance(told, (list, tuple)):
        columns = [column(one) for one in told]
    else:
        return None
    known = [one for one in columns if one]
    return {"name": name, "columns": known} if known else None


def column(told: Any) -> Document | None:
    """A column that is told by its name, or by a mapping with its name and type."""
    if isinstance(told, str):
        return {"name": told, "type": None}
    if not isinstance(told, Mapping) or not isinstance(told.get("name"), str):
        return None
    kind = told.get("type")
    if isinstance(kind, Mapping):
        kind = kind.get("type")
    return {"name": told["name"], "type": kind if isinstance(kind, str) else None}


def merged(datasets: Iterable[Document]) -> list[Document]:
    """Each dataset once, by name; the first one to tell its columns is believed."""
    first: dict[str, Document] = {}
    for one in datasets:
        first.setdefault(one["name"], one)
    return [first[name] for name in sorted(first)]


# --- schedule ---------------------------------------------------------------------------------------------


def schedule(dag: Any) -> str | None:
    """A five-field cron, `@once`, None, or a readable text."""
    value = getattr(dag, "schedule", None)
    timetable = dag.timetable
    # Airflow 2.9 keeps the condition in the DAG alone.
    condition = condition_of(timetable) or getattr(dag, "dataset_triggers", None)
    name = type(timetable).__name__
    if name in ("AssetTriggeredTimetable", "DatasetTriggeredTimetable") and condition is not None:
        return "assets: " + assets(condition, top=True)
    if value is None and not hasattr(dag, "schedule"):
        value = getattr(dag, "schedule_interval", None)
    if isinstance(value, str) and value.startswith(("Timetable", "Dataset")):
        value = timetable
    if value is None:
        return None if name == "NullTimetable" else timetable_text(timetable)
    if isinstance(value, str):
        return PRESETS.get(value, " ".join(value.split()))
    if isinstance(value, timedelta):
        return f"every {value}"
    return timetable_text(timetable)


def condition_of(timetable: Any) -> Any:
    """The assets that a timetable waits for; one that waits for none keeps an empty stand-in."""
    for name in ("asset_condition", "dataset_condition", "datasets"):
        found = getattr(timetable, name, None)
        if found is not None and not type(found).__name__.startswith("_Null"):
            return found
    return None


def assets(condition: Any, *, top: bool = False) -> str:
    parts = getattr(condition, "objects", None)
    # An alias stands for the datasets that it has by now, and is known by its own name.
    if parts is None or NODES.asset_name(condition):
        return NODES.asset_name(condition) or str(condition)
    every = type(condition).__name__.endswith("All")
    texts = [assets(part) if NODES.asset_name(part) else "(" + assets(part) + ")" for part in parts]
    # A plain list of assets is the same as all of them, and is written as a list.
    return (", " if every and top else " and " if every else " or ").join(texts)


def timetable_text(timetable: Any) -> str:
    """A timetable by its class and what it keeps: inner timetables, crons, time zones, intervals, assets."""
    inner = getattr(timetable, "timetable", None)
    texts = [timetable_text(inner)] if inner is not None else []
    several = getattr(timetable, "timetables", None) or getattr(timetable, "_timetables", None) or ()
    for one in (*several, timetable):
        texts += [text for text in kept(one) if text not in texts]
    condition = condition_of(timetable)
    if condition is not None:
        texts.append("assets: " + assets(condition, top=True))
    name = type(timetable).__name__
    return name + ": " + ", ".join(texts) if texts else name


def kept(timetable: Any) -> Iterator[str]:
    for field in ("expression", "_expression", "timezone", "_timezone", "delta", "_delta"):
        found = getattr(timetable, field, None)
        if isinstance(found, timedelta):
            yield f"every {found}"
        elif found is not None:
            yield getattr(found, "name", None) or str(found)
