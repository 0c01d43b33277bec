"""CHG007: what a node writes can be written twice."""

import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.incremental_models import new_repeats
from meta_pipeline.gates.change.pipeline_code import PipelineCode, is_apart, newly_found
from meta_pipeline.gates.change.run_dates import clocks_for_runs
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.python.appends import clearings, form_of, python_appends, safe_forms
from meta_pipeline.gates.sql.appends import (
    Append,
    emptied_tables,
    safely_written,
    sql_appends,
    table_name,
)
from meta_pipeline.gates.sql.clock_keys import ClockKey, clock_keys
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_RECORD = re.compile(
    r"(?:^|[_./])(?:audit\w*|logs?|history|hist|journal|heartbeats?|run_stats|runs?|load_status|status|metrics|tracking"
    r"|event_log|events_log|notifications?|alerts?|dq_\w+|test_results)(?:$|[_./])",
    re.IGNORECASE,
)
_ONCE = re.compile(
    r"(?:^|/)(?:seeds?|ddl|init(?:db)?|setup|bootstrap|schemas?|macros|analys[ei]s|versions|flyway|liquibase"
    r"|docker-entrypoint-initdb\.d|V\d+__[^/]*)(?:/|\Z)",
    re.IGNORECASE,
)


class IdempotentWrites(Gate):
    """What new or changed statements write comes out the same when they run again.

    Nodes are retried and backfilled, so each write happens twice one day: rows that are only added are then there
    twice, and a partition named by the clock is not the one of the run. A write that could run twice before and no
    longer can is refused; a new one that only adds needs a person. Deleting or replacing first, merging, comparing
    with what is there, temporary tables, migrations, seeds and tests are free, and tables of records only warn.
    """

    id: ClassVar[str] = "CHG007"
    name: ClassVar[str] = "idempotent-writes"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("not-idempotent",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *_appends(case.change),
            *_clocks(case.change),
            *_clock_keys(case.change),
            *new_repeats(case.change),
        ]
        return weigh(self, found, "what new or changed statements write can be written twice")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        emptied = "DELETE FROM daily_revenue WHERE ds = '{{ ds }}';\n"
        added = "INSERT INTO daily_revenue SELECT * FROM orders WHERE ds = '{{ ds }}';\n"
        task = (
            "from airflow import DAG\ndef load(frame):\n    frame.to_sql('revenue', engine, if_exists='%s')\n"
        )
        model = "{{ config(materialized='incremental'%s) }}\nselect * from {{ ref('orders') }}\n"
        return (
            Example("the rows of the day are deleted first", _sql({}, emptied + added), "passed"),
            Example(
                "rows that are there are skipped",
                _sql({}, added.replace(";", " ON CONFLICT (id) DO NOTHING;")),
                "passed",
            ),
            Example("a migration fills a table", _case({}, {"migrations/002_fill.sql": added}), "passed"),
            Example(
                "a task adds rows",
                _case({}, {specimens.DAG_FILE: f"from airflow import DAG\nrun(sql={added!r})\n"}),
                "needs_approval",
                "INSERT INTO adds to daily_revenue",
            ),
            Example(
                "the rows are no longer deleted first",
                _sql({"sales/sql/load.sql": emptied + added}, added),
                "failed",
            ),
            Example(
                "a table that was replaced is added to",
                _case({specimens.DAG_FILE: task % "replace"}, {specimens.DAG_FILE: task % "append"}),
                "failed",
                "could run twice before",
            ),
            Example(
                "the clock in the place of the run's date",
                _sql(
                    {"sales/sql/load.sql": emptied + added},
                    (emptied + added).replace("'{{ ds }}'", "CURRENT_DATE"),
                ),
                "failed",
                "CURRENT_DATE stands where {{ ds }} was",
            ),
            Example(
                "an incremental model that tells its rows apart",
                _case({}, {"models/revenue.sql": model % ", unique_key='id'"}),
                "passed",
            ),
            Example(
                "an incremental model that adds everything each time",
                _case({}, {"models/revenue.sql": model % ""}),
                "failed",
                "adds all rows",
            ),
            Example(
                "a row of the audit",
                _case(
                    {},
                    {
                        specimens.DAG_FILE: "from airflow import DAG\nrun(sql='INSERT INTO load_audit VALUES (1)')\n"
                    },
                ),
                "warned",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))


def _sql(before: specimens.Files, text: str) -> Case:
    return _case(before, {"sales/sql/load.sql": text})


