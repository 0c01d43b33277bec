"""The deployments of `prefect.yaml` files, and of the `deployment.yaml` files that older releases wrote."""

import re
from dataclasses import dataclass, field

from meta_pipeline.delivery.topology import UNRESOLVED, TopologyError, Unresolved
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.schedulers.prefect.deployed import Deployed, Entry, Timing
from meta_pipeline.schedulers.prefect.static.effective import entry_of
from meta_pipeline.schedulers.prefect.static.timing import KINDS, is_template, timing_of

_FILE = re.compile(r"(?:.*/)?(?:(?:[\w-]+[.-])?prefect(?:[.-][\w-]+)?|(?:[\w-]+-)?deployments?)\.ya?ml")
_FILLED_IN = "is filled in when it is deployed"


def is_project_file(path: str) -> bool:
    """Whether a file is named as one of Prefect's deployments."""
    return _FILE.fullmatch(path) is not None


@dataclass
class ProjectFile:
    """The deployments of one file, and what could not be read of it."""

    path: str
    deployments: list[Deployed] = field(default_factory=list)
    errors: list[TopologyError] = field(default_factory=list)


def read_project_file(tree: Tree, path: str) -> ProjectFile:
    """The deployments of a file of the tree; nothing of one that is about something else."""
    found = ProjectFile(path)
    text = text_of(tree, path)
    if text is None:
        found.errors.append(TopologyError(path=path, line=None, message="this is not text in UTF-8"))
        return found
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        found.errors.append(TopologyError(path=path, line=document.line, message=document.message))
        return found
    listed = list(document.get("deployments").each())
    if not listed and "entrypoint" in document:
        listed = [document]
    for each in listed:
        if isinstance(each.value, dict):
            found.deployments.append(_deployment(found, each))
    return found


def _deployment(found: ProjectFile, each: Located) -> Deployed:
    name = _known(found, each, "name") or UNRESOLVED
    entrypoint = _known(found, each, "entrypoint")
    pool = each.get("work_pool")
    tags = each.get("tags")
    limit = each.get("concurrency_limit")
    limit = limit.get("limit") if isinstance(limit.value, dict) else limit
    return Deployed(
        entry=_entry(found.path, entrypoint, each.get("flow_name").text),
        name=name,
        path=found.path,
        line=each.line,
        timings=_timings(found, each),
        paused=_switch(each.get("paused"), default=False),
        pool=_known(found, pool, "name") if "name" in pool else each.get("work_pool_name").text or None,
        tags=tuple(sorted(UNRESOLVED if is_template(tag) else tag for tag in tags.texts())),
        limit=limit.value if isinstance(limit.value, (int, type(None))) else UNRESOLVED,
    )


def _entry(path: str, entrypoint: str | None | Unresolved, flow_name: str) -> Entry:
    if entrypoint is None or entrypoint == UNRESOLVED:
        return Entry(flow=flow_name)
    return entry_of(entrypoint)


def _known(found: ProjectFile, holder: Located, key: str) -> str | None | Unresolved:
    """A text, `unresolved` where Prefect fills it in, or None where there is none."""
    value = holder.get(key)
    if is_template(value.value):
        found.errors.append(
            TopologyError(
                path=found.path, line=value.line, message=f"'{key}' {_FILLED_IN}: {value.text}", opaque=True
            )
        )
        return UNRESOLVED
    return value.text or None


def _switch(value: Located, *, default: bool) -> bool | Unresolved:
    if value.value is None:
        return default
    return value.value if isinstance(value.value, bool) else UNRESOLVED


def _timings(found: ProjectFile, each: Located) -> tuple[Timing, ...]:
    """`schedules`, or the one `schedule` of older files."""
    single = each.get("schedule")
    listed = [*each.get("schedules").each(), *([single] if isinstance(single.value, dict) else [])]
    inactive = each.get("is_schedule_active").value is False
    timings = []
    for one in listed:
        kinds = [kind for kind in KINDS if one.get(kind).value is not None]
        if len(kinds) != 1:
            if one.value:
                message = "a schedule has exactly one of cron, interval and rrule"
                found.errors.append(TopologyError(path=found.path, line=one.line, message=message))
            continue
        held = {key: value.value for key, value in one.pairs()}
        if any(map(is_template, held.values())):
            message = f"this schedule {_FILLED_IN}"
            found.errors.append(TopologyError(path=found.path, line=one.line, message=message, opaque=True))
        active = False if inactive else held.get("active")
        timings.append(timing_of(kinds[0], held[kinds[0]], held.get("timezone"), active))
    return tuple(timings)
