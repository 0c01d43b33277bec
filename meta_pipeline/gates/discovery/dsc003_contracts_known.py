"""DSC003: every dataset that the issue names has a contract."""

from pathlib import PurePosixPath
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import Criterion, Expectation, Requirements, Touchpoint
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.policy import Policy


class ContractsKnown(Gate):
    """Every dataset that the issue names has a contract (an ODCS file, a dbt model's YAML, an expectation
    suite), or the issue gives one: a contract file to be made, or rules or descriptions for the dataset's columns.

    Without a contract nobody can say whether a change breaks the readers of the dataset.
    """

    id: ClassVar[str] = "DSC003"
    name: ClassVar[str] = "contracts-known"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        requirements = case.requirements
        assert requirements is not None
        # A dataset that is neither there nor declared new is DSC004's: it has a wrong name, not a missing contract.
        datasets = [
            t for t in requirements.touchpoints if t.kind == "dataset" and (t.exists or t.declared_new)
        ]
        if not datasets:
            return self.not_applicable("the issue names no dataset")
        bare = [t for t in datasets if t.contract is None and not _is_given(t.name, requirements)]
        if bare:
            return self.found(f"{len(bare)} datasets have no contract", map(_finding, bare))
        return self.passed(f"all {len(datasets)} datasets have a contract")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def point(**fields: object) -> Touchpoint:
            given = {"name": "daily_revenue", "kind": "dataset", "exists": True, "span": specimens.span()}
            return Touchpoint.model_validate(given | fields)

        def case(*points: Touchpoint, **fields: object) -> Case:
            return Case(policy=Policy(), requirements=specimens.requirements(touchpoints=points, **fields))

        new = point(name="returns", exists=False, declared_new=True)
        file = point(name="contracts/returns.odcs.yaml", kind="file", exists=False, declared_new=True)
        rule = specimens.criterion(
            metric="unexpected_values",
            subject="returns.amount",
            expectation=Expectation(
                type="expect_column_values_to_not_be_null", dataset="returns", column="amount"
            ),
        )
        return (
            Example(
                "a dataset with a contract",
                case(point(contract="contracts/daily_revenue.odcs.yaml")),
                "passed",
            ),
            Example("a new dataset whose contract is to be made", case(new, file), "passed"),
            Example(
                "a new dataset with rules in the issue",
                Case(policy=Policy(), requirements=specimens.requirements(rule, touchpoints=(new,))),
                "passed",
            ),
            Example("a dataset that nothing describes", case(point()), "failed", "daily_revenue"),
            Example("a new dataset without a contract", case(new), "failed", "returns"),
            Example("no dataset", case(), "not_applicable"),
        )


def _is_given(dataset: str, requirements: Requirements) -> bool:
    if any(_describes(criterion, dataset) for criterion in requirements.criteria):
        return True
    names = (
        PurePosixPath(t.name).name for t in requirements.touchpoints if t.kind == "file" and t.declared_new
    )
    return any(name.startswith(f"{dataset}.") and name.endswith((".yaml", ".yml", ".json")) for name in names)


def _describes(criterion: Criterion, dataset: str) -> bool:
    """Whether a criterion gives a rule for a column of the dataset, or says what the column is."""
    if criterion.metric == "column_description":
        return criterion.subject.rpartition(".")[0] == dataset
    return criterion.expectation is not None and criterion.expectation.dataset == dataset


def _finding(point: Touchpoint) -> Finding:
    return Finding(
        path=point.span.source,
        line=point.span.line,
        message=f"The dataset '{point.name}' has no contract, so nobody can say what its readers rely on.",
        fix=_mend(point),
    )


def _mend(point: Touchpoint) -> str:
    if point.path:
        return (
            f"Describe {point.name} and its columns in a YAML file beside {point.path}, or give rules for them in "
            "the issue."
        )
    return f"Commit a contract, such as contracts/{point.name}.odcs.yaml, or name the new contract file in the issue."
