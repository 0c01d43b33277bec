"""Settings of dbt that decide what becomes of data: where it is written, and how history and rows are kept."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import FileChange, Tree
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import PROJECT_FILES, Project, project_folders, read_project
from meta_pipeline.schedulers.dbt.properties import read_properties

if TYPE_CHECKING:
    from meta_pipeline.schedulers.dbt.static.found import Found

_SPEAKS = re.compile(
    rb"materialized|unique_key|schema|alias|database|identifier|strategy|updated_at|check_cols|hard_deletes|column_types"
)
_ENDINGS = (".sql", ".py", ".yml", ".yaml")
_HISTORY = {
    "strategy": "changes are told by another rule than those that are kept",
    "unique_key": "rows that are kept are no longer known as the same",
    "updated_at": "changes are told by another column than those that are kept",
    "check_cols": "changes of other columns than before make a new row",
}
_KEPT_TABLES = ("table", "view", "incremental")
_NAMING = re.compile(
    rb"\{%-?\s*macro\s+(?P<name>(?:\w+__)?(?:generate_(?:schema|alias|database)_name|ref|source))\s*\("
    rb"(?P<body>.*?)\{%-?\s*endmacro",
    re.DOTALL,
)
"""Macros that dbt calls for every model, where a project has its own."""

_Held = Mapping[tuple[str, str], "Found"]


def dbt_settings(change: Change) -> Iterator[Weighed]:
    """What a change of settings makes of the models, snapshots and seeds that are on both sides."""
    touched = [file for file in change.files if file.path.endswith(_ENDINGS) and file.status == "modified"]
    yield from _naming_macros(change)
    speaking = [file.path for file in touched if _speaks(file)]
    for folder in project_folders(change.head) if speaking else ():
        if folder != "." and not any(path.startswith(f"{folder}/") for path in speaking):
            continue
        before, after = _held(change.base, folder), _held(change.head, folder)
        lines = ChangedLines(change)
        yield from _sources_moved(change, folder, lines)
        for key in sorted(before.keys() & after.keys()):
            old, new = before[key], after[key]
            if old.config == new.config:
                continue
            for field, message in _apart(old, new):
                spot = lines.near(new.path, new.line, field, [new.name])
                yield weighed(
                    "needs_approval",
                    message,
                    "restore it, or have a person confirm who knows what the data is used for",
                    path=spot.path,
                    line=spot.line,
                )


def _speaks(file: FileChange) -> bool:
    """Whether the lines that changed may set something; those of a whole folder are told by the lines around them."""
    changed = (*file.added, *file.removed)
    return posixpath.basename(file.path) in PROJECT_FILES or any(
        _SPEAKS.search(line.text.encode()) for line in changed
    )


def _held(tree: Tree, folder: str) -> _Held:
    """The models, seeds and snapshots of a project with the settings in force."""
    from meta_pipeline.schedulers.dbt.static.found import Finder
    from meta_pipeline.schedulers.dbt.static.macros import macros_of

    project = read_project(tree, folder)
    if not isinstance(project, Project):
        return {}
    macros, _ = macros_of(tree, project, {})
    finder = Finder(tree, project, read_properties(tree, project), macros)
    return {(one.kind, one.id): one for one in finder.relations()}


def _sources_moved(change: Change, folder: str, lines: ChangedLines) -> Iterator[Weighed]:
    """Sources that are now read from another table than before."""
    sides = [read_project(tree, folder) for tree in (change.base, change.head)]
    before, after = (
        {
            one.name: one
            for one in read_properties(tree, side).resources
            if one.kind == "source" and "{" not in (one.relation or "{")
        }
        if isinstance(side, Project)
        else {}
        for tree, side in zip((change.base, change.head), sides, strict=True)
    )
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name].relation, after[name].relation
        if was != now:
            spot = lines.near(after[name].path, after[name].line, "schema", [name.partition(".")[0]])
            yield weighed(
                "needs_approval",
                f"the source {name} is now read from {now} instead of {was}; all that is built on it may change",
                "have a person confirm that both hold the same",
                path=spot.path,
                line=spot.line,
            )


def _apart(old: "Found", new: "Found") -> Iterator[tuple[str, str]]:
    """The setting that differs, and what that does."""
    what = f"{new.kind} {new.id}"
    where = [one.relation for one in (old, new)]
    if None not in where and where[0] != where[1] and UNRESOLVED not in "".join(map(str, where)):
        field = next(
            (f for f in ("alias", "schema", "database") if _value(old, f) != _value(new, f)), "schema"
        )
        yield (
            field,
            (
                f"{what} is now written to {where[1]} instead of {where[0]}; who reads the former reads what is never "
                "brought up to date again"
            ),
        )
    if new.kind == "snapshot":
        for field, why in _HISTORY.items():
            if _known(old, new, field) and _value(old, field) != _value(new, field):
                yield (
                    field,
                    f"{field} of {what} is now {_text(new, field)} instead of {_text(old, field)}; {why}",
                )
        if _ends_deleted(old) and not _ends_deleted(new):
            yield (
                "hard_deletes",
                f"{what} no longer ends the rows that its source deletes; they look valid for ever",
            )
    if new.kind == "seed":
        types, now = _value(old, "column_types") or {}, _value(new, "column_types") or {}
        lost = (
            [name for name, kind in types.items() if now.get(name) != kind] if isinstance(types, dict) else []
        )
        if lost and isinstance(now, dict):
            yield (
                "column_types",
                f"column {lost[0]} of {what} is no longer loaded as {types[lost[0]]}; its readers rely on it",
            )
    if new.kind == "model":
        yield from _of_model(what, old, new)


def _of_model(what: str, old: "Found", new: "Found") -> Iterator[tuple[str, str]]:
    was, now = old.materialized, new.materialized
    if UNRESOLVED in (was, now):
        return
    if was == "incremental" and now in ("table", "view", "ephemeral"):
        yield (
            "materialized",
            (
                f"{what} is now a {now} and no longer incremental; rows that its sources no longer hold are lost"
            ),
        )
    elif was in _KEPT_TABLES and now == "ephemeral":
        yield (
            "materialized",
            f"{what} is now ephemeral; its {was} stays as it is and is never brought up to date again",
        )
    elif was == now == "incremental" and _known(old, new, "unique_key"):
        keys = [_value(one, "unique_key") for one in (old, new)]
        if None not in keys and keys[0] != keys[1]:
            yield (
                "unique_key",
                (
                    f"unique_key of {what} is now {keys[1]} instead of {keys[0]}; rows that are there are no longer "
                    "known as the same, and may be added twice or overwritten"
                ),
            )


def _ends_deleted(one: "Found") -> bool:
    """Whether a snapshot sees that a row is gone, in the spelling of either release of dbt."""
    return _value(one, "invalidate_hard_deletes") is True or _value(one, "hard_deletes") in (
        "invalidate",
        "new_record",
    )


def _value(one: "Found", field: str) -> Any:
    value = one.config.get(field)
    if value is None and field in ("schema", "database"):
        value = one.config.get(f"target_{field}")
    return [value] if field == "unique_key" and isinstance(value, str) else value


def _text(one: "Found", field: str) -> str:
    value = _value(one, field)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "not set")


def _known(old: "Found", new: "Found", field: str) -> bool:
    """Whether both sides tell the value of a setting."""
    from meta_pipeline.schedulers.dbt.static.evaluation import UNKNOWN

    return UNKNOWN not in (old.config.get(field), new.config.get(field))


def _naming_macros(change: Change) -> Iterator[Weighed]:
    """Macros in place of dbt's own that are new, or do something else."""
    for file in change.files:
        if not file.path.endswith(".sql") or file.new is None or b"macro" not in file.new:
            continue
        before = {one["name"]: b"".join(one["body"].split()) for one in _NAMING.finditer(file.old or b"")}
        moved = {
            b"".join(one["body"].split())
            for other in change.files
            if other.status == "deleted" and posixpath.basename(other.path) == posixpath.basename(file.path)
            for one in _NAMING.finditer(other.old or b"")
        }
        for one in _NAMING.finditer(file.new):
            body = b"".join(one["body"].split())
            if body == before.get(one["name"]) or body in moved:
                continue
            name = one["name"].decode()
            yield weighed(
                "needs_approval",
                f"dbt calls the macro {name} for every model, and it {'does something else' if before else 'is new'}: "
                "all of them may be written or read elsewhere, and what is there stays behind",
                "have a person compare where models are written before and after",
                path=file.path,
                line=file.new.count(b"\n", 0, one.start()) + 1,
            )
