"""Pipelines that are safer than before, or better described."""

import ast
import random
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    decorated_by,
    default_args,
    is_off,
    is_pipeline_file,
    pipeline_calls,
    settings,
)
from meta_pipeline.lab.python_source import entry_span, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY, PYTHON
from meta_pipeline.lab.yaml_source import yaml_of


class RetriesRaised(Mutator):
    """A task gets one or two attempts more."""

    id = "retries-raised"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for setting in settings(source, base.scheduler, "retries", "max_retries") if source else ():
            assert source is not None
            value = setting.value
            if isinstance(value, ast.Constant) and isinstance(value.value, int) and 0 <= value.value < 5:
                new = str(value.value + dice.choice([1, 2]))
                yield Change(source.text, [Edit(*source.span(value), new)]).twin(f"raises retries to {new}")


class TimeoutAdded(Mutator):
    """What had no limit gets a generous one of half a day."""

    id = "timeout-added"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        imported = source.imported_by_module
        delta = next((name for name, full in imported.items() if full == "datetime.timedelta"), None)
        if base.scheduler == "airflow" and delta:
            for call, kind in pipeline_calls(source, "airflow"):
                if kind == "pipeline" and call.keywords and not keyword_of(call, "dagrun_timeout"):
                    edit = source.with_keyword(call, f"dagrun_timeout={delta}(hours=12)")
                    yield Change(source.text, [edit]).twin("gives runs a limit")
        for found in (
            decorated_by(source, "prefect:flow", "prefect:task") if base.scheduler == "prefect" else ()
        ):
            if found.call is not None and not keyword_of(found.call, "timeout_seconds"):
                edit = source.with_keyword(found.call, "timeout_seconds=43200")
                yield Change(source.text, [edit]).twin("gives a flow or task a limit")
        for call in source.calls if base.scheduler == "dagster" else ():
            is_job = (source.name(call.func) or "").endswith("define_asset_job")
            if is_job and not keyword_of(call, "tags") and call.keywords:
                edit = source.with_keyword(call, 'tags={"dagster/max_runtime": "43200"}')
                yield Change(source.text, [edit]).twin("gives a job a limit")


class AlertAdded(Mutator):
    """A failure tells people who were not told before."""

    id = "alert-added"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        for setting in settings(source, base.scheduler, "email_on_failure"):
            if is_off(setting.value):
                yield Change(source.text, [Edit(*source.span(setting.value), "True")]).twin(
                    "mails on failure"
                )
        if base.scheduler == "prefect" and "tell_on_failure" not in source.bound:
            for found in decorated_by(source, "prefect:flow"):
                if (
                    found.call is None
                    or keyword_of(found.call, "on_failure")
                    or source.function_of(found.function)
                ):
                    continue
                at = source.statement(found.function)[0]
                hook = (
                    "def tell_on_failure(flow, flow_run, state):\n"
                    '    print(f"{flow.name} failed: {state.message}")\n\n\n'
                )
                edits = [Edit(at, at, hook), source.with_keyword(found.call, "on_failure=[tell_on_failure]")]
                yield Change(source.text, edits).twin("tells of a failed flow")


class TagAdded(Mutator):
    """A DAG, an asset or a flow gets one more tag, which nothing acts on."""

    id = "tag-added"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for setting in settings(source, base.scheduler, "tags") if source else ():
            assert source is not None
            value = setting.value
            last = value.elts[-1] if isinstance(value, ast.List) and value.elts else None
            if last is not None and setting.name == "tags":
                end = source.span(last)[1]
                new = f', "{dice.choice(["reporting", "reviewed"])}"'
                yield Change(source.text, [Edit(end, end, new)]).twin("adds a tag")
            elif isinstance(value, ast.Dict) and value.values and value.keys[-1] is not None:
                end = entry_span(source, value.keys[-1], value.values[-1])[1]
                yield Change(source.text, [Edit(end, end, ', "reviewed": "yes"')]).twin("adds a tag")


class DescriptionAdded(Mutator):
    """A DAG, an asset, a flow or a model that had no description gets one."""

    id = "description-added"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is not None and is_pipeline_file(source, base.scheduler):
            for call, kind in pipeline_calls(source, base.scheduler):
                name = (source.name(call.func) or "").rsplit(".", 1)[-1]
                function = source.parents.get(call)
                if isinstance(function, ast.FunctionDef) and ast.get_docstring(function):
                    continue  # which is the description
                is_described = name in {"DAG", "dag", "asset", "flow", "define_asset_job"} and kind in {
                    "pipeline",
                    "task",
                }
                if is_described and call.keywords and not keyword_of(call, "description"):
                    edit = source.with_keyword(call, 'description="What the weekly report is made from."')
                    yield Change(source.text, [edit]).twin("describes a pipeline")
        document = yaml_of(base)
        for entry in document.entries() if document else ():
            assert document is not None
            in_models = entry.path in {("models", "name"), ("models", "columns", "name")}
            if in_models and "description" not in document.siblings(entry) and not entry.parent.flow_style:
                column = entry.span[0] - document.text.start_of_line(entry.span[0])
                line = "\n" + " " * column + 'description: "As the source system gives it."'
                yield Change(document.text, [Edit(entry.span[1], entry.span[1], line)]).twin(
                    "describes a model"
                )


class DefaultAdded(Mutator):
    """`default_args` gets an entry that says what holds already: no run waits for the one before it."""

    id = "default-spelt-out"
    keeps_pipelines = True
    schedulers = frozenset({"airflow"})
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        for node in default_args(source) if source else ():
            assert source is not None
            names = {text_value(key) for key in node.keys}
            if not node.keys or node.keys[0] is None or "depends_on_past" in names:
                continue
            start = source.span(node.keys[0])[0]
            alone = not source.text.value[source.text.start_of_line(start) : start].strip()
            new = '"depends_on_past": False,' + (f"\n{source.text.indent(start)}" if alone else " ")
            yield Change(source.text, [Edit(start, start, new)]).twin("spells a default out")
