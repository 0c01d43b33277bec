"""VAL007: what differs in the data that changed pipelines write was meant to differ."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.outputs import OutputDifference
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import change, criterion, measure, plan, report, requirements, side
from meta_pipeline.gates.validation.declared_data import Declared, table_of
from meta_pipeline.gates.validation.reported import ReportGate, chunks
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_MEANT = (
    "if it is meant, name it in a criterion, its contract or the migration log; else mend the calculation"
)
_SHOWN = 8


class DataDiff(ReportGate):
    """Base and head, run on the same input, write the same data but for what the change declares.

    Tests look at what somebody thought of; the data tell what a change really does. Outputs are the CSV, JSON and
    Parquet files and the tables of DuckDB and SQLite files that a dry run or a build leaves in its checkout. A column
    that is lost, an output that is empty or gone, rows and values that differ are declared where a criterion of
    the issue, the plan's edits, a contract that changes along or a line of the migration log name the dataset, or, for
    columns, the column. What a second run of head writes otherwise too, such as the time of a load, is not compared.
    """

    id: ClassVar[str] = "VAL007"
    name: ClassVar[str] = "data-diff"
    subject: ClassVar[str] = "data_diff_report"
    kind: ClassVar[ReportKind] = "data_diff"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        declared = Declared.of(case)
        found = [
            item for one in report.outputs for item in _found(one, declared, planned=case.plan is not None)
        ]
        compared = len({m.subject for m in report.measures if m.name == "rows"})
        clean = f"{compared} output(s) of base and head hold the same data"
        if report.outputs:
            clean = f"what differs in {_names(report.outputs)} is declared or only added"
        return weigh(self, found, clean, evidence=chunks(report))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        revenue = OutputDifference(
            output="data/revenue/*.parquet", pipeline="sales_daily", rows_before=4, rows_after=4
        )
        lost = revenue.model_copy(update={"lost_columns": ("region",)})
        other = revenue.model_copy(
            update={
                "key": "store_id",
                "changed": 3,
                "changed_columns": ("revenue",),
                "added": 0,
                "removed": 0,
            }
        )
        meant = requirements(criterion(metric="failed_expectations", subject="revenue.revenue"))
        rows = measure("rows", 4, "rows", subject=revenue.output)
        contract = {
            "contracts/revenue.odcs.yaml": "schema:\n- name: revenue\n  properties:\n  - name: region\n"
        }
        shorter = {"contracts/revenue.odcs.yaml": "schema:\n- name: revenue\n"}
        policy = Policy(contracts=("contracts/*.odcs.yaml",))
        return (
            Example("the same data", _case(rows), "passed", "1 output(s)"),
            Example(
                "another calculation that nobody declared",
                _case(rows, outputs=(other,)),
                "needs_approval",
                "3 of 4 rows, matched by store_id, have other values of revenue",
            ),
            Example(
                "the issue asks for another revenue",
                _case(rows, outputs=(other,), requirements=meant, plan=plan()),
                "passed",
                "declared",
            ),
            Example(
                "a column is lost, against the plan",
                _case(rows, outputs=(lost,), plan=plan(), requirements=requirements()),
                "failed",
                "column region",
            ),
            Example(
                "it is lost, without a plan", _case(rows, outputs=(lost,)), "needs_approval", "column region"
            ),
            Example(
                "a column is lost, and its contract no longer has it",
                Case(
                    policy,
                    change=change(contract, shorter),
                    reports=report("data_diff", rows, outputs=(lost,)),
                    plan=plan(),
                ),
                "passed",
            ),
            Example(
                "all rows are gone",
                _case(rows, outputs=(revenue.model_copy(update={"rows_after": 0, "removed": 4}),)),
                "failed",
                "is empty",
            ),
            Example(
                "a new column",
                _case(rows, outputs=(revenue.model_copy(update={"new_columns": ("currency",)}),)),
                "passed",
                "only added",
            ),
            Example(
                "a table of a new model",
                _case(rows, outputs=(OutputDifference(output="a.duckdb:b", appeared=True, rows_after=9),)),
                "passed",
                "only added",
            ),
            Example(
                "no pipeline succeeds at base",
                _case(not_applicable="no run of a changed pipeline succeeds at base"),
                "not_applicable",
            ),
            Example(
                "the data cannot be read",
                _case(
                    head=side(could_not_run="the look at the data was ended after its limit of 180 seconds")
                ),
                "could_not_run",
            ),
        )


def _case(*measures: object, **fields: object) -> Case:
    own = {name: fields.pop(name) for name in ("plan", "requirements") if name in fields}
    return Case(Policy(), reports=report("data_diff", *measures, **fields), **own)  # type: ignore[arg-type]


def _found(one: OutputDifference, declared: Declared, *, planned: bool) -> Iterator[Weighed]:
    """What nobody declared of one output, heaviest first."""
    about = [one.pipeline] if one.pipeline else []
    named = f"{one.output}{f' of {one.pipeline}' if one.pipeline else ''}"
    lost = [column for column in one.lost_columns if not declared.column(column)]
    whole = declared.output(one)
    if one.gone and not whole:
        yield weighed(
            "failed" if planned else "needs_approval",
            f"{named} is no longer written: base writes {_rows(one.rows_before)}, head nothing",
            _MEANT,
            pipelines=about,
        )
    if lost:
        yield weighed(
            "failed" if planned else "needs_approval",
            f"{named} loses the column {_listed(lost)}, which base writes",
            "keep the column for those who read it, or have its contract or the migration log say that it goes",
            pipelines=about,
        )
    if one.emptied and not whole:
        yield weighed(
            "failed",
            f"{named} is empty: base writes {_rows(one.rows_before)} on the same input, head none",
            "look at the filter or join that leaves nothing",
            pipelines=about,
        )
        return
    retyped = [column for column in one.retyped_columns if not declared.column(column)]
    if retyped:
        message = f"{named} has another type in {_listed(retyped)} than at base"
        yield weighed("needs_approval", message, _MEANT, pipelines=about)
    other = [column for column in one.changed_columns if not declared.column(column)]
    # A type that changes may change how each value is written.
    values = [column for column in other if column not in one.retyped_columns]
    # What base does not write at all can differ from nothing.
    if (other and not values) or whole or one.appeared:
        return
    words = _values(one, values)
    if words:
        message = f"{named} differs from base on the same input: {words}"
        yield weighed("needs_approval", message, _MEANT, pipelines=about)


def _values(one: OutputDifference, columns: list[str]) -> str:
    """How rows and values differ, in words; empty where they do not."""
    told = []
    if one.bytes_differ:
        told.append("its bytes are other ones (its format cannot be read, or it is too large)")
    if one.rows_before != one.rows_after:
        told.append(f"{_rows(one.rows_after)} instead of {one.rows_before}")
    elif one.added or one.removed:
        told.append(f"{one.added or one.removed} of {_rows(one.rows_after)} are other rows")
    if columns and one.changed:
        matched = f", matched by {one.key}," if one.key else ""
        told.append(
            f"{one.changed} of {_rows(one.rows_after)}{matched} have other values of {_listed(columns)}"
        )
    elif columns and not (one.added or one.removed):
        told.append(f"other values of {_listed(columns)}")
    return "; ".join(told)


def _rows(count: int | None) -> str:
    return "rows" if count is None else f"{count} row{'' if count == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else "")


def _names(outputs: tuple[OutputDifference, ...]) -> str:
    return _listed([table_of(one.output) or one.output for one in outputs])
