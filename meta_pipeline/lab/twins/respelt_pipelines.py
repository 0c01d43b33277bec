"""The same pipelines in other words or at another place."""

import ast
import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.cron import is_cron, same_schedule
from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    is_pipeline_file,
    pipeline_calls,
    settings,
)
from meta_pipeline.lab.python_source import PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY, mentions
from meta_pipeline.lab.yaml_source import yaml_of

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


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
            new = respelt(text, presets=base.scheduler == "airflow") if text else None
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
                respelt(entry.value_text or "", presets=False)
                if entry.key in {"cron", "cron_schedule"}
                else None
            )
            if new is not None:
                edit = document.value_edit(entry, f'"{new}"')
                yield Change(document.text, [edit]).twin(f"spells {entry.value_text} as {new}")


def respelt(text: str, *, presets: bool) -> str | None:
    """The same cron or preset in other words; None where there are none that everybody knows."""
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
    keeps_pipelines = True
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
