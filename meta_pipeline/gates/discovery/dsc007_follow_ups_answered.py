"""DSC007: the four questions that every change must face are answered."""

from typing import ClassVar

from meta_pipeline.delivery.judgement import Finding
from meta_pipeline.delivery.requirements import FollowUp, Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.policy import Policy

_ASKS = {
    "upstream_schema": "whether the schema of what is read from upstream may change meanwhile, and who says so",
    "environments": "in which environments and windows the change is rolled out",
    "dashboards": "which dashboards and alerts show that it works",
    "backfill": "whether past dates are run again, and which",
}


class FollowUpsAnswered(Gate):
    """Upstream schema, environments and windows, dashboards and alerts, backfill: each has an answer.

    They are what a change is asked about on the day of its rollout, when whoever wrote it has gone on to other work.
    The issue answers in a section of its own, the policy once for all issues, or a person answers the delivery.
    """

    id: ClassVar[str] = "DSC007"
    name: ClassVar[str] = "follow-ups-answered"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        assert case.requirements is not None
        asked = case.requirements.follow_ups
        if not asked:
            return self.not_applicable("no follow-up was asked")
        unanswered = [follow_up for follow_up in asked if not follow_up.answer]
        if unanswered:
            topics = ", ".join(follow_up.topic.replace("_", " ") for follow_up in unanswered)
            return self.found(
                f"nobody said what holds for: {topics}",
                [_finding(follow_up, case.requirements) for follow_up in unanswered],
            )
        return self.passed(f"all {len(asked)} follow-ups are answered")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(**answers: str | None) -> Case:
            given = [
                FollowUp.model_validate(
                    {"topic": topic, "answer": answer, "given_by": "policy" if answer else "nobody"}
                )
                for topic, answer in answers.items()
            ]
            return Case(Policy(), requirements=specimens.requirements(follow_ups=tuple(given)))

        return (
            Example("all are answered", case(environments="staging first", backfill="none"), "passed"),
            Example("nothing was asked", case(), "not_applicable"),
            Example(
                "nobody speaks of a backfill", case(environments="all", backfill=None), "failed", "backfill"
            ),
            Example("nothing is answered", case(environments=None, dashboards=None), "failed", "dashboards"),
        )


def _finding(follow_up: FollowUp, requirements: Requirements) -> Finding:
    heading = follow_up.topic.replace("_", " ")
    return Finding(
        path=requirements.issue,
        line=1,
        message=f"Nobody said {_ASKS[follow_up.topic]}.",
        fix=f'Answer it with: meta-pipeline answer <delivery> {follow_up.topic} "..."; or give the issue a section on '
        f"{heading}, or all issues a standing answer as follow_ups.{follow_up.topic} of the policy.",
    )
