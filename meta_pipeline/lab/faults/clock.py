"""Work that goes by the clock, where it must go by the run's own date."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import calls_around, is_pipeline_file
from meta_pipeline.lab.python_source import PythonSource, python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.sql_source import (
    sql_regions,
)

_DBT_DATE = re.compile(r"'\{\{\s*var\(\s*['\"]\w*(?:date|day)\w*['\"][^}]*\}\}'")


class ClockAsKey(Mutator):
    """The rows of an interval are picked or marked by the clock, not by the run's own date.

    A backfill or a late retry then reads and writes another day than it says.
    """

    id = "clock-as-interval"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        text = Text.of(base) if base.path.endswith(".sql") else None
        if source is not None and not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            for region in sql_regions(base):
                for found in re.finditer(r"'\{\{\s*ds\s*\}\}'", region.value):
                    start = region.span[0] + found.start()
                    edit = Edit(start, start + len(found.group()), "CURRENT_DATE")
                    yield Change(region.text, [edit]).fault("goes by CURRENT_DATE in place of the run's date")
            yield from self._templates(source)
        for found in _DBT_DATE.finditer(text.value) if text else ():
            assert text is not None
            edit = Edit(found.start(), found.end(), "current_date")
            yield Change(text, [edit]).fault("goes by current_date in place of the run's date")
        if source is None:
            return
        for node in source.nodes:
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "partition_key"
                and isinstance(node.value, ast.Name)
            ):
                if node.value.id != "context" or source.function_of(node) is None:
                    continue
                yield from self._now(source, node)
            elif isinstance(node, ast.Subscript) and text_value(node.slice) in {
                "ds",
                "logical_date",
                "data_interval_start",
            }:
                yield from self._now(source, node)

    def _templates(self, source: PythonSource | None) -> Iterator[Mutation]:
        """Templates of arguments: the day of the run becomes today's."""
        for node in source.nodes if source else ():
            value = text_value(node)
            if source is None or value is None or not isinstance(node, ast.expr):
                continue
            # The name of a cluster or a message may hold any day; a date that is worked on may not.
            if value != "{{ ds }}" and not re.search(r"(date|day|partition|dt|\$)\W{0,3}\{\{ ds \}\}", value):
                continue
            start, end = source.span(node)
            at = source.text.value.find("{{ ds }}", start, end)
            if at < 0 or isinstance(source.parents.get(node), ast.JoinedStr):
                continue
            around = calls_around(source, node)[:1]
            edit = Edit(at, at + len("{{ ds }}"), "{{ macros.datetime.now().date() }}")
            yield Change(source.text, [edit], around).fault("goes by the clock in place of the run's date")

    def _now(self, source: PythonSource, node: ast.Attribute | ast.Subscript) -> Iterator[Mutation]:
        if isinstance(node.ctx, ast.Store):
            return
        function = source.function_of(node)
        added: list[Edit] = []
        names = {full: name for name, full in source.imported.items()}
        if "datetime.datetime" in names:
            new = f'{names["datetime.datetime"]}.now().strftime("%Y-%m-%d")'
        elif "datetime.date" in names:
            new = f"{names['datetime.date']}.today().isoformat()"
        elif "datetime" in names:
            new = f"{names['datetime']}.date.today().isoformat()"
        else:
            new = "datetime.date.today().isoformat()"
            at = source.after_imports()
            added = [Edit(at, at, "import datetime\n")] if "datetime" not in source.bound else []
            if not added:
                return
        start, end = source.span(node)
        if isinstance(source.parents.get(node), ast.FormattedValue):
            return  # most often a message
        near = [source.signature_line(function)] if function else []
        yield Change(source.text, [Edit(start, end, new), *added], near).fault(
            f"goes by {new} in place of the run's date"
        )
