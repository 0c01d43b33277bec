"""DSN002: the plan serves every criterion."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.plan import Plan, Step
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy


class CriteriaCovered(Gate):
    """Every criterion has a step that serves it and says how that is verified; no step serves an unknown one.

    A criterion that no step serves is either forgotten or met by accident.
    """

    id: ClassVar[str] = "DSN002"
    name: ClassVar[str] = "criteria-covered"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan"
    needs: ClassVar[tuple[str, ...]] = ("plan", "requirements")

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        assert case.requirements is not None
        if case.plan.gaps:
            return self.not_applicable(
                "there is no step yet; DSN001 says what keeps the author from planning one"
            )
        findings = list(_uncovered(case.plan, case.requirements))
        if findings:
            return self.found(summary(findings), findings)
        return self.passed(f"all {len(case.requirements.criteria)} criteria have a step and a verification")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(*steps: Step) -> Case:
            requirements = specimens.requirements(specimens.criterion(id="c1"))
            return Case(policy=Policy(), plan=specimens.plan(*steps), requirements=requirements)

        step = specimens.step
        return (
            Example("a step for the criterion", case(step(criteria=("c1",))), "passed"),
            Example("a second step for no criterion", case(step(criteria=("c1",)), step(2)), "passed"),
            Example("no step for the criterion", case(step()), "failed", "No step serves"),
            Example(
                "no verification", case(step(criteria=("c1",), verification=" ")), "failed", "how to verify"
            ),
            Example("a criterion that nobody asked for", case(step(criteria=("c1", "c2"))), "failed", "'c2'"),
        )


def _uncovered(plan: Plan, requirements: Requirements) -> Iterator[Finding]:
    for criterion in requirements.criteria:
        steps = [step for step in plan.steps if criterion.id in step.criteria]
        shown = f"criterion {criterion.id} ({criterion.sentence})"
        where = {"path": criterion.span.source, "line": criterion.span.line}
        if not steps:
            yield Finding(
                **where,
                message=f"No step serves {shown}.",
                fix=f"Add a step for it, or add {criterion.id} to one.",
            )
        elif not any(step.verification.strip() for step in steps):
            yield Finding(
                **where,
                message=f"No step says how to verify {shown}.",
                fix=f"Say in step {steps[0].number} which {criterion.verification} check shows it.",
            )
    known = {criterion.id for criterion in requirements.criteria}
    for step in plan.steps:
        for unknown in sorted(set(step.criteria) - known):
            message = f"Step {step.number} serves '{unknown}', which is no criterion of the issue."
            yield Finding(
                path=None, line=None, message=message, fix="Take it out, or ask for it in the issue."
            )
