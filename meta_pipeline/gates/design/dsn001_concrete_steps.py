"""DSN001: the plan names what it touches."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.plan import Plan, Step
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy


class ConcreteSteps(Gate):
    """The plan's steps are numbered from 1, and each names its data flow and files that exist or that it makes.

    A signer approves files and flows, not intentions: a plan that names none can be followed by any change.
    """

    id: ClassVar[str] = "DSN001"
    name: ClassVar[str] = "concrete-steps"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan"
    needs: ClassVar[tuple[str, ...]] = ("plan", "context")

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        assert case.context is not None
        findings = [
            Finding(path=None, line=None, message=m, fix=f) for m, f in _wrong(case.plan, case.context)
        ]
        if findings:
            return self.found(summary(findings), findings)
        return self.passed(f"{len(case.plan.steps)} steps name {len(case.plan.files)} files")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(*steps: Step) -> Case:
            return Case(policy=Policy(), plan=specimens.plan(*steps), context=specimens.repo_context())

        step, made = specimens.step, "contracts/returns.odcs.yaml"
        nothing = specimens.plan().model_copy(update={"steps": ()})
        return (
            Example("a step on a file that exists", case(step()), "passed"),
            Example("a step on a file that it makes", case(step(1, made, creates=(made,))), "passed"),
            Example(
                "a later step on a file that an earlier one makes",
                case(step(1, made, creates=(made,)), step(2, made)),
                "passed",
            ),
            Example(
                "a file that is not there",
                case(step(1, "dags/sale_daily.py")),
                "failed",
                "dags/sale_daily.py",
            ),
            Example(
                "a new file that is there already",
                case(step(creates=(specimens.DAG_FILE,))),
                "failed",
                "exists",
            ),
            Example("steps numbered 1, 3", case(step(1), step(3)), "failed", "numbered"),
            Example("no data flow", case(step(data_flow=" ")), "failed", "data flow"),
            Example("no file", case(step().model_copy(update={"files": ()})), "failed", "names no file"),
            Example(
                "no author could plan it",
                Case(
                    policy=Policy(),
                    plan=nothing.model_copy(update={"gaps": ("set_schedule wants one schedule",)}),
                    context=specimens.repo_context(),
                ),
                "failed",
                "set_schedule wants",
            ),
            Example(
                "no step",
                Case(policy=Policy(), plan=nothing, context=specimens.repo_context()),
                "failed",
                "no step",
            ),
        )


_BY_HAND = "Write the change yourself and hand it in with 'meta-pipeline deliver ... --patch FILE', or mend the issue."


def _wrong(plan: Plan, context: RepoContext) -> Iterator[tuple[str, str]]:
    """What is wrong, and how to mend it."""
    for gap in plan.gaps:
        yield f"No step can be planned: {gap.rstrip('.')}.", _BY_HAND
    if not plan.steps and not plan.gaps:
        yield "The plan has no step.", "Write numbered steps that name files."
    numbers = [step.number for step in plan.steps]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"The steps are numbered {', '.join(map(str, numbers))}.", f"Number them 1 to {len(numbers)}."
    there = set(context.files)
    for step in plan.steps:
        yield from _wrong_step(step, there)
        there |= set(step.creates)


def _wrong_step(step: Step, there: set[str]) -> Iterator[tuple[str, str]]:
    if not step.files:
        yield f"Step {step.number} names no file.", "Name the files that it changes or makes."
    for path in step.files:
        if path not in there and path not in step.creates:
            yield (
                f"Step {step.number} names '{path}', which does not exist and is not made by it.",
                "Mend the path, or list it among the files that the step creates.",
            )
    for path in step.creates:
        if path in there:
            yield (
                f"Step {step.number} creates '{path}', which exists.",
                "Take it out of the files to be created.",
            )
        elif path not in step.files:
            yield f"Step {step.number} creates '{path}' and does not name it.", "Add it to the step's files."
    if not step.data_flow.strip():
        yield (
            f"Step {step.number} has no data flow.",
            "Say what it reads and writes, or that the flow is unchanged.",
        )
    if not step.title.strip():
        yield f"Step {step.number} has no title.", "Say in one line what it does."
