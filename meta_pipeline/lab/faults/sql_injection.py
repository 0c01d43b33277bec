"""Statements put together from what whoever starts a run gives."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import given_to, task_functions
from meta_pipeline.lab.python_source import Function, PythonSource, python_of
from meta_pipeline.lab.repository import PYTHON
from meta_pipeline.lab.sql_source import Region, sql_regions

_TEMPLATED = re.compile(r"'\{\{\s*(ds|ds_nodash|params\.(\w+))\s*\}\}'")
_BOUND = re.compile(r"\bwhere\s+[\w.]+\s*=\s*((?:\$|:|@)\w+|%s|\?|%\(\w+\)s)", re.IGNORECASE)
_STARTED_WITH = (
    'OpExecutionContext.get().op_config["region"]',
    'AssetExecutionContext.get().op_execution_context.op_config["region"]',
    'OpExecutionContext.get().run.tags["region"]',
    'AssetExecutionContext.get().run.tags["region"]',
    'OpExecutionContext.get().run_config["ops"]["totals"]["config"]["region"]',
)
"""What whoever starts a run of Dagster gives: the settings of an op or asset, and the tags of the run."""
_PLAIN_QUOTE = re.compile(r"(?<![A-Za-z])(\"\"\"|\"|')$")


class InjectionBySql(Mutator):
    """A statement is put together from what whoever starts the run gives.

    Who may start a run may then run any SQL with the rights of the pipeline.
    """

    id = "sql-injection"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        yield from self._templated(base)
        source = python_of(base)
        if source is None:
            return
        plain = [function for function in task_functions(source) if source.has_simple_body(function)]
        for function in dice.sample(plain, min(2, len(plain))):
            yield from self._added(source, function, base, dice)
        for region in sql_regions(base):
            yield from self._bound_value(source, region, base)

    def _templated(self, base: Base) -> Iterator[Mutation]:
        for region in sql_regions(base) if base.scheduler == "airflow" else ():
            for found in _TEMPLATED.finditer(region.value):
                start = region.span[0] + found.start()
                before = region.text.value[region.span[0] - 1 : region.span[0]]
                quote = "'" if before != "'" else '"'
                new = f"'{{{{ dag_run.conf[{quote}{found.group(2) or 'day'}{quote}] }}}}'"
                edit = Edit(start, start + len(found.group()), new)
                yield Change(region.text, [edit]).fault(
                    "puts what the run was started with into the statement"
                )

    def _bound_value(self, source: PythonSource, region: Region, base: Base) -> Iterator[Mutation]:
        """A value that was handed over beside the statement, written into it."""
        start, end = region.span
        bound, quote = _BOUND.search(region.value), _PLAIN_QUOTE.search(source.text.value[:start])
        around = [
            node
            for node in source.nodes
            if isinstance(node, ast.Constant)
            and source.span(node)[0] <= start
            and source.span(node)[1] >= end
        ]
        function = source.function_of(around[0]) if around else None
        if bound is None or quote is None or function is None or "{" in region.value or quote.group(1) == "'":
            return
        # To a function of Dagster, the framework gives resources and the data of other assets.
        given = _settings_given(function) if base.scheduler == "dagster" else given_to(function)
        for name in given[:1]:
            edits = [
                Edit(quote.start(), quote.start(), "f"),
                Edit(start + bound.start(1), start + bound.end(1), f"'{{{name}}}'"),
            ]
            yield Change(source.text, edits).fault(f"puts `{name}` into the statement as text")

    def _added(
        self, source: PythonSource, function: Function, base: Base, dice: random.Random
    ) -> Iterator[Mutation]:
        if base.scheduler == "airflow":
            first = ["from airflow.providers.postgres.hooks.postgres import PostgresHook"]
            first += ["from airflow.operators.python import get_current_context", ""]
            first += ['region = get_current_context()["dag_run"].conf["region"]']
            run = 'PostgresHook("warehouse").run('
        elif base.scheduler == "dagster":
            settings = _settings_given(function)
            value = settings[0] if settings else dice.choice(_STARTED_WITH)
            needs = [] if settings else [f"from dagster import {value.partition('.')[0]}"]
            first = ["import duckdb", *needs, "", f"region = {value}"]
            run = 'duckdb.connect("warehouse.duckdb").execute('
        else:
            arguments = given_to(function)
            if not arguments:
                return
            first = ["import duckdb", "", f"region = str({arguments[0]})"]
            run = 'duckdb.connect("warehouse.duckdb").execute('
        statement = "f\"DELETE FROM region_totals WHERE region = '{region}'\")"
        at, indent = source.body_start(function)
        new = "".join(f"{indent}{line}\n" if line else "\n" for line in [*first, run + statement])
        yield Change(source.text, [Edit(at, at, new)]).fault("puts a value into a statement as text")


def _settings_given(function: Function) -> list[str]:
    """Fields of an argument in which Dagster hands over what a run was started with, as far as its type says so."""
    return [
        f"{argument.arg}.region"
        for argument in function.args.args
        if argument.annotation is not None and ast.unparse(argument.annotation).endswith("Config")
    ]
