"""DSC001: what is asked for can be measured."""

import math
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.metrics import METRICS
from meta_pipeline.delivery.requirements import Answer, Criterion, Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy

_WHOLE_REPOSITORY = frozenset({"import_errors", "failed_tests", "lint_findings"})
_MEND = "Word it as a metric, a comparison, a number and a unit, as 'Retries of `dag.task` are at least 3'."


class MeasurableCriteria(Gate):
    """Every acceptance criterion has a metric, a comparison, a threshold in the metric's unit, a way to verify
    it, and the words of the issue, or of an answer, that it was read from.

    A change that is accepted on a feeling can be neither proved nor disproved. A sentence that cannot be
    measured blocks, and so does an issue without any criterion.
    """

    id: ClassVar[str] = "DSC001"
    name: ClassVar[str] = "measurable-criteria"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        requirements = case.requirements
        assert requirements is not None
        findings = [*_unmeasurable(requirements), *_incomplete(requirements)]
        if findings:
            return self.found(summary(findings), findings)
        if not requirements.criteria:
            message = "The issue has no acceptance criterion, so nothing would show that the change is right."
            return self.found(
                "there is no criterion", [Finding(path=None, line=None, message=message, fix=_MEND)]
            )
        return self.passed(f"all {len(requirements.criteria)} criteria are complete and quote their source")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        complete = specimens.criterion(unit="retries")

        def case(*criteria: Criterion, **fields: object) -> Case:
            return Case(policy=Policy(), requirements=specimens.requirements(*criteria, **fields))

        answered = specimens.criterion(
            unit="retries", span=specimens.span("Retries of `load` are 3", source="answer:q1", line=1)
        )
        answer = Answer(question="q1", text="Retries of `load` are 3", by=specimens.SIGNER)
        faster = specimens.span("The load should be faster")
        return (
            Example("a complete criterion", case(complete), "passed"),
            Example("a criterion read from an answer", case(answered, answers=(answer,)), "passed"),
            Example(
                "a sentence without a measure", case(complete, unmeasurable=(faster,)), "failed", "faster"
            ),
            Example("no criterion at all", case(), "failed", "no acceptance criterion"),
            Example(
                "a quote that nobody wrote",
                case(complete.model_copy(update={"span": specimens.span(" ")})),
                "failed",
                "quotes nothing",
            ),
            Example("an answer that nobody gave", case(answered), "failed", "the answer does not say so"),
            Example(
                "a unit that is not the metric's",
                case(complete.model_copy(update={"unit": "minutes"})),
                "failed",
                "measured in 'retries'",
            ),
        )


def _unmeasurable(requirements: Requirements) -> Iterator[Finding]:
    for span in requirements.unmeasurable:
        message = f'"{span.quote}" cannot be measured, so nothing would show that it was met.'
        yield Finding(path=span.source, line=span.line, message=message, fix=_MEND)


def _incomplete(requirements: Requirements) -> Iterator[Finding]:
    answers = {f"answer:{answer.question}": answer.text for answer in requirements.answers}
    for criterion in requirements.criteria:
        for wrong in _wrong(criterion, answers):
            message = f"Criterion {criterion.id} ({criterion.sentence}) {wrong}."
            yield Finding(path=criterion.span.source, line=criterion.span.line, message=message, fix=_MEND)


def _wrong(criterion: Criterion, answers: dict[str, str]) -> Iterator[str]:
    measured = METRICS[criterion.metric]
    threshold = criterion.threshold
    if not criterion.span.quote.strip():
        yield "quotes nothing, so it may be invented"
    elif criterion.span.source.startswith("answer:") and criterion.span.quote not in answers.get(
        criterion.span.source, ""
    ):
        yield f"quotes {criterion.span.source}, and the answer does not say so"
    if criterion.unit != measured.unit:
        yield f"has the unit '{criterion.unit}'; {criterion.metric} is measured in '{measured.unit}'"
    if measured.textual and not (isinstance(threshold, str) and threshold.strip()):
        yield "has no text as its threshold"
    if not measured.textual and (isinstance(threshold, str) or not math.isfinite(threshold)):
        yield "has no number as its threshold"
    if criterion.verification != measured.verification:
        yield f"is verified by {criterion.verification}; {criterion.metric} is proved by {measured.verification}"
    if not criterion.subject and criterion.metric not in _WHOLE_REPOSITORY:
        yield "does not say what it is measured on"
    if criterion.metric == "unexpected_values" and criterion.expectation is None:
        yield "has no rule for the values"
