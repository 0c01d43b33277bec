"""VAL006: the data that the changed pipelines write meets the target's expectations."""

from typing import ClassVar

from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import measure, problem, record, report, side
from meta_pipeline.gates.validation import ReportGate, chunks
from meta_pipeline.policy import Policy

_FIX = "mend the pipeline, or the expectation where the demand has changed"


class DataQuality(ReportGate):
    """Great Expectations checkpoints and dbt tests find nothing wrong in the data that the change writes.

    An expectation that raises an exception was not evaluated: it blocks as one that could not run, for it
    says nothing about the data. Expectations that fail at base too only warn.
    """

    id: ClassVar[str] = "VAL006"
    name: ClassVar[str] = "data-quality"
    subject: ClassVar[str] = "data_quality_report"
    kind: ClassVar[ReportKind] = "data_quality"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        found = self.compared(report, _FIX, "expectation(s) failed")
        if found is not None:
            return found
        checkpoints = [m for m in report.measures if m.name == "failed_expectations" and m.side == "head"]
        failing = [m.subject for m in checkpoints if float(m.value) > 0]
        if failing:
            reason = f"{', '.join(failing)} counts failed expectations that the report does not name"
            return self.could_not_run(reason, evidence=chunks(report))
        names = ", ".join(m.subject for m in checkpoints) or "every check"
        return self.passed(f"all expectations hold: {names}", evidence=chunks(report))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        negative = problem(
            "checkpoint daily_revenue: expect_column_values_to_be_between of revenue fails for 3 values",
            "gx/expectations/daily_revenue.json",
            None,
        )
        failing = side(negative, records=(record("data_quality", exit=1),))
        clean = measure("failed_expectations", 0, subject="daily_revenue")
        return (
            Example(
                "all hold", Case(Policy(), reports=report("data_quality", clean)), "passed", "daily_revenue"
            ),
            Example(
                "they hold again",
                Case(Policy(), reports=report("data_quality", clean, base=failing)),
                "passed",
            ),
            Example(
                "an expectation fails",
                Case(Policy(), reports=report("data_quality", head=failing)),
                "failed",
                "expect_column_values_to_be_between",
            ),
            Example(
                "it fails at base too",
                Case(Policy(), reports=report("data_quality", base=failing, head=failing)),
                "warned",
                "failed before",
            ),
            Example(
                "an expectation raises an exception",
                Case(
                    Policy(),
                    reports=report(
                        "data_quality",
                        head=side(could_not_run="checkpoint daily_revenue raised NoSuchModuleError"),
                    ),
                ),
                "could_not_run",
                "NoSuchModuleError",
            ),
            Example(
                "a checkpoint that ends badly and says nothing",
                Case(
                    Policy(),
                    reports=report("data_quality", head=side(records=(record("data_quality", exit=1),))),
                ),
                "could_not_run",
                "exits with 1",
            ),
        )
