"""How pipelines wait for each other, broken: sensors, trigger rules, partition mappings."""

import ast
import random
import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    calls_around,
    decorated_by,
    is_off,
    is_pipeline_file,
    pipeline_calls,
    settings,
)
from meta_pipeline.lab.python_source import Function, PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import PYTHON, mentions


class SensorOffsetBroken(Mutator):
    """A sensor waits for another run than the one that it needs: its offset is gone or wrong, or its target misnamed.

    It waits until its timeout, or lets the DAG go on yesterday's data.
    """

    id = "sensor-offset-broken"
    schedulers: ClassVar = frozenset({"airflow", "dagster"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        for call in source.calls:
            name = (source.name(call.func) or "").rsplit(".", 1)[-1]
            near = calls_around(source, call)
            if base.scheduler == "airflow" and "Sensor" in name and keyword_of(call, "task_id"):
                for keyword in call.keywords:
                    if keyword.arg in {"execution_delta", "execution_date_fn"} and not is_off(keyword.value):
                        edit = source.text.without_item(source.span(keyword))
                        yield Change(source.text, [edit], near).fault(f"takes `{keyword.arg}` out")
                    written = source.source(keyword.value)
                    digits = re.search(r"(hours|minutes|days)=(-?\d+)", written)
                    if keyword.arg == "execution_delta" and digits:
                        at = source.span(keyword.value)[0] + digits.start(2)
                        new = str(int(digits.group(2)) + dice.choice([1, 2, 5, 24]))
                        edit = Edit(at, at + len(digits.group(2)), new)
                        yield Change(source.text, [edit], near).fault(
                            f"waits for the run {new} {digits.group(1)} earlier"
                        )
                    task = text_value(keyword.value) if keyword.arg == "external_task_id" else None
                    other = text_value(getattr(keyword_of(call, "external_dag_id"), "value", None))
                    if task and other and mentions(base, other, ends=(".py",)):
                        edit = Edit(*source.span(keyword.value), f'"{task}_done"')
                        yield Change(source.text, [edit], near).fault(
                            "waits for a task that the other DAG does not have"
                        )
            elif name.endswith(("PartitionsDefinition", "PartitionMapping")) and base.scheduler == "dagster":
                for keyword in call.keywords:
                    offset = keyword.arg in {
                        "start_offset",
                        "end_offset",
                        "hour_offset",
                        "minute_offset",
                        "day_offset",
                    }
                    if offset and isinstance(keyword.value, ast.Constant | ast.UnaryOp):
                        new = source.source(keyword.value)
                        changed = str(int(new) + 1) if re.fullmatch(r"-?\d+", new) else None
                        if changed:
                            edit = Edit(*source.span(keyword.value), changed)
                            yield Change(source.text, [edit], near).fault(
                                f"moves `{keyword.arg}` from {new} to {changed}"
                            )


class PartitionMappingWrong(Mutator):
    """Partitions no longer match: another size of them, another mapping, or none where one was given.

    An asset then reads the wrong day of what it reads, all of it, or none.
    """

    id = "partition-mapping-wrong"
    seen_by = "load"
    schedulers: ClassVar = frozenset({"dagster"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        kinds = ["Hourly", "Daily", "Weekly", "Monthly"]
        mappings = [
            "TimeWindowPartitionMapping",
            "LastPartitionMapping",
            "AllPartitionMapping",
            "IdentityPartitionMapping",
        ]
        for call in source.calls:
            last = source.source(call.func).rsplit(".", 1)[-1]
            start = source.span(call.func)[1] - len(last)
            near = calls_around(source, call)
            size = re.fullmatch(r"(Hourly|Daily|Weekly|Monthly)PartitionsDefinition", last)
            plain = isinstance(call.func, ast.Attribute)
            if size and plain and not keyword_of(call, "fmt"):
                new = dice.choice([kind for kind in kinds if kind != size.group(1)]) + "PartitionsDefinition"
                yield Change(source.text, [Edit(start, start + len(last), new)], near).fault(
                    f"makes partitions {new}, not {last}"
                )
            elif last in mappings and plain:
                new = dice.choice([kind for kind in mappings[1:3] if kind != last]) + "()"
                edit = Edit(start, source.span(call)[1], new)
                yield Change(source.text, [edit], near).fault(f"maps partitions by {new}, not {last}")
            for keyword in call.keywords:
                if keyword.arg in {"partition_mapping", "partitions_def"} and (
                    source.name(call.func) or ""
                ).startswith("dagster"):
                    under = source.parents.get(call)
                    lines = [source.signature_line(under)] if isinstance(under, Function) else []
                    edit = source.text.without_item(source.span(keyword))
                    yield Change(source.text, [edit], [*near, *lines]).fault(f"takes `{keyword.arg}` out")


class TriggerRuleLoosened(Mutator):
    """A task runs although what it waits for has failed: `all_done`, `always`, or a failure that is passed over.

    Half-made data is published as if it were whole, and the run is called a success.
    """

    id = "trigger-rule-loosened"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            for setting in settings(source, "airflow", "trigger_rule"):
                if re.search(
                    r"all_success|ALL_SUCCESS|none_failed|NONE_FAILED", source.source(setting.value)
                ):
                    edit = Edit(*source.span(setting.value), '"all_done"')
                    yield Change(source.text, [edit], setting.near).fault(
                        "runs whether or not what it waits for worked"
                    )
            behind = _not_first(source.tree)
            for call, kind in pipeline_calls(source, "airflow"):
                statement = source.statement_of(call)
                target = statement.targets[0] if isinstance(statement, ast.Assign) else None
                named = isinstance(target, ast.Name) and target.id in behind
                if (
                    kind == "task"
                    and named
                    and keyword_of(call, "task_id")
                    and not keyword_of(call, "trigger_rule")
                ):
                    rule = dice.choice(["all_done", "always", "all_done"])
                    edit = source.with_keyword(call, f'trigger_rule="{rule}"')
                    yield Change(source.text, [edit], [source.span(call)]).fault(f"runs by the rule `{rule}`")
        elif base.scheduler == "prefect":
            yield from self._prefect(source)
        for call in source.calls if base.scheduler == "dagster" else ():
            blocking = keyword_of(call, "blocking")
            if blocking is not None and not is_off(blocking.value):
                edit = Edit(*source.span(blocking.value), "False")
                yield Change(source.text, [edit], [source.span(call)]).fault(
                    "a failed check no longer stops what comes after it"
                )

    def _prefect(self, source: PythonSource) -> Iterator[Mutation]:
        for found in decorated_by(source, "prefect:flow"):
            futures = {
                node.targets[0].id
                for node in ast.walk(found.function)
                if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Attribute)
                and node.value.func.attr == "submit"
            }
            for call in ast.walk(found.function):
                if not isinstance(call, ast.Call):
                    continue
                if isinstance(call.func, ast.Attribute) and call.func.attr == "result" and not call.args:
                    edit = source.with_keyword(call, "raise_on_failure=False")
                    yield Change(source.text, [edit], [source.span(call)]).fault("passes over a failed task")
                for argument in call.args:
                    if isinstance(argument, ast.Name) and argument.id in futures:
                        at = source.after_imports()
                        edits = [
                            Edit(*source.span(argument), f"allow_failure({argument.id})"),
                            Edit(at, at, "from prefect import allow_failure\n"),
                        ]
                        yield Change(source.text, edits, [source.span(call)]).fault(
                            f"goes on although `{argument.id}` failed"
                        )


def _not_first(tree: ast.Module) -> frozenset[str]:
    """The names that stand behind a `>>`."""
    return frozenset(
        found.id
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift)
        for found in ast.walk(node.right)
        if isinstance(found, ast.Name)
    )
