"""REV004: somebody is told when the change misbehaves."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.plan import Metric, Plan
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy


class Monitored(Gate):
    """Each metric that the plan wants watched has a source where it is read, a threshold, and an alert.

    A metric that nobody reads is a wish. Where the policy names no dashboard and no alert, whoever approves the change
    takes it on to look.
    """

    id: ClassVar[str] = "REV004"
    name: ClassVar[str] = "monitored"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("plan",)

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        metrics = dict.fromkeys(metric for step in case.plan.steps for metric in step.metrics)
        if not metrics:
            return self.not_applicable("the plan names no metric to watch")
        findings = list(_unwatched(case.plan))
        if findings:
            return self.found(summary(findings), findings)
        return self.passed(f"all {len(metrics)} metrics have a source, a threshold and an alert")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(**fields: str) -> Case:
            return Case(Policy(), plan=specimens.plan(specimens.step(metrics=(specimens.metric(**fields),))))

        return (
            Example("source, threshold and alert", case(), "passed"),
            Example("nothing to watch", Case(Policy(), plan=specimens.plan()), "not_applicable"),
            Example("nobody is told", case(alert=""), "needs_approval", "no alert"),
            Example("nobody knows where to look", case(source=""), "needs_approval", "no source"),
        )


def _unwatched(plan: Plan) -> Iterator[Finding]:
    seen: set[Metric] = set()
    for step in plan.steps:
        for metric in step.metrics:
            lacks = [what for what in ("source", "threshold", "alert") if not getattr(metric, what).strip()]
            if lacks and metric not in seen:
                seen.add(metric)
                yield Finding(
                    path=step.files[0] if step.files else None,
                    line=None,
                    message=f"{metric.name} is to be watched and has {' and '.join(f'no {what}' for what in lacks)}: "
                    "nobody would be told.",
                    fix="Name the dashboard and an alert under monitoring in the policy, or approve that somebody "
                    "looks by hand.",
                )
