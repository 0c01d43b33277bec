"""Two DAGs, tasks, assets, flows or models of one name."""

import ast
import posixpath
import random
from collections.abc import Iterator
from itertools import pairwise

from meta_pipeline.lab.editing import Change, Edit, Text, added_file
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file, pipeline_calls
from meta_pipeline.lab.python_source import PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.sql_source import is_built, is_dbt_model
from meta_pipeline.lab.yaml_source import YamlSource, yaml_of


class DuplicateId(Mutator):
    """Two DAGs, tasks, assets, jobs, deployments or models get the same id, as when one is copied from another.

    The scheduler refuses to load them, or silently keeps one of the two.
    """

    id = "duplicate-id"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if is_dbt_model(base) and is_built(base):
            yield from self._model(base)
        if base.scheduler == "prefect" and (document := yaml_of(base)) is not None:
            yield from self._deployments(document)
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            yield from self._airflow(source, dice)
        elif base.scheduler == "dagster":
            yield from self._dagster(source, dice)
        else:
            yield from self._flows(source, dice)

    def _model(self, base: Base) -> Iterator[Mutation]:
        text = Text.of(base)
        folder, name = posixpath.split(base.path)
        other = posixpath.join(folder, "copy" if posixpath.basename(folder) != "copy" else "more", name)
        if text is not None and text.value.strip() and other not in base.tree.entries():
            yield added_file(
                other, text.value, [(1, text.count)], f"adds a second model of the name {name[:-4]}"
            )

    def _deployments(self, document: YamlSource) -> Iterator[Mutation]:
        names = [entry for entry in document.entries() if entry.path == ("deployments", "name")]
        for entry, other in pairwise(names):
            # The same name for two flows is two deployments.
            if _flow_of(document, entry.parent) == _flow_of(document, other.parent):
                edit = document.value_edit(other, entry.value_text or "")
                yield Change(document.text, [edit]).fault(f"two deployments are called {entry.value_text}")

    def _airflow(self, source: PythonSource, dice: random.Random) -> Iterator[Mutation]:
        for call, kind in pipeline_calls(source, "airflow"):
            dag = keyword_of(call, "dag_id")
            value = dag.value if dag else call.args[0] if kind == "pipeline" and call.args else None
            stem = posixpath.splitext(source.text.path)[0]
            line = None if value is None else source.text.line(source.span(value)[0])
            if kind == "pipeline" and line is not None and text_value(value):
                first = source.text.line(source.span(call)[0])
                content = source.text.value.replace("\r\n", "\n")
                where = f"{stem}_{dice.choice(['copy', 'v2', 'new', 'backfill'])}.py"
                says = f"copies the file with its DAG id `{text_value(value)}`"
                yield added_file(where, content, [(first, line), (1, 1)], says)
                break
        tasks = [
            (call, keyword)
            for call, kind in pipeline_calls(source, "airflow")
            if (keyword := keyword_of(call, "task_id")) and kind == "task" and text_value(keyword.value)
        ]
        for (call, one), (other, two) in pairwise(tasks):
            parents = [source.parents.get(source.statement_of(node)) for node in (call, other)]
            if parents[0] is parents[1] and text_value(one.value) != text_value(two.value):
                edit = Edit(*source.span(two.value), source.source(one.value))
                yield Change(source.text, [edit], [source.span(other)]).fault(
                    f"two tasks are called `{text_value(one.value)}`"
                )

    def _dagster(self, source: PythonSource, dice: random.Random) -> Iterator[Mutation]:
        assets = [found for found in decorated_by(source, "dagster:asset") if found.name.endswith(".asset")]
        plain = [
            found
            for found in assets
            if not (found.call and any(keyword_of(found.call, k) for k in ("name", "key", "key_prefix")))
        ]
        for one, other in pairwise(plain):
            near = [source.signature_line(other.function), source.span(other.decorator)]
            name = f'name="{one.function.name}"'
            if other.call is None:
                edit = Edit(source.span(other.decorator)[1], source.span(other.decorator)[1], f"({name})")
            else:
                edit = source.with_keyword(other.call, name)
            yield Change(source.text, [edit], near).fault(f"two assets are called `{one.function.name}`")
        for kind in ("define_asset_job", "ScheduleDefinition"):
            named = [
                (call, value)
                for call in source.calls
                if (source.name(call.func) or "").endswith(kind) and (value := _name_given(call)) is not None
            ]
            for (_, one_name), (call, other_name) in pairwise(named):
                edit = Edit(*source.span(other_name), source.source(one_name))
                yield Change(source.text, [edit], [source.span(call)]).fault(
                    f"two are called {text_value(one_name)}"
                )

    def _flows(self, source: PythonSource, dice: random.Random) -> Iterator[Mutation]:
        flows = list(decorated_by(source, "prefect:flow"))
        for one, other in pairwise(flows):
            name = text_value(_name_given(one.call)) or one.function.name.replace("_", "-")
            own = None if other.call is None else _name_given(other.call)
            near = [source.signature_line(other.function), source.span(other.decorator)]
            end = source.span(other.decorator)[1]
            if own is not None:
                edit = Edit(*source.span(own), f'"{name}"')
            elif other.call is not None:
                edit = source.with_keyword(other.call, f'name="{name}"')
            else:
                edit = Edit(end, end, f'(name="{name}")')
            if text_value(own) != name:
                yield Change(source.text, [edit], near).fault(f"two flows are called `{name}`")


def _name_given(call: ast.Call | None) -> ast.expr | None:
    """The plain string that a call gives as its name."""
    if call is None:
        return None
    keyword = keyword_of(call, "name")
    value = keyword.value if keyword else call.args[0] if call.args else None
    return value if text_value(value) else None


def _flow_of(document: YamlSource, parent: object) -> str:
    values = {str(key.value): value for key, value in getattr(parent, "value", [])}
    return str(getattr(values.get("entrypoint"), "value", ""))
