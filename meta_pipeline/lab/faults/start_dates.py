"""From when pipelines run, and by which clock: start dates and time zones."""

import ast
import random
import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.cron import is_each_hour
from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    calls_around,
    is_off,
    is_pipeline_file,
    is_timed,
    is_untimed_dag,
    parents_of,
    settings,
)
from meta_pipeline.lab.python_source import PythonSource, python_of, text_value
from meta_pipeline.lab.repository import PYTHON
from meta_pipeline.lab.yaml_source import yaml_of

_YEAR = re.compile(r"\b(20[0-3]\d)\b")


class StartDateMoved(Mutator):
    """The start date of a DAG or of partitions is moved: into a year to come, or years back where runs catch up.

    The pipeline stands still without an error, loses partitions that exist, or floods the warehouse with old runs.
    """

    id = "start-date-moved"
    seen_by = "load"
    schedulers: ClassVar = frozenset({"airflow", "dagster"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for setting in settings(source, base.scheduler, "start_date", "start"):
            start, end = source.span(setting.value)
            year = _YEAR.search(source.text.value[start:end])
            if base.scheduler == "airflow" and not is_timed(source, setting):
                continue
            if year is None or "now(" in source.text.value[start:end]:
                continue
            back = self._catches_up(source, base.scheduler) and dice.random() < 0.5
            new = int(year.group()) - dice.randint(2, 6) if back else 2034 + dice.randint(0, 5)
            edit = Edit(start + year.start(), start + year.end(), str(new))
            yield Change(source.text, [edit], setting.near).fault(
                f"moves the start date from {year.group()} to {new}"
            )

    def _catches_up(self, source: PythonSource, scheduler: str) -> bool:
        if scheduler != "airflow":
            return False
        found = list(settings(source, "airflow", "catchup"))
        return bool(found) and not any(is_off(setting.value) for setting in found)


class TimezoneLost(Mutator):
    """The time zone of a schedule or of a start date is taken out, or another one is given.

    Runs move by hours, and twice a year by one more; data intervals no longer match the business date.
    """

    id = "timezone-lost"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None and is_pipeline_file(source, base.scheduler):
            for call in source.calls:
                for keyword in call.keywords:
                    if keyword.arg in {"tz", "timezone", "execution_timezone", "tzinfo"}:
                        yield from self._lost(source, call, keyword, dice)
        if (document := yaml_of(base)) is None or ".github/" in base.path:
            return
        for entry in document.entries():
            if (
                entry.key not in {"timezone", "execution_timezone", "default_timezone"}
                or entry.value_text is None
            ):
                continue
            if document.text.value[entry.value.start_mark.index] == "&" or entry.value_text == "":
                continue
            crons = [
                getattr(document.siblings(entry).get(key), "value", "") for key in ("cron", "cron_schedule")
            ]
            if any(is_each_hour(str(cron)) for cron in crons):
                continue
            if entry.value_text in {"UTC", "Etc/UTC"}:
                edit = document.value_edit(entry, "America/New_York")
            elif dice.random() < 0.5 and len(document.siblings(entry)) > 1:
                edit = document.without(entry)
            else:
                edit = document.value_edit(entry, "UTC")
            yield Change(document.text, [edit], document.near(entry)).fault(
                f"loses the time zone {entry.value_text}"
            )

    def _lost(
        self, source: PythonSource, call: ast.Call, keyword: ast.keyword, dice: random.Random
    ) -> Iterator[Mutation]:
        called = (source.name(call.func) or "").rsplit(".", 1)[-1]
        around = [node for node in parents_of(source, call) if isinstance(node, ast.Call)]
        texts = [text_value(keyword.value) or "" for node in around for keyword in node.keywords]
        if any(is_each_hour(text) for text in texts):
            return
        if source.function_of(call) is None and any(
            isinstance(node, ast.Call) and is_untimed_dag(source, node) for node in parents_of(source, call)
        ):
            return
        if called in {"now", "today", "fromtimestamp", "astimezone", "parse"} or is_off(keyword.value):
            return
        written = source.source(keyword.value)
        near = calls_around(source, call)
        is_utc = re.search(r"utc", written, re.IGNORECASE) is not None
        if is_utc and text_value(keyword.value):
            edit = Edit(*source.span(keyword.value), '"America/New_York"')
            yield Change(source.text, [edit], near).fault(f"gives another time zone than {written}")
        elif not is_utc:
            edit = source.text.without_item(source.span(keyword))
            if text_value(keyword.value) and dice.random() < 0.5:
                edit = Edit(*source.span(keyword.value), '"UTC"')
            yield Change(source.text, [edit], near).fault(f"loses the time zone {written}")


class DynamicStartDate(Mutator):
    """The start date is the time at which the file is read: `datetime.now()`.

    It moves on with each parse, so the interval never ends and the DAG never runs, or partitions come and go.
    """

    id = "dynamic-start-date"
    schedulers: ClassVar = frozenset({"airflow", "dagster"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for setting in settings(source, base.scheduler, "start_date"):
            value = setting.value
            if (
                not isinstance(value, ast.Call)
                or base.scheduler == "dagster"
                or not is_timed(source, setting)
            ):
                continue
            called = source.source(value.func)
            full = source.name(value.func) or ""
            if full not in {"datetime.datetime", "pendulum.datetime"} and not full.endswith("days_ago"):
                continue
            new = (
                f"{called}.now()" if full == "datetime.datetime" else called.replace("datetime", "now") + "()"
            )
            if full.endswith("days_ago"):
                continue
            if full == "datetime.datetime" and called == "datetime.datetime" and dice.random() < 0.3:
                new = "datetime.datetime.today()"
            edit = Edit(*source.span(value), new)
            yield Change(source.text, [edit], setting.near).fault(
                f"starts at {new}, which moves with each parse"
            )
        if base.scheduler == "dagster":
            yield from self._partitions(source)

    def _partitions(self, source: PythonSource) -> Iterator[Mutation]:
        for setting in settings(source, "dagster", "start_date"):
            called = next(
                (name for name, full in source.imported.items() if full == "datetime.datetime"), None
            )
            if text_value(setting.value) and called:
                new = f'{called}.now().strftime("%Y-%m-%d")'
                edit = Edit(*source.span(setting.value), new)
                yield Change(source.text, [edit], setting.near).fault(
                    f"starts at {new}, which moves with each load"
                )
