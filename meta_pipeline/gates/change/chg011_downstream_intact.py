"""CHG011: what others read is still there."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import Link, Pipeline
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.files_left import files_left
from meta_pipeline.gates.change.pulled import pulled_from_nobody
from meta_pipeline.gates.change.readers_left import readers_left
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_GONE = frozenset({"dropped", "renamed"})


class DownstreamIntact(Gate):
    """Nothing is removed or renamed that another pipeline, model, test, asset or query of the repository still uses.

    A pipeline that another one triggers or waits for, an asset or model that another one depends on, a dataset whose
    update starts a pipeline, a column that a query still selects, a file that code still loads: who removes one of them
    sees nothing fail. Its readers do, often much later and in another team.

    Each finding stands at the reader, as it is at head. Who surely fails stops the change; who only reads what goes
    stale, or may find it made by code that source cannot follow, asks a person.
    """

    id: ClassVar[str] = "CHG011"
    name: ClassVar[str] = "downstream-intact"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "failed"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("sensor-offset-broken",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *readers_left(case.change),
            *files_left(case.change),
            *pulled_from_nobody(case.change),
            *_column_readers(case.change, case.policy),
        ]
        return weigh(self, found, "nothing is taken away that is still used in the repository")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        sales = specimens.pipeline(specimens.node(writes=("s3://lake/orders",)))
        waits = specimens.node("wait", links=(Link(kind="waits_for", pipeline="sales_daily"),))
        report = specimens.pipeline(waits, id="report", path="dags/report.py", line=7)
        started = specimens.pipeline(
            specimens.node("send"), id="mail", path="dags/mail.py", schedule="assets: s3://lake/orders"
        )
        silent = specimens.pipeline(specimens.node())
        return (
            Example("a pipeline that nobody waits for goes", _case((sales, silent), (silent,)), "passed"),
            Example("the one who waits goes too", _case((sales, report), ()), "passed"),
            Example(
                "a DAG that another one waits for goes",
                _case((sales, report), (report,)),
                "failed",
                "waits for pipeline sales_daily, which this change takes away",
            ),
            Example(
                "a task no longer writes what starts another DAG",
                _case((sales, started), (silent, started)),
                "failed",
                "starts when s3://lake/orders is updated, which nothing does after this change",
            ),
            Example(
                "a query that code loads is deleted",
                Case(
                    Policy(),
                    change=specimens.change(
                        {"sql/a.sql": "select 1", specimens.DAG_FILE: 'q = "sql/a.sql"\n'},
                        {specimens.DAG_FILE: 'q = "sql/a.sql"\n'},
                    ),
                ),
                "needs_approval",
                "this change takes sql/a.sql away",
            ),
        )


def _case(
    before: tuple[Pipeline, ...],
    after: tuple[Pipeline, ...],
) -> Case:
    return Case(Policy(), change=specimens.change(base=before, head=after))


def _column_readers(change: Change, policy: Policy) -> Iterator[Weighed]:
    """Each query and test at head that names a column which the change takes away from a dataset."""
    from meta_pipeline.contracts.changes import ContractsOfChange

    touched = ContractsOfChange.of(change, policy.contracts).touched
    if not touched:
        return
    from meta_pipeline.contracts.compatibility import contract_changes
    from meta_pipeline.contracts.lineage.readers import ColumnReaders

    readers = ColumnReaders(change.head)
    for pair in touched:
        columns = {
            each.column.casefold(): each
            for each in contract_changes(pair.before, pair.after)
            if each.column and each.kind in _GONE
        }
        found = readers.of(pair.after.dataset, frozenset(columns)) if columns else {}
        for name, places in found.items():
            for place in places:
                if place.line is None or not _names(change, place.path, place.line, name):
                    continue
                yield weighed(
                    "failed" if place.certain else "needs_approval",
                    f"{'' if place.certain else 'perhaps '}the column {name} of {pair.after.dataset} is read here: "
                    f"{columns[name].sentence}, so this fails",
                    "keep the column until this no longer reads it, or change this along with it",
                    path=place.path,
                    line=place.line,
                )


def _names(change: Change, path: str, line: int, column: str) -> bool:
    """Whether the line itself names the column: what hands all columns on by a star goes on working."""
    lines = (text_of(change.head, path) or "").splitlines()
    return line <= len(lines) and bool(
        re.search(rf"(?<!\w){re.escape(column)}(?!\w)", lines[line - 1], re.IGNORECASE)
    )
