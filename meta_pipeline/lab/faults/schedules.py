"""When pipelines run, changed: other schedules, and catchup."""

import ast
import random
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.cron import other_schedule
from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    Setting,
    calls_around,
    is_off,
    is_timed,
    pipeline_calls,
    settings,
)
from meta_pipeline.lab.python_source import PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.yaml_source import yaml_of

_SCHEDULE_NAMES = {
    "airflow": ("schedule", "schedule_interval"),
    "dagster": ("cron_schedule", "cron"),
    "prefect": ("cron", "interval", "schedule"),
    "dbt": ("cron_schedule", "schedule"),
}
_UNITS = ("seconds", "minutes", "hours", "days", "weeks")


class ScheduleChanged(Mutator):
    """A pipeline runs at other times than before: another hour, each minute, weekly in place of daily, or never.

    Readers get their data late or not at all, or a source is asked sixty times as often.
    """

    id = "schedule-changed"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None:
            for setting in settings(source, base.scheduler, *_SCHEDULE_NAMES[base.scheduler]):
                yield from _changed(source, setting, dice)
            if base.scheduler in {"airflow", "dagster", "prefect"}:
                yield from _changed_inside(source, dice)
        yield from self._yaml(base, dice)

    def _yaml(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or (".github/" in base.path and base.scheduler != "dbt"):
            return
        keys = {"cron", "cron_schedule", "schedule", "schedule_interval", "interval"}
        for entry in document.entries():
            if entry.key not in keys or entry.value_text is None:
                continue
            new = other_schedule(entry.value_text, dice)
            if new is None and entry.key == "interval" and entry.value_text.isdigit():
                new = str(int(entry.value_text) // 60 or 1)
            if new is not None and document.text.value[entry.value.start_mark.index] != "&":
                new = new if new.isdigit() else f'"{new}"'
                edit = document.value_edit(entry, new)
                yield Change(document.text, [edit], document.near(entry)).fault(
                    f"runs at {new} in place of {entry.value_text}"
                )


def _changed(source: PythonSource, setting: Setting, dice: random.Random) -> Iterator[Mutation]:
    value = setting.value
    text = text_value(value)
    new = None if text is None else other_schedule(text, dice)
    if new is not None:
        new = "None" if setting.name.startswith("schedule") and dice.random() < 0.15 else f'"{new}"'
    if new is not None:
        edit = Edit(*source.span(value), new)
        yield Change(source.text, [edit], setting.near).fault(
            f"runs at {new} in place of {source.source(value)}"
        )


def _changed_inside(source: PythonSource, dice: random.Random) -> Iterator[Mutation]:
    """Schedules that are objects: `timedelta(hours=1)`, `CronTriggerTimetable("...")`, `on_cron("...")`."""
    for call in source.calls:
        name = (source.name(call.func) or "").rsplit(".", 1)[-1]
        if not isinstance(call.func, ast.Name | ast.Attribute):
            continue
        near = calls_around(source, call)
        if name in {"CronTriggerTimetable", "CronDataIntervalTimetable", "CronSchedule", "Cron", "on_cron"}:
            first = call.args[0] if call.args else getattr(keyword_of(call, "cron"), "value", None)
            text = text_value(first)
            new = None if text is None else other_schedule(text, dice)
            if first is not None and new is not None and not _is_setting_of_cron(call, first):
                edit = Edit(*source.span(first), f'"{new}"')
                yield Change(source.text, [edit], near).fault(f"runs at `{new}` in place of `{text}`")
        elif name == "eager" and (source.name(call.func) or "").startswith("dagster"):
            start, end = source.span(call)
            new = source.text.value[start:end].replace("eager()", 'on_cron("0 0 1 * *")')
            if new != source.text.value[start:end]:
                yield Change(source.text, [Edit(start, end, new)], near).fault(
                    "is made once a month in place of whenever what it reads is new"
                )
        elif name == "timedelta" and _is_schedule_value(source, call):
            keyword = next((keyword for keyword in call.keywords if keyword.arg in _UNITS), None)
            if keyword is not None and keyword.arg:
                start, end = source.span(keyword)
                unit = _UNITS[(_UNITS.index(keyword.arg) + dice.choice([-1, 1])) % len(_UNITS)]
                edit = Edit(start, start + len(keyword.arg), unit)
                yield Change(source.text, [edit], near).fault(f"runs each so many {unit}, not {keyword.arg}")


def _is_setting_of_cron(call: ast.Call, first: ast.expr) -> bool:
    """Whether the value was changed already, as a keyword argument of its own."""
    keyword = keyword_of(call, "cron")
    return keyword is not None and keyword.value is first


def _is_schedule_value(source: PythonSource, call: ast.Call) -> bool:
    parent = source.parents.get(call)
    return isinstance(parent, ast.keyword) and parent.arg in {"schedule", "schedule_interval", "interval"}


class CatchupOn(Mutator):
    """Catchup is turned on: the scheduler starts a run for each interval since the start date.

    Hundreds of runs at once press sources and warehouse, and may send again what was sent.
    """

    id = "catchup-on"
    seen_by = "load"
    schedulers: ClassVar = frozenset({"airflow"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for setting in settings(source, "airflow", "catchup"):
            if is_off(setting.value) and setting.scope == "pipeline" and is_timed(source, setting):
                edit = Edit(*source.span(setting.value), "True")
                yield Change(source.text, [edit], setting.near).fault("turns catchup on")
        # Since Airflow 3, whose module this is, a DAG that says nothing does not catch up.
        if any(name.startswith("airflow.sdk.") for name in source.imported.values()):
            for call, kind in pipeline_calls(source, "airflow"):
                if kind == "pipeline" and not keyword_of(call, "catchup") and keyword_of(call, "start_date"):
                    setting = Setting("catchup", call, source.span(call), "pipeline", (), call)
                    if is_timed(source, setting):
                        edit = source.with_keyword(call, "catchup=True")
                        yield Change(source.text, [edit], [source.span(call)]).fault("turns catchup on")
