"""Loads one file as Prefect does and describes its flows; a part of `probe.py`."""

from __future__ import annotations

import inspect
import os
import re
import runpy
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

Document = dict[str, Any]

ENDLESS = sys.maxsize


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def describe(file: str, here: Path, answer: Path) -> None:
    """Write what the file gives: first its flows, then the same with their calls."""
    write = sys.modules["prefect_probe"].write
    part("probe_trace").follow_calls()
    document: Document = {"flows": [], "deployments": [], "errors": load(file, here)}
    flows = own_flows()
    document["flows"] = [flow_document(flow, here, file) for flow in flows]
    document["deployments"] = deployment_documents(here)
    write(answer, document)
    parameters = part("probe_stand_ins").stand_ins("PREFECT_FLOW_PARAMETERS")
    for number, flow in enumerate(flows):
        found = document["flows"][number]
        followed = part("probe_trace").follow(flow, parameters.get(flow.name) or {})
        ids = part("probe_trace").numbered(followed.calls)
        found["nodes"] = sorted((node(call, ids, here) for call in ids), key=lambda one: one["id"])
        if followed.trouble:
            message = f"only a run tells all that the flow '{flow.name}' calls: {followed.trouble}"
            error = {"path": found["path"], "line": found["line"], "message": message, "opaque": True}
            document["errors"].append(error)
        write(answer, document)


