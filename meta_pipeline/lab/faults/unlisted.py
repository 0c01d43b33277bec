"""Definitions that are still there, and that nothing runs any more."""

import ast
import posixpath
import random
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.python_source import (
    PythonSource,
    keyword_of,
    python_of,
)
from meta_pipeline.lab.repository import ANY, mentions
from meta_pipeline.lab.sql_source import config_call, is_dbt_model
from meta_pipeline.lab.yaml_source import yaml_of


class DefinitionUnlisted(Mutator):
    """A job, a schedule, a check, a deployment or a model is unlisted or turned off.

    Its code is still there, but nothing runs it any more, and no error says so.
    """

    id = "definition-unlisted"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None and base.scheduler == "dagster":
            for call in source.calls:
                if not (source.name(call.func) or "").endswith("Definitions"):
                    continue
                for keyword in call.keywords:
                    if keyword.arg not in {"jobs", "schedules", "sensors", "asset_checks", "assets"}:
                        continue
                    # A job that a schedule or sensor of the list runs is found through it.
                    others = keyword_of(call, "schedules") or keyword_of(call, "sensors")
                    if keyword.arg == "jobs" and others is not None:
                        continue
                    items = keyword.value.elts if isinstance(keyword.value, ast.List) else []
                    for item in items:
                        edit = source.text.without_item(source.span(item))
                        yield Change(source.text, [edit], [source.span(keyword)]).fault(
                            f"takes {source.source(item)} out of the {keyword.arg} that are defined"
                        )
            yield from _stopped(source)
        if is_dbt_model(base):
            yield from _disabled(base)
        document = yaml_of(base)
        if document is None or base.scheduler != "prefect":
            return
        for found in document.items():
            if found.path == ("deployments",) and len(found.parent.value) > 1:
                whole = document.text.without_lines(found.span)
                first = document.around(found)
                near = [] if first is None else [(first.span[0], document.text.end_of_line(first.span[0]))]
                yield Change(document.text, [whole], near).fault("takes a deployment out")
            elif found.path == ("deployments", "schedules"):
                edit = document.without(found)
                yield Change(document.text, [edit], document.near(found)).fault(
                    "takes a deployment's schedule out"
                )


def _stopped(source: PythonSource) -> Iterator[Mutation]:
    """A schedule or sensor that ran from its deployment on, and now has to be started by hand."""
    for call in source.calls:
        status = keyword_of(call, "default_status")
        if status is not None and source.source(status.value).endswith(".RUNNING"):
            end = source.span(status.value)[1]
            edit = Edit(end - len("RUNNING"), end, "STOPPED")
            yield Change(source.text, [edit], [source.span(call)]).fault("no longer starts by itself")


def _disabled(base: Base) -> Iterator[Mutation]:
    """A model that others read, turned off."""
    text = Text.of(base)
    name = posixpath.splitext(posixpath.basename(base.path))[0]
    readers = [Place(path, line, line) for path, line in mentions(base, name, ends=(".sql",))]
    if text is None or not readers:
        return
    inside = config_call(text)
    if inside is None:
        edit = Edit(0, 0, "{{ config(enabled=false) }}\n\n")
    elif "enabled" in text.value[slice(*inside)]:
        return
    else:
        edit = Edit(
            inside[0], inside[0], "enabled=false, " if text.value[slice(*inside)].strip() else "enabled=false"
        )
    yield Change(text, [edit], places=readers[:20]).fault(f"turns {name} off, which others read")
