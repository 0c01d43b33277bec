"""Harmless changes of pipelines: safer than before, better described, spelt otherwise, or new and done right."""

import ast
import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.cron import is_cron, same_schedule
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
from meta_pipeline.lab.python_source import PythonSource, entry_span, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY, PYTHON, mentions
from meta_pipeline.lab.yaml_source import yaml_of

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


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
        delta = next((name for name, full in source.imported.items() if full == "datetime.timedelta"), None)
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


class ScheduleRespelt(Mutator):
    """The same schedule in other words: `@daily` for `0 0 * * *`, `MON-FRI` for `1-5`, 24 hours for a day."""

    id = "schedule-respelt"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        names = ("schedule", "schedule_interval", "cron_schedule", "cron")
        for setting in settings(source, base.scheduler, *names) if source else ():
            assert source is not None
            text = text_value(setting.value)
            new = _respelt(text, presets=base.scheduler == "airflow") if text else None
            if new is not None:
                yield Change(source.text, [Edit(*source.span(setting.value), f'"{new}"')]).twin(
                    f"spells {text} as {new}"
                )
        for call in source.calls if source else ():
            assert source is not None
            if (
                (source.name(call.func) or "").endswith("timedelta")
                and len(call.keywords) == 1
                and not call.args
            ):
                keyword = call.keywords[0]
                value = keyword.value
                factor = {"days": ("hours", 24), "hours": ("minutes", 60), "minutes": ("seconds", 60)}.get(
                    keyword.arg or ""
                )
                if factor and isinstance(value, ast.Constant) and isinstance(value.value, int):
                    edit = Edit(*source.span(keyword), f"{factor[0]}={value.value * factor[1]}")
                    yield Change(source.text, [edit]).twin("spells a duration in a smaller unit")
        document = yaml_of(base)
        for entry in document.entries() if document else ():
            assert document is not None
            new = (
                _respelt(entry.value_text or "", presets=False)
                if entry.key in {"cron", "cron_schedule"}
                else None
            )
            if new is not None:
                edit = document.value_edit(entry, f'"{new}"')
                yield Change(document.text, [edit]).twin(f"spells {entry.value_text} as {new}")


def _respelt(text: str, *, presets: bool) -> str | None:
    if presets and (same := same_schedule(text)) is not None:
        return same
    if not is_cron(text):
        return None
    minute, hour, day, month, weekday = text.split()
    span = re.fullmatch(r"([0-6])(?:-([0-6]))?", weekday)
    if span is not None:
        names = [_WEEKDAYS[int(part)] for part in span.groups() if part]
        return " ".join((minute, hour, day, month, "-".join(names)))
    every = re.fullmatch(r"\*/(\d+)", minute)
    if every is not None and int(every.group(1)) > 4 and 60 % int(every.group(1)) == 0:
        return " ".join((",".join(map(str, range(0, 60, int(every.group(1))))), hour, day, month, weekday))
    if minute.isdigit() and len(minute) == 1:
        return " ".join((f"0{minute}", hour, day, month, weekday))
    return None


class FileMoved(Mutator):
    """A DAG's file goes to a folder of its own inside the same folder, as it is."""

    id = "file-moved"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        folder, name = posixpath.split(base.path)
        stem = posixpath.splitext(name)[0]
        data = base.tree.read(base.path)
        where = posixpath.join(folder, dice.choice(["core", "daily", "team"]), name)
        if data is None or not folder or where in base.tree.entries():
            return
        if base.path.endswith(".sql"):
            is_model = "/models/" in f"/{folder}/" and base.scheduler in {"dbt", "dagster"}
            listed = mentions(base, name, ends=(".yml", ".yaml", ".py", ".md", ".toml"))
            if is_model and not listed and folder.rsplit("/", 1)[-1] != "models":
                yield Mutation({base.path: None, where: data}, (), f"moves {name} one folder down")
            return
        source = python_of(base)
        if source is None or base.scheduler != "airflow" or not is_pipeline_file(source, "airflow"):
            return
        reads_place = re.search(
            r"__file__|template_searchpath|\.sql['\"]|^from \.", source.text.value, re.MULTILINE
        )
        is_dag = any(kind == "pipeline" for _, kind in pipeline_calls(source, "airflow"))
        used = mentions(base, stem, ends=(".py", ".yml", ".yaml", ".toml", ".cfg", ".sh", "Dockerfile"))
        imports_near = any(
            f"{folder}/{full.lstrip('.').split('.')[0]}.py" in base.tree.entries()
            for full in source.imported.values()
        )
        if is_dag and not reads_place and not used and not imports_near:
            yield Mutation({base.path: None, where: data}, (), f"moves {name} one folder down")


class TaskFromHelper(Mutator):
    """A task is made by a function, in the same DAG, with the same id and the same arguments."""

    id = "task-from-helper"
    schedulers = frozenset({"airflow"})
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, "airflow"):
            return
        bound = _module_names(source)
        for block in source.tree.body:
            if not isinstance(block, ast.With):
                continue
            for node in block.body:
                if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                    continue
                target, call = node.targets[0], node.value
                used = {name.id for name in ast.walk(call) if isinstance(name, ast.Name)}
                if not isinstance(target, ast.Name) or not keyword_of(call, "task_id") or not used <= bound:
                    continue
                name = f"make_{target.id}"
                at = source.statement(block)[0]
                new = f"def {name}():\n    return {source.source(call)}\n\n\n"
                if name not in source.bound:
                    edits = [Edit(at, at, new), Edit(*source.span(call), f"{name}()")]
                    yield Change(source.text, edits).twin(f"makes the task of `{target.id}` in a function")


def _module_names(source: PythonSource) -> set[str]:
    """What is bound at the top of the module, by statements and imports, and the builtins of literals."""
    found = {"str", "int", "dict", "list", "len", "True", "False", "None"}
    for node in source.tree.body:
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


class DefaultAdded(Mutator):
    """`default_args` gets an entry that says what holds already: no run waits for the one before it."""

    id = "default-spelt-out"
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
