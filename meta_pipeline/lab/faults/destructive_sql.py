"""SQL that destroys, or that adds its rows again when it runs twice."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.sql_source import (
    Region,
    config_arguments,
    config_call,
    dbt_project_of,
    is_dbt_model,
    sql_regions,
    without_argument,
)

_INSERT = re.compile(r"\bINSERT\s+(?:INTO|OVERWRITE)\s+(?:TABLE\s+)?([\w.\"`{}$-]+)", re.IGNORECASE)
_CREATE = re.compile(r"\bCREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+([\w.\"`{}$-]+)", re.IGNORECASE)
_WHERE = re.compile(
    r"\b(?:DELETE\s+FROM\s+[^\s;]+(?:\s+AS\s+\w+)?|UPDATE\s+[^\s;]+\s+SET\s[^;]*?)(\s+WHERE\b[^;]*)",
    re.IGNORECASE,
)
_ALWAYS = re.compile(r"\s+WHERE\s+(?:true|1\s*=\s*1)\s*", re.IGNORECASE)
_DELETE = re.compile(r"^[ \t]*DELETE\s+FROM\b[^;]*;[ \t]*\n", re.IGNORECASE | re.MULTILINE)
_REPLACE = re.compile(r"\bCREATE\s+OR\s+REPLACE\s+TABLE\s+([^\s;(]+)\s+AS\b", re.IGNORECASE)
_OVERWRITE = re.compile(r"\bINSERT\s+OVERWRITE\s+(?:TABLE\s+)?", re.IGNORECASE)


class DropAdded(Mutator):
    """A table is dropped or emptied before it is written.

    History that the pipeline does not make again is gone, and readers find nothing while it runs.
    """

    id = "drop-or-truncate-added"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if is_dbt_model(base):
            yield from self._hook(base, dice)
            return
        for region in sql_regions(base):
            found = _INSERT.search(region.value) or _CREATE.search(region.value)
            if found is None or "TEMP" in found.group().upper():
                continue
            table = found.group(1)
            statement = dice.choice([f"DROP TABLE IF EXISTS {table};", f"TRUNCATE TABLE {table};"])
            if region.text.path.endswith(".py"):
                at = region.span[0]
                lead = region.value[: len(region.value) - len(region.value.lstrip())]
                edit = Edit(
                    at + len(lead),
                    at + len(lead),
                    f"{statement} "
                    if "\n" not in lead
                    else f"{statement}\n{region.text.indent(at + len(lead))}",
                )
            else:
                at = region.text.start_of_line(region.span[0] + found.start())
                edit = Edit(at, at, f"{statement}\n")
            yield Change(region.text, [edit]).fault(f"adds `{statement}`")

    def _hook(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        for region in sql_regions(base):
            inside = config_call(region.text)
            statement = dice.choice(["drop table if exists {{ this }} cascade", "truncate table {{ this }}"])
            if inside is not None and any(item.name == "pre_hook" for item in config_arguments(region.text)):
                continue
            if inside is None:
                edit = Edit(0, 0, f'{{{{ config(pre_hook="{statement}") }}}}\n\n')
            else:
                behind = region.text.value[slice(*inside)]
                comma = "" if not behind.strip() else ", " if behind == behind.lstrip() else ","
                edit = Edit(inside[0], inside[0], f'pre_hook="{statement}"{comma}')
            yield Change(region.text, [edit]).fault(f"runs `{statement}` before the model")


class WhereLost(Mutator):
    """A DELETE or an UPDATE loses its WHERE.

    It then changes every row of the table, not those of one day.
    """

    id = "where-lost"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        for region in sql_regions(base):
            for found in _WHERE.finditer(region.value):
                # A condition that holds for every row limits nothing.
                if _ALWAYS.fullmatch(found.group(1)):
                    continue
                start, end = region.span[0] + found.start(1), region.span[0] + found.end(1)
                end = start + len(region.text.value[start:end].rstrip())
                near = (region.span[0] + found.start(), start)
                yield Change(region.text, [Edit(start, end, "")], [near]).fault(
                    "takes the WHERE from a statement that changes rows"
                )


class AppendOnly(Mutator):
    """A write that replaces what was there becomes one that adds to it.

    A second run of the same interval, a retry or a backfill then doubles the rows.
    """

    id = "not-idempotent"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if dbt_project_of(base) is not None and base.path.endswith(".sql"):
            if is_dbt_model(base):
                yield from self._dbt(base)
            return
        for region in sql_regions(base):
            yield from self._sql(region)
        yield from self._python(base)

    def _sql(self, region: Region) -> Iterator[Mutation]:
        start = region.span[0]
        for found in _REPLACE.finditer(region.value):
            edit = Edit(start + found.start(), start + found.end(), f"INSERT INTO {found.group(1)}")
            yield Change(region.text, [edit]).fault("adds rows where it replaced the table")
        for found in _OVERWRITE.finditer(region.value):
            edit = Edit(start + found.start(), start + found.end(), "INSERT INTO ")
            yield Change(region.text, [edit]).fault("adds rows where it replaced the partition")
        for found in _DELETE.finditer(region.value):
            behind = _INSERT.search(region.value, found.end())
            if behind is not None:
                edit = Edit(start + found.start(), start + found.end(), "")
                near = (start + behind.start(), start + behind.end())
                yield Change(region.text, [edit], [near]).fault(
                    "no longer deletes the rows of the day before it inserts them"
                )

    def _python(self, base: Base) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        swaps = {
            ("if_exists", "replace"): "append",
            ("if_exists", "delete_rows"): "append",
            ("mode", "overwrite"): "append",
            ("write_disposition", "WRITE_TRUNCATE"): "WRITE_APPEND",
            ("write_disposition", "replace"): "append",
            ("write_disposition", "merge"): "append",
        }
        for call in source.calls:
            pairs = [(keyword.arg or "", keyword.value) for keyword in call.keywords]
            if isinstance(call.func, ast.Attribute) and call.func.attr == "mode" and call.args:
                pairs.append(("mode", call.args[0]))
            for name, value in pairs:
                new = swaps.get((name, text_value(value) or ""))
                if new is not None:
                    start, end = source.span(value)
                    quote = source.text.value[start]
                    edit = Edit(start, end, f"{quote}{new}{quote}")
                    yield Change(source.text, [edit]).fault(f"writes with {name}={new} where it replaced")
        deletes = [
            region
            for region in sql_regions(base)
            if re.match(r"\s*DELETE\s+FROM\b", region.value, re.IGNORECASE)
        ]
        for region in deletes:
            behind = _INSERT.search(source.text.value, region.span[1])
            node = next(
                (s for s in source.nodes if isinstance(s, ast.Expr) and source.span(s) == region.statement),
                None,
            )
            if behind is None or node is None or len(getattr(source.parents[node], "body", ())) < 2:
                continue
            near = (behind.start(), behind.end())
            yield Change(source.text, [source.text.without_lines(source.span(node))], [near]).fault(
                "no longer deletes the rows of the day before it inserts them"
            )

    def _dbt(self, base: Base) -> Iterator[Mutation]:
        for region in sql_regions(base):
            found = {argument.name: argument for argument in config_arguments(region.text)}
            if "unique_key" in found:
                edit = without_argument(region.text, found["unique_key"])
                near = [config_call(region.text) or found["unique_key"].span]
                yield Change(region.text, [edit], near).fault("is incremental without a unique key")
            strategy = found.get("incremental_strategy")
            if strategy and re.search(
                r"merge|delete\+insert|insert_overwrite|microbatch", region.text.value[slice(*strategy.value)]
            ):
                edit = Edit(*strategy.value, "'append'")
                yield Change(region.text, [edit]).fault("appends where it merged")
            kind = found.get("materialized")
            if kind is None and not found and "config(" not in region.value:
                edit = Edit(0, 0, "{{ config(materialized='incremental') }}\n\n")
                yield Change(region.text, [edit]).fault(
                    "becomes incremental without a key or a filter: each run adds all rows again"
                )
            if (
                kind
                and re.fullmatch(r"['\"]table['\"]", region.text.value[slice(*kind.value)])
                and "unique_key" not in found
            ):
                edit = Edit(*kind.value, "'incremental'")
                yield Change(region.text, [edit]).fault(
                    "becomes incremental without a key or a filter: each run adds all rows again"
                )
