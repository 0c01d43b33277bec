"""The deployments of `prefect.yaml` files, loaded as `prefect deploy` does; a part of `probe.py`."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

Document = dict[str, Any]

UNRESOLVED = "unresolved"
VARIABLE = re.compile(r"\{\{\s*prefect\.variables\.([\w-]+)\s*\}\}")
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def deployments() -> tuple[list[Document], list[Document]]:
    """The deployments of all project files of the checkout, and what is wrong with the files."""
    found: list[Document] = []
    errors: list[Document] = []
    for path in part("probe_files").project_files():
        for config in configs(path, errors):
            try:
                found.append(deployment(filled_in(config), path))
            except Exception as fault:  # noqa: BLE001  the fault is the file's; it is the result
                words = " ".join(str(fault).split())[:300]
                message = f"the deployment '{config.get('name')}' cannot be read: {words}"
                errors.append({"path": path, "line": None, "message": message})
    return found, errors


def configs(path: str, errors: list[Document]) -> list[Document]:
    """The mappings of one file, after Prefect's own checks where this release has them."""
    yaml = import_module("yaml")
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        mark = getattr(fault, "problem_mark", None)
        words = getattr(fault, "problem", None) or str(fault).splitlines()[0]
        errors.append(
            {"path": path, "line": mark.line + 1 if mark else None, "message": f"this is not YAML: {words}"}
        )
        return []
    if not isinstance(raw, dict):
        return []
    if "entrypoint" in raw and "deployments" not in raw:
        return [raw]
    try:
        config = import_module("prefect.cli.deploy._config")
        loader = config._load_deploy_configs_and_actions  # noqa: SLF001  what `prefect deploy` itself calls
        console = import_module("rich.console").Console(file=StringIO(), width=200)
        loaded = loader(Path(path), console=console)[0]
        said = console.file.getvalue().strip()
        if said:
            errors.append({"path": path, "line": None, "message": " ".join(said.split())[:300]})
    except (ImportError, AttributeError, TypeError):
        loaded = raw.get("deployments") or []
    return [each for each in loaded if isinstance(each, dict)]


def filled_in(config: Document) -> Document:
    """With variables of the policy and of the environment put into the templates."""
    held = part("probe_stand_ins").stand_ins("PREFECT_STAND_IN_VARIABLES")
    text = VARIABLE.sub(
        lambda match: str(held.get(match[1], match[0])).replace('"', '\\"'), json.dumps(config)
    )
    try:
        apply_values = import_module("prefect.utilities.templating").apply_values
        return dict(apply_values(json.loads(text), dict(os.environ), remove_notset=False))
    except (ImportError, TypeError):
        return dict(json.loads(text))


def deployment(config: Document, path: str) -> Document:
    pool = config.get("work_pool") or {}
    limit = config.get("concurrency_limit")
    tags = config.get("tags") or []
    single = config.get("schedule")
    schedules = [*(config.get("schedules") or []), *([single] if isinstance(single, dict) else [])]
    paused = config.get("paused")
    inactive = config.get("is_schedule_active") is False
    return {
        "entry": entry_of(known(config.get("entrypoint")) or "", config.get("flow_name") or ""),
        "name": known(config.get("name")) or UNRESOLVED,
        "path": path,
        "line": 1,
        "timings": [of_config(one, inactive) for one in schedules if one],
        "paused": paused if isinstance(paused, bool) else False if paused is None else UNRESOLVED,
        "pool": known(pool.get("name") if isinstance(pool, dict) else None) or config.get("work_pool_name"),
        "tags": sorted(known(str(tag)) for tag in ([tags] if isinstance(tags, str) else tags)),
        "limit": limit.get("limit") if isinstance(limit, dict) else limit,
    }


def known(value: Any) -> Any:
    return UNRESOLVED if isinstance(value, str) and "{{" in value else value


def entry_of(entrypoint: str, flow: str = "") -> Document:
    if not entrypoint or entrypoint == UNRESOLVED:
        return {"path": "", "function": "", "flow": flow}
    if ":" in entrypoint:
        path, _, function = entrypoint.rpartition(":")
        return {"path": os.path.normpath(path), "function": function, "flow": ""}
    module, _, function = entrypoint.rpartition(".")
    return {"path": module.replace(".", "/") + ".py", "function": function, "flow": ""}


def of_config(config: Document, inactive: bool) -> Document:
    for kind in ("cron", "interval", "rrule"):
        if config.get(kind) is not None:
            active = config.get("active")
            active = False if inactive else True if active is None else active
            return timing(kind, config[kind], config.get("timezone"), active)
    raise ValueError("a schedule has exactly one of cron, interval and rrule")


def timing(kind: str, value: Any, timezone: Any, active: Any) -> Document:
    """One schedule as text; Prefect's own constructor says whether it is one."""
    text = UNRESOLVED
    if known(value) != UNRESOLVED:
        if kind == "interval":
            adapter = import_module("pydantic").TypeAdapter(timedelta)
            text = f"every {adapter.validate_python(value)}"
        elif kind == "cron":
            import_module("prefect.client.schemas.schedules").CronSchedule(cron=value)
            text = PRESETS.get(value, " ".join(value.split()))
        else:
            inner = unpacked(value)
            timezone = timezone or inner.get("timezone")
            text = "rrule: " + " ".join(str(inner.get("rrule", value)).split())
    return {
        "text": text,
        "timezone": known(timezone) or "UTC",
        "active": active if isinstance(active, bool) else UNRESOLVED,
    }


def unpacked(value: Any) -> Document:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def given_timings(given: Document) -> list[Document]:
    """The schedules among the arguments of `serve`, `deploy` and the like."""
    found = []
    for kind in ("cron", "interval", "rrule"):
        value = given.get(kind)
        values = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        found += [timing(kind, one, given.get("timezone"), True) for one in values]
    single, several = given.get("schedule"), given.get("schedules")
    objects = [*([single] if single is not None else []), *(several or ())]
    return [*found, *map(of_object, objects)]


def of_object(value: Any) -> Document:
    """A schedule object, or one inside a mapping or a deployment's schedule, with whether it is active."""
    active = None
    if isinstance(value, dict):
        value, active = value.get("schedule"), value.get("active")
    elif hasattr(value, "schedule"):
        value, active = value.schedule, value.active
    active = getattr(value, "active", True) if active is None else active
    for kind in ("cron", "interval", "rrule"):
        held = getattr(value, kind, None)
        if held is not None:
            zone = getattr(value, "timezone", None)
            return timing(kind, held, str(zone) if zone is not None else None, active)
    raise ValueError("a schedule has exactly one of cron, interval and rrule")
