"""DSC002: a demand for speed or freshness says how much."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import Criterion, Span
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import summary
from meta_pipeline.policy import Policy

_TIMED = frozenset({"schedule", "runtime"})
_MEND = (
    "Say a number, a unit and what it is measured on, as 'Run time of `the_dag` is at most 10 minutes' "
    "or 'Schedule of `the_dag` is every 2 hours'."
)


class UnambiguousSla(Gate):
    """A demand for latency or freshness has a number, a unit and a reference point.

    `As fast as possible` is met by every change and by none; the schedule or run time that somebody picks
    for it becomes a promise to readers that nobody gave.
    """

    id: ClassVar[str] = "DSC002"
    name: ClassVar[str] = "unambiguous-sla"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        from meta_pipeline.issues.vagueness import speaks_of_time, vague_words  # a check has no issue

        requirements = case.requirements
        assert requirements is not None
        vague = [
            span
            for span in requirements.unmeasurable
            if vague_words(span.quote) or speaks_of_time(span.quote)
        ]
        adrift = [c for c in requirements.criteria if c.metric in _TIMED and not c.subject]
        findings = [*map(_vague, vague), *map(_adrift, adrift)]
        if findings:
            return self.found(summary(findings), findings)
        timed = [criterion for criterion in requirements.criteria if criterion.metric in _TIMED]
        if not timed:
            return self.not_applicable("the issue demands no speed or freshness")
        return self.passed("; ".join(criterion.sentence for criterion in timed))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        timed = specimens.criterion(
            metric="runtime",
            subject="sales_daily",
            comparator="<=",
            threshold=600,
            unit="seconds",
            verification="dry_run",
        )

        def case(*criteria: Criterion, vague: tuple[Span, ...] = ()) -> Case:
            return Case(policy=Policy(), requirements=specimens.requirements(*criteria, unmeasurable=vague))

        return (
            Example("a run time with number and unit", case(timed), "passed", "600 seconds"),
            Example(
                "a schedule",
                case(
                    specimens.criterion(
                        metric="schedule",
                        subject="sales_daily",
                        comparator="==",
                        threshold="0 */2 * * *",
                        unit="cron",
                    )
                ),
                "passed",
                "0 */2 * * *",
            ),
            Example("no demand for time", case(specimens.criterion()), "not_applicable"),
            Example(
                "a vague word",
                case(vague=(specimens.span("As fast as possible."),)),
                "failed",
                "as fast as possible",
            ),
            Example(
                "a number without a reference point",
                case(vague=(specimens.span("Within 10 minutes."),)),
                "failed",
            ),
            Example(
                "a limit on nothing",
                case(timed.model_copy(update={"subject": ""})),
                "failed",
                "what it is measured on",
            ),
        )


def _vague(span: Span) -> Finding:
    from meta_pipeline.issues.vagueness import vague_words

    words = ", ".join(f"'{word}'" for word in vague_words(span.quote))
    lacks = f"{words} names no number and unit" if words else "it does not say what the time is measured on"
    return Finding(path=span.source, line=span.line, message=f'"{span.quote}": {lacks}.', fix=_MEND)


def _adrift(criterion: Criterion) -> Finding:
    message = f"Criterion {criterion.id} ({criterion.sentence}) does not say what it is measured on."
    return Finding(path=criterion.span.source, line=criterion.span.line, message=message, fix=_MEND)
