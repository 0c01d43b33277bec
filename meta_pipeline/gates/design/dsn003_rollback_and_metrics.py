"""DSN003: a step that can break something says how to undo it and what shows that it broke."""

from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.file_kinds import is_document, is_test
from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.plan import Step
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy


class RollbackAndMetrics(Gate):
    """Every risky step has a way back, and a metric with a value at which a person acts.

    A step is risky when it changes anything but documents and tests: a pipeline runs it, or is set up by it. Without a
    way back the first bad night is spent inventing one, and without a metric nobody knows that it is such a night.
    """

    id: ClassVar[str] = "DSN003"
    name: ClassVar[str] = "rollback-and-metrics"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan"
    needs: ClassVar[tuple[str, ...]] = ("plan",)

    def judge(self, case: Case) -> Opinion:
        assert case.plan is not None
        risky = [step for step in case.plan.steps if _risky_files(step)]
        if not risky:
            return self.not_applicable("no step changes more than documents and tests")
        findings = [finding for step in risky for finding in _lacking(step)]
        if findings:
            return self.found(summary(findings), findings)
        return self.passed(f"all {len(risky)} risky steps have a way back and a metric to watch")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(*steps: Step) -> Case:
            return Case(Policy(), plan=specimens.plan(*steps))

        watched = specimens.step(metrics=(specimens.metric(),))
        return (
            Example("a way back and a metric", case(watched), "passed"),
            Example(
                "a step on the README and a test",
                case(specimens.step(1, "README.md", "tests/test_load.py", rollback="")),
                "not_applicable",
            ),
            Example("no metric", case(specimens.step()), "failed", "names no metric"),
            Example("no way back", case(watched.model_copy(update={"rollback": " "})), "failed", "way back"),
            Example(
                "a metric without a value to act on",
                case(specimens.step(metrics=(specimens.metric(threshold=""),))),
                "failed",
                "run time of sales_daily",
            ),
        )


def _risky_files(step: Step) -> list[str]:
    return [path for path in step.files if not is_document(path) and not is_test(path)]


def _lacking(step: Step) -> Iterator[Finding]:
    path = _risky_files(step)[0]
    if not step.rollback.strip():
        yield _finding(
            path,
            f"Step {step.number} ({step.title}) has no way back.",
            "Say which commits or commands undo it, and what of its effects they do not undo.",
        )
    if not step.metrics:
        yield _finding(
            path,
            f"Step {step.number} ({step.title}) names no metric that would show that it broke something.",
            "Name a metric, where it is read, and the value at which a person acts.",
        )
    for metric in step.metrics:
        if not metric.threshold.strip():
            yield _finding(
                path,
                f"Step {step.number} wants {metric.name} watched and says no value at which a person acts.",
                "Give it a threshold.",
            )


def _finding(path: str, message: str, fix: str) -> Finding:
    return Finding(path=path, line=None, message=message, fix=fix)
