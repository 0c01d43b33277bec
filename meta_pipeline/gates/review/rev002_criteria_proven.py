"""REV002: every acceptance criterion was measured, and holds."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import Criterion
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.discovery.measuring import Measured, measured
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.specimens import criterion, measure, report
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy


class CriteriaProven(Gate):
    """Each criterion has a measured value at head, and its comparator holds for that value.

    The issue is done when its criteria are met, not when the code looks right. Nothing is assumed: a
    criterion without a measurement blocks as one that could not be judged.
    """

    id: ClassVar[str] = "REV002"
    name: ClassVar[str] = "criteria-proven"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        assert case.requirements is not None
        results = [
            measured(criterion, case.reports, case.change, case.policy.contracts)
            for criterion in case.requirements.criteria
        ]
        if not results:
            return self.not_applicable("the issue has no measurable criterion")
        evidence = sorted({result.chunk_id for result in results if result.chunk_id is not None})
        missed = [_finding(result) for result in results if result.holds is False]
        unmeasured = [_finding(result) for result in results if result.holds is None]
        if missed:
            return self.found(summary(missed), missed + unmeasured, evidence=evidence)
        if unmeasured:
            return self.could_not_run(summary(unmeasured), findings=unmeasured, evidence=evidence)
        shown = "; ".join(f"{result.criterion.sentence}: {result.value}" for result in results)
        return self.passed(f"measured: {shown}", evidence=evidence)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        retries = criterion()
        quick = criterion(
            id="C2",
            metric="runtime",
            subject="sales_daily",
            comparator="<=",
            threshold=300,
            unit="s",
            verification="dry_run",
        )
        growing = criterion(
            metric="retry_backoff", subject="sales_daily", comparator="==", threshold="exponential", unit=""
        )
        told = criterion(
            metric="column_description",
            subject="orders.amount",
            comparator="==",
            threshold="Price in EUR",
            unit="",
            verification="contract",
        )
        return (
            Example(
                "the column is described so", _described("Price  in EUR", told), "passed", "Price in EUR"
            ),
            Example(
                "the column is described otherwise", _described("Price in USD", told), "failed", "in USD"
            ),
            Example(
                "the task retries twice", _case(_parsed(2), retries), "passed", "retries of sales_daily.load"
            ),
            Example(
                "the run is quick enough",
                _case(report("dry_run", measure("runtime", 42.5, "s", subject="sales_daily")), quick),
                "passed",
                "42.5",
            ),
            Example("the task retries once", _case(_parsed(1), retries), "failed", "measured 1"),
            Example("one task has no backoff", _case(_parsed(2), growing), "failed", "measured false"),
            Example(
                "the run is too slow",
                _case(report("dry_run", measure("runtime", 301.0, "s", subject="sales_daily")), quick),
                "failed",
                "measured 301",
            ),
            Example(
                "nothing measured the run time",
                _case(_parsed(2), retries, quick),
                "could_not_run",
                "not measured",
            ),
            Example("no report at all", _case({}, retries), "could_not_run", "not measured"),
        )


def _parsed(retries: int) -> specimens.Reports:
    seen = specimens.pipeline(specimens.node(retries=retries))
    return report("parse", topologies=(specimens.topology(seen, method="runtime"),))


def _described(text: str, *criteria: Criterion) -> Case:
    entry = f"models: [{{name: orders, columns: [{{name: amount, description: {text}}}]}}]\n"
    change = specimens.change({}, {"dbt_project.yml": "name: shop\n", "models/orders.yml": entry})
    return Case(Policy(), change=change, requirements=specimens.requirements(*criteria))


def _case(reports: specimens.Reports, *criteria: Criterion) -> Case:
    return Case(Policy(), requirements=specimens.requirements(*criteria), reports=reports)


def _finding(result: Measured) -> Finding:
    span = result.criterion.span
    if result.holds is None and result.value is None:
        message = f"{result.criterion.id}: {result.criterion.sentence} was not measured"
        fix = "give the target a command, dry run or checkpoint that measures it"
    elif result.holds is None:
        message = (
            f"{result.criterion.id}: {result.criterion.sentence} cannot be compared; measured {result.value}"
        )
        fix = "state the threshold in the kind of value that is measured"
    else:
        message = f"{result.criterion.id}: {result.criterion.sentence} is missed; measured {result.value}"
        fix = "mend the change, or have the requester change the criterion"
    return Finding(path=span.source, line=span.line, message=message, fix=fix)