def load(file: str, here: Path) -> list[Document]:
    """Run the file; the errors that it ended with."""
    stand_ins = part("probe_stand_ins")
    stand_ins.loading = os.path.realpath(file)
    folder = str((here / file).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        if part("probe_files").deploys(file):
            sys.argv = [str(here / file)]
            runpy.run_path(str(here / file), run_name="__main__")
        else:
            as_module(file, here)
    except (Exception, SystemExit) as fault:  # noqa: BLE001  the fault is the target's; it is the result
        return [load_error(fault, here, file)]
    return []


def as_module(file: str, here: Path) -> None:
    """Load the file as Prefect loads one that an entrypoint names; by its dotted name where it needs its package."""
    scripts = import_module("prefect.utilities.importtools")
    try:
        scripts.load_script_as_module(str(here / file))
    except Exception as fault:
        inner = getattr(fault, "user_exc", None)
        if not isinstance(inner, ImportError) or "relative import" not in str(inner):
            raise
        part("probe_stand_ins").created.clear()
        import_module(file[: -len(".py")].replace("/", "."))


def load_error(fault: BaseException, here: Path, default: str) -> Document:
    """The last line of the file that the traceback of the target's own exception names, and where that began."""
    fault = getattr(fault, "user_exc", None) or fault
    places: list[tuple[str, int | None]] = []
    for frame in traceback.extract_tb(fault.__traceback__):
        path = Path(os.path.realpath(frame.filename))
        if here in path.parents and "site-packages" not in path.parts:
            places.append((path.relative_to(here).as_posix(), frame.lineno))
    if isinstance(fault, SyntaxError) and fault.filename:
        path = Path(os.path.realpath(fault.filename))
        if here in path.parents:
            places.append((path.relative_to(here).as_posix(), fault.lineno))
    line = next((number for path, number in reversed(places) if path == default), None)
    text = "".join(traceback.format_exception_only(type(fault), fault)).strip().splitlines()
    named = [
        line for line in text if re.match(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Warning|Missing)\b", line)
    ]
    words = re.sub(r"^(?:\w+\.)+(?=[A-Z])", "", (named or text)[-1])
    if places and places[-1][0] != default:
        words += f" ({places[-1][0]}:{places[-1][1]})"
    return {"path": default, "line": line, "message": words}


def own_flows() -> list[Any]:
    """The flows that the file itself made, the first of each name and function."""
    found: dict[tuple[str, Any], Any] = {}
    for flow, imported in part("probe_stand_ins").created:
        if not imported:
            found.setdefault((flow.name, inspect.unwrap(flow.fn).__code__), flow)
    return list(found.values())


def flow_document(flow: Any, here: Path, file: str) -> Document:
    path, line = place_of(flow.fn, here)
    workers = getattr(flow.task_runner, "_max_workers", None)
    return {
        "id": flow.name,
        "function": flow.fn.__name__,
        "path": path or file,
        "line": line,
        "timeout_s": flow.timeout_seconds or None,
        "concurrency": workers if isinstance(workers, int) and workers < ENDLESS else None,
        "alerts": alerts(flow, ("on_failure", "on_crashed")),
        "nodes": [],
    }


def place_of(function: Any, here: Path) -> tuple[str | None, int | None]:
    """Where a function is written; nothing outside of the checkout."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is not None:
        path = Path(os.path.realpath(code.co_filename))
        if here in path.parents and "site-packages" not in path.parts:
            return path.relative_to(here).as_posix(), code.co_firstlineno
    return None, None


def alerts(work: Any, hooks: tuple[str, ...]) -> list[str]:
    return sorted(
        {f"{hook}: {name_of(one)}" for hook in hooks for one in getattr(work, f"{hook}_hooks", None) or ()}
    )


def name_of(hook: Any) -> str:
    return getattr(hook, "__name__", None) or (
        name_of(hook.func) if hasattr(hook, "func") else type(hook).__name__
    )


def node(call: Any, ids: dict[Any, str], here: Path) -> Document:
    work = call.work
    shared = {
        "id": ids[call],
        "kind": call.kind,
        "upstream": sorted(ids[other] for other in call.upstream),
    }
    if work is None:
        path, line = call.place or (None, None)
        links = [{"kind": "triggers", "pipeline": call.name.partition("/")[0]}]
        return {
            **shared,
            "operator": "run_deployment",
            "links": links,
            "tags": sorted(call.tags),
            "path": path,
            "line": line,
        }
    path, line = place_of(work.fn, here)
    is_task = isinstance(work, import_module("prefect").Task)
    assets = getattr(work, "assets", None)
    return {
        **shared,
        **delays(work.retry_delay_seconds),
        "retries": work.retries or 0,
        "timeout_s": work.timeout_seconds or None,
        "tags": sorted({*(getattr(work, "tags", None) or ()), *call.tags}),
        "alerts": alerts(work, ("on_failure",) if is_task else ("on_failure", "on_crashed")),
        "reads": sorted({asset.key for asset in getattr(work, "asset_deps", None) or ()}),
        "writes": sorted({asset.key for asset in assets or ()}),
        "links": [] if is_task else [{"kind": "triggers", "pipeline": work.name}],
        "path": path,
        "line": line,
        "operator": "@flow" if not is_task else "@task" if assets is None else "@materialize",
    }


def delays(value: Any) -> Document:
    """The first delay, whether later ones are longer, and the longest where they are."""
    numbers = [float(one) for one in value] if isinstance(value, (list, tuple)) else [float(value or 0)]
    numbers = numbers or [0.0]
    grows = max(numbers) > numbers[0]
    return {
        "retry_delay_s": numbers[0],
        "retry_backoff": grows,
        "retry_delay_max_s": max(numbers) if grows else None,
    }


def deployment_documents(here: Path) -> list[Document]:
    """The deployments that the file made, each with the flow that it is of."""
    found = []
    for noted in part("probe_stand_ins").deployments:
        flow, given = noted["flow"], noted["arguments"]
        path, line = noted["place"] or (None, None)
        entry = {"path": "", "function": "", "flow": ""}
        if isinstance(flow, str):
            entry = part("probe_projects").entry_of(flow)
        elif flow is not None:
            entry = {
                "path": place_of(flow.fn, here)[0] or "",
                "function": flow.fn.__name__,
                "flow": flow.name,
            }
        limit = given.get("concurrency_limit", given.get("global_limit"))
        name = given.get("name") or entry["flow"]
        found.append(
            {
                "entry": entry,
                "name": Path(name).stem if str(name).endswith(".py") else name,
                "path": path,
                "line": line or 1,
                "timings": part("probe_projects").given_timings(given),
                "paused": bool(given.get("paused")),
                "pool": given.get("work_pool_name"),
                "tags": sorted(given.get("tags") or ()),
                "limit": getattr(limit, "limit", limit),
            }
        )
    return found
