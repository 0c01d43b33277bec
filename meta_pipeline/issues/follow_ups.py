"""The four questions that every change must face, with the answer of the issue or of the policy."""

from collections.abc import Mapping
from typing import Literal

from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.requirements import Answer, FollowUp, Question, Span
from meta_pipeline.policy import FollowUpPolicy

Topic = Literal["upstream_schema", "environments", "dashboards", "backfill"]

SECTIONS: tuple[tuple[Topic, str], ...] = (
    ("upstream_schema", "Upstream schema"),
    ("environments", "Environments and windows"),
    ("dashboards", "Dashboards and alerts"),
    ("backfill", "Backfill"),
)


_ASKS: Mapping[Topic, str] = {
    "upstream_schema": "May the schema of what the pipelines read change meanwhile, and who says so?",
    "environments": "In which environments and windows is the change rolled out?",
    "dashboards": "Which dashboards and alerts show that it works, and must one be added?",
    "backfill": "Are past dates run again, and which?",
}
_WHY = "Every change must face it; neither the issue nor the policy says."


def follow_ups_of(
    issue: Issue, policy: FollowUpPolicy, answers: tuple[Answer, ...] = ()
) -> tuple[FollowUp, ...]:
    """One answer per topic: the issue's own, else a person's to the delivery, else the policy's standing one.

    A person answers by the topic: it is the id of its question.
    """
    given = {answer.question: answer.text.strip() for answer in answers}
    return tuple(
        _follow_up(topic, issue, heading, given.get(topic), getattr(policy, topic))
        for topic, heading in SECTIONS
    )


def questions_of(issue: Issue, follow_ups: tuple[FollowUp, ...]) -> tuple[Question, ...]:
    """A question for each topic that neither issue nor policy speaks of, also where a person answered it since."""
    span = Span(source=issue.path, line=1, quote=issue.title)
    return tuple(
        Question(id=follow_up.topic, text=_ASKS[follow_up.topic], why=_WHY, span=span)
        for follow_up in follow_ups
        if follow_up.given_by in ("answer", "nobody")
    )


def _follow_up(
    topic: Topic, issue: Issue, heading: str, answered: str | None, standing: str | None
) -> FollowUp:
    section = issue.section(heading)
    if section is not None:
        return FollowUp(topic=topic, answer=section.text.strip(), given_by="issue")
    if answered:
        return FollowUp(topic=topic, answer=answered, given_by="answer")
    if standing:
        return FollowUp(topic=topic, answer=standing, given_by="policy")
    return FollowUp(topic=topic, answer=None, given_by="nobody")