def _is_free(path: str) -> bool:
    return is_apart(path) or _ONCE.search(path) is not None


def _appends_of(path: str, text: str) -> tuple[Append, ...]:
    return () if _is_free(path) else (*sql_appends(path, text), *python_appends(path, text))


def _appends(change: Change) -> Iterator[Weighed]:
    code = PipelineCode(change)
    emptied_elsewhere = cache(lambda: _emptied(change))
    for path, found in newly_found(change, (".sql", ".py"), _appends_of):
        before, after = text_of(change.base, path) or "", text_of(change.head, path) or ""
        # What seems to be cleared first is what replaced, too, and then nothing new clears it now.
        if found.is_cleared and not (
            _was_replaced(before, after, found) and clearings(after) <= clearings(before)
        ):
            continue
        target = found.target or "what is there"
        fix = "delete or overwrite the same rows first, merge them by a key, or write to the run's own partition"
        if _was_safe(path, before, after, found):
            message = f"{found.how} adds to {target}, which could run twice before: a retry now writes the rows again"
            yield weighed("failed", message, f"keep what replaced them, or {fix}", path=path, line=found.line)
            continue
        strength = _strength(change, code, path, after, found)
        message = f"{found.how} adds to {target}: a retry or a second run of the same day adds the rows again"
        if strength == "needs_approval" and found.target in emptied_elsewhere():
            strength, message = (
                "warned",
                f"{message}, unless the statement elsewhere that empties it comes first",
            )
        yield weighed(strength, message, fix, path=path, line=found.line)


def _was_safe(path: str, before: str, after: str, found: Append) -> bool:
    """Whether the same write replaced what was there, in its form or by its table, or came after what cleared it."""
    if _was_replaced(before, after, found):
        return True
    if found.target and table_name(found.target) in safely_written(before) - safely_written(after):
        return True
    was_cleared = any(
        (one.how, one.target) == (found.how, found.target) and one.is_cleared
        for one in python_appends(path, before)
    )
    return was_cleared and clearings(after) < clearings(before)


def _was_replaced(before: str, after: str, found: Append) -> bool:
    """Whether a form of writing that replaces became rarer, of which this write is the other."""
    form = form_of(found.how)
    return bool(form) and safe_forms(before)[form] > safe_forms(after)[form]


def _strength(change: Change, code: PipelineCode, path: str, text: str, found: Append) -> Strength:
    if _RECORD.search(found.target) or (not found.target and found.how.startswith("open")):
        return "warned"
    return "needs_approval" if _is_in_a_pipeline(change, code, path, text) else "warned"


def _is_in_a_pipeline(change: Change, code: PipelineCode, path: str, text: str) -> bool:
    """Whether the file is code of a pipeline, or a SQL file that a file of Python or a setting names."""
    if not path.endswith(".sql"):
        return code.scheduler(path, text) is not None
    name = path.rpartition("/")[2].encode()
    return any(
        name in (change.head.read(other) or b"")
        for other in change.head.entries()
        if other.endswith((".py", ".yml", ".yaml")) and not is_apart(other)
    )


def _emptied(change: Change) -> frozenset[str]:
    """The tables that any file at head empties or replaces, tests and the like left out."""
    found: set[str] = set()
    for path in change.head.entries():
        if path.endswith((".sql", ".py", ".yml", ".yaml")) and not is_apart(path):
            found |= emptied_tables(text_of(change.head, path) or "")
    return frozenset(found)


def _clocks(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.old is None or file.new is None or _is_free(file.path):
            continue
        for found in clocks_for_runs(file):
            yield weighed(
                "needs_approval" if found.is_of_variable else "failed",
                f"{found.now} stands where {found.before} was: a retry or a backfill then writes another day than "
                "the run's own",
                "keep the date of the run",
                path=file.path,
                line=found.line,
            )


def _clock_keys(change: Change) -> Iterator[Weighed]:
    code = PipelineCode(change)
    for path, found in newly_found(change, (".sql", ".py"), _clock_keys_of):
        is_run = _is_in_a_pipeline(change, code, path, text_of(change.head, path) or "")
        yield weighed(
            "needs_approval" if is_run else "warned",
            f"the partition {found.column} is named by the clock: a retry after midnight or a backfill writes "
            "another one",
            "name it by the date of the run, such as {{ ds }} or the partition key",
            path=path,
            line=found.line,
        )


def _clock_keys_of(path: str, text: str) -> tuple[ClockKey, ...]:
    return () if _is_free(path) else clock_keys(path, text)
