"""VAL006: the data that the changed pipelines write meets the target's expectations."""

from typing import ClassVar

from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Opinion
from meta_pipeline.gates.specimens import measure, problem, record, report, side
from meta_pipeline.gates.validation.reported import ReportGate, chunks
from meta_pipeline.policy import Policy

_FIX = "mend the pipeline or model, or the expectation or test where the demand has changed"


class DataQuality(ReportGate):
    """Great Expectations checkpoints and dbt tests find nothing wrong in the data that the change writes.

    An expectation that raises an exception was not evaluated: it blocks as one that could not run, for it
    says nothing about the data. Expectations and tests that fail at base too only warn, and so do dbt tests of
    the severity `warn`.
    """

    id: ClassVar[str] = "VAL006"
    name: ClassVar[str] = "data-quality"
    subject: ClassVar[str] = "data_quality_report"
    kind: ClassVar[ReportKind] = "data_quality"

    def judge_report(self, case: Case, report: ValidationReport) -> Opinion:
        found = self.compared(report, _FIX, "expectation(s) or test(s) failed")
        if found is not None:
            return found
        checkpoints = [m for m in report.measures if m.name == "failed_expectations" and m.side == "head"]
        failing = [m.subject for m in checkpoints if float(m.value) > 0]
        if failing:
            reason = f"{', '.join(failing)} counts failed expectations that the report does not name"
            return self.could_not_run(reason, evidence=chunks(report))
        names = [m.subject for m in checkpoints]
        projects = [m for m in report.measures if m.name == "tests_run" and m.side == "head"]
        names += [f"{float(m.value):g} dbt tests of {m.subject}" for m in projects]
        return self.passed(
            f"all expectations hold: {', '.join(names) or 'every check'}", evidence=chunks(report)
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        negative = problem(
            "checkpoint daily_revenue: expect_column_values_to_be_between of revenue fails for 3 values",
            "gx/expectations/daily_revenue.json",
            None,
        )
        lacking = problem(
            "dbt test not_null_orders_status: orders.status has 3 failing rows, such as order_id=7",
            "models/schema.yml",
            12,
        )
        lenient = lacking.model_copy(update={"severity": "warning"})
        ran = (record("data_quality"),)
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
                "dbt tests hold",
                Case(
                    Policy(),
                    reports=report("data_quality", measure("tests_run", 21, "tests", subject="shop")),
                ),
                "passed",
                "21 dbt tests of shop",
            ),
            Example(
                "a dbt test finds rows",
                Case(Policy(), reports=report("data_quality", head=side(lacking, records=ran))),
                "failed",
                "orders.status has 3 failing rows",
            ),
            Example(
                "a dbt test of severity warn finds rows",
                Case(Policy(), reports=report("data_quality", head=side(lenient, records=ran))),
                "warned",
                "severity of a warning",
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
