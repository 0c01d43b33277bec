"""DSC004: what the issue names is there, or is declared new."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import Touchpoint
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.policy import Policy

_SHOWN = {"pipeline": "pipeline", "node": "task", "dataset": "dataset", "file": "file"}


class TouchpointsExist(Gate):
    """Every pipeline, task, dataset and file that the issue names exists at base, or the issue declares it new.

    A misspelt name sends the change to the wrong place, or makes a second thing beside the one that was meant.
    """

    id: ClassVar[str] = "DSC004"
    name: ClassVar[str] = "touchpoints-exist"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        assert case.requirements is not None
        points = case.requirements.touchpoints
        missing = [point for point in points if not point.exists and not point.declared_new]
        if missing:
            return self.found(
                f"names that are unknown: {len(missing)} of {len(points)}", map(_finding, missing)
            )
        if not points:
            return self.not_applicable("the issue names nothing of the repository")
        return self.passed(f"all {len(points)} names exist or are declared new")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(**fields: object) -> Case:
            given = {"name": "sales_daily", "kind": "pipeline", "exists": True, "span": specimens.span()}
            point = Touchpoint.model_validate(given | fields)
            return Case(policy=Policy(), requirements=specimens.requirements(touchpoints=(point,)))

        return (
            Example("a pipeline that is there", case(), "passed"),
            Example(
                "a pipeline that is to be made",
                case(name="returns", exists=False, declared_new=True),
                "passed",
            ),
            Example(
                "a misspelt pipeline",
                case(name="sale_daily", exists=False, near=("sales_daily",)),
                "failed",
                "sale_daily",
            ),
            Example(
                "a table that nobody knows",
                case(name="t", kind="dataset", exists=False),
                "failed",
                "dataset 't'",
            ),
            Example(
                "a misspelt column",
                case(name="orders.amout", kind="dataset", exists=False, near=("orders.amount",)),
                "failed",
                "no column 'amout' in dataset 'orders'",
            ),
            Example(
                "an issue that names nothing",
                Case(policy=Policy(), requirements=specimens.requirements()),
                "not_applicable",
            ),
        )


def _finding(point: Touchpoint) -> Finding:
    dataset, _, column = point.name.rpartition(".")
    if point.kind == "dataset" and any(near.startswith(f"{dataset}.") for near in point.near):
        return Finding(
            path=point.span.source,
            line=point.span.line,
            message=f"There is no column '{column}' in dataset '{dataset}'.",
            fix=f"Did you mean {' or '.join(f'`{name}`' for name in point.near)}? Mend the name in the issue.",
        )
    kind = _SHOWN[point.kind]
    new = f"write 'new {kind} `{point.name}`' where it is to be made"
    near = " or ".join(f"`{name}`" for name in point.near)
    return Finding(
        path=point.span.source,
        line=point.span.line,
        message=f"There is no {kind} '{point.name}' in the repository.",
        fix=f"Did you mean {near}? Mend the name in the issue, or {new}."
        if near
        else f"Mend the name, or {new}.",
    )
