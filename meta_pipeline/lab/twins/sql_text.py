"""Harmless edits of SQL: other layout, other names inside, statements that may run twice."""

import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.select_list import masked
from meta_pipeline.lab.sql_source import dbt_project_of

_KEYWORDS = re.compile(
    r"\b(select|from|where|group\s+by|order\s+by|left\s+join|inner\s+join|join|union\s+all|having|limit)\b",
    re.IGNORECASE,
)


def sql_of(base: Base) -> Text | None:
    text = Text.of(base) if base.path.endswith(".sql") else None
    return text if text is not None and text.value.strip() else None


class SqlReformatted(Mutator):
    """Keywords of a SQL file in the other case, its indents half as wide, or a comment more."""

    id = "sql-reformatted"
    changes_layout = True
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = sql_of(base)
        if text is None:
            return
        words = list(_KEYWORDS.finditer(masked(text.value)))
        if words and "/macros/" not in f"/{base.path}":
            is_lower = words[0].group().islower()
            edits = [
                Edit(word.start(), word.end(), word.group().upper() if is_lower else word.group().lower())
                for word in words
            ]
            edits = [edit for edit in edits if edit.new != text.value[edit.start : edit.end]]
            yield Change(text, edits).twin("writes keywords in the other case")
        if "'" not in re.sub(r"'[^'\n]*'", "", text.value):
            indents = [
                Edit(found.start(), found.end(), "  " * (len(found.group()) // 4))
                for found in re.finditer(r"^(?: {4})+(?=\S)", text.value, re.MULTILINE)
            ]
            if indents:
                yield Change(text, indents).twin("halves the indents")
        note = dice.choice(["-- One row per key of the source.\n", "-- Read by the weekly report.\n"])
        yield Change(text, [Edit(0, 0, note)]).twin("adds a comment")


class CteRenamed(Mutator):
    """A common table expression gets another name, wherever the statement uses it."""

    id = "cte-renamed"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = sql_of(base)
        if text is None:
            return
        bare = masked(text.value)
        for found in re.finditer(r"(?:\bwith\s+|\)\s*,\s*)(\w+)\s+as\s*\(", bare, re.IGNORECASE):
            name = found.group(1)
            uses = list(re.finditer(rf"(?<![\w.])\"?\b{re.escape(name)}\b", bare))
            new = f"{name}_{dice.choice(['rows', 'base', 'set'])}"
            is_certain = all(
                use.start() == found.start(1)
                or re.search(r"\b(from|join)\s+$", bare[: use.start()], re.IGNORECASE)
                or bare[use.end() : use.end() + 1] == "."
                for use in uses
            )
            elsewhere = len(re.findall(rf"\b{re.escape(name)}\b", bare)) != len(uses)
            again = re.search(rf"\bas\s+{re.escape(name)}\b", bare, re.IGNORECASE)
            # Without an alias a joined CTE is also what its columns are called by; all of them are renamed here.
            if is_certain and not elsewhere and not again and new not in bare and len(uses) > 1:
                edits = [Edit(use.start(), use.end(), new) for use in uses]
                in_jinja = re.search(rf"\{{[{{%][^}}]*\b{re.escape(name)}\.", text.value)
                if not in_jinja:
                    yield Change(text, edits).twin(f"renames the CTE `{name}`")


class RefRespelt(Mutator):
    """The quotes around the name in `ref` are the other ones."""

    id = "ref-respelt"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = sql_of(base)
        if text is None or dbt_project_of(base) is None:
            return
        found = list(re.finditer(r"\{\{\s*ref\(\s*(['\"])(\w+)\1\s*\)\s*\}\}", text.value))
        quote = {"'": '"', '"': "'"}
        edits = [
            Edit(
                each.start(),
                each.end(),
                "{{ ref(" + quote[each.group(1)] + each.group(2) + quote[each.group(1)] + ") }}",
            )
            for each in found
        ]
        if edits:
            yield Change(text, edits).twin("turns the quotes of `ref`")


class SafeSqlAdded(Mutator):
    """SQL that replaces one day's rows: a DELETE by day before its INSERT, and a scratch table dropped."""

    id = "idempotent-sql-added"
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if dbt_project_of(base) is not None or not base.path.endswith(".sql"):
            return
        path = posixpath.join(posixpath.dirname(base.path), "count_rows_by_day.sql")
        text = Text.of(base)
        if text is None or path in base.tree.entries():
            return
        day = re.search(
            r"'\{\{ ds \}\}'|(?:\$|(?<!:):)(?:ds|day|date|run_date)\b|%\((?:ds|day|date)\)s", text.value
        )
        value = day.group() if day else "'{{ ds }}'"
        content = (
            "-- How many rows each day has.\n"
            "CREATE TABLE IF NOT EXISTS row_counts (day DATE, table_name VARCHAR, row_count BIGINT);\n"
            "CREATE TEMPORARY TABLE row_counts_today AS\n"
            f"SELECT CAST({value} AS DATE) AS day, 'orders' AS table_name, count(*) AS row_count\n"
            "FROM orders\n"
            f"WHERE order_date = {value};\n"
            f"DELETE FROM row_counts WHERE day = {value} AND table_name = 'orders';\n"
            "INSERT INTO row_counts (day, table_name, row_count)\n"
            "SELECT day, table_name, row_count FROM row_counts_today;\n"
            "DROP TABLE IF EXISTS row_counts_today;\n"
        )
        yield Mutation({path: content.encode()}, (), "adds SQL that replaces the rows of one day")
