"""VAL008: running a changed pipeline twice gives what running it once gives."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.outputs import OutputDifference
from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion, Strength
from meta_pipeline.gates.specimens import problem, record, report, side
from meta_pipeline.gates.validation.reported import ReportGate, chunks
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_FIX = "replace what a run of the same date wrote (delete its partition first, overwrite, or merge by a key)"
_SHOWN = 5


class RerunSafe(ReportGate):
    """A second run for the same date, on what the first one left, neither adds nor loses rows, and does not fail.

    Every scheduler runs things again: by a retry, a cleared task, a backfill. A load that appends then counts twice.
    What base does too only warns, and so do values that each run writes otherwise, such as the time of a load.
    """

    id: ClassVar[str] = "VAL008"
    name: ClassVar[str] = "rerun-safe"
    subject: ClassVar[str] = "rerun_report"
    kind: ClassVar[ReportKind] = "rerun"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        known = {one.output for one in report.outputs_at_base if _is_unsafe(one)}
        old = {problem.key for problem in report.base.problems}
        found = [
            weighed(
                "warned" if item.key in old else "failed",
                item.message + (", as at base" if item.key in old else ""),
                "make the run begin anew with what an earlier one left (CREATE OR REPLACE, IF NOT EXISTS, overwrite)",
                pipelines=[item.key.partition("#")[0]],
            )
            for item in report.head.problems
        ]
        found += [item for one in report.outputs for item in _found(one, at_base=one.output in known)]
        return weigh(
            self, found, "a second run leaves all data as the first one wrote it", evidence=chunks(report)
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        orders = OutputDifference(
            output="data/shop.duckdb:main.orders",
            pipeline="sales_daily",
            node="load",
            rows_before=4,
            rows_after=8,
        )
        times = OutputDifference(
            output="data/orders.csv", rows_before=4, rows_after=4, changed=4, changed_columns=("loaded_at",)
        )
        fails = problem(
            "sales_daily succeeds once and fails when it is run again: load did not succeed", None, None
        )
        ran = (record("rerun"),)
        return (
            Example("the same twice", Case(Policy(), reports=report("rerun")), "passed"),
            Example(
                "a load that appends",
                Case(Policy(), reports=report("rerun", outputs=(orders,))),
                "failed",
                "load of sales_daily writes data/shop.duckdb:main.orders with 8 rows after a second run, 4 after one",
            ),
            Example(
                "it appends at base too",
                Case(Policy(), reports=report("rerun", outputs=(orders,), outputs_at_base=(orders,))),
                "warned",
                "as at base",
            ),
            Example(
                "the time of the load",
                Case(Policy(), reports=report("rerun", outputs=(times,))),
                "warned",
                "loaded_at",
            ),
            Example(
                "the second run fails",
                Case(Policy(), reports=report("rerun", head=side(fails, records=ran))),
                "failed",
                "fails when it is run again",
            ),
            Example(
                "nothing is written",
                Case(
                    Policy(), reports=report("rerun", not_applicable="the runs leave no data in the checkout")
                ),
                "not_applicable",
            ),
        )


def _is_unsafe(one: OutputDifference) -> bool:
    """Whether rows came or went; other values in as many rows are those of a clock or of chance."""
    return bool(one.grown or one.gone or one.appeared or one.lost_columns)


def _found(one: OutputDifference, *, at_base: bool) -> Iterator[Weighed]:
    about = [one.pipeline] if one.pipeline else []
    who = " of ".join(filter(None, (one.node, one.pipeline)))
    writes = f"{who} writes {one.output}" if who else f"{one.output} is written"
    if _is_unsafe(one):
        strength: Strength = "warned" if at_base else "failed"
        yield weighed(
            strength, f"{writes} {_how(one)}{', as at base' if at_base else ''}", _FIX, pipelines=about
        )
        return
    what = ", ".join(one.changed_columns[:_SHOWN]) if one.changed_columns else "its bytes"
    yield weighed(
        "warned",
        f"{writes} with other values at a second run, in as many rows: {what}",
        "nothing, where it is the time of the run; else make the order and the values of rows the same at each run",
        pipelines=about,
    )


def _how(one: OutputDifference) -> str:
    if one.appeared:
        return "only by a second run"
    if one.gone:
        return "by the first run and is gone after a second one"
    if one.grown:
        return f"with {one.rows_after} rows after a second run, {one.rows_before} after one"
    return f"without {', '.join(one.lost_columns)} after a second run"
