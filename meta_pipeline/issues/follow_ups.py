"""The four questions that every change must face, with the answer of the issue or of the policy."""

from typing import Literal

from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.requirements import FollowUp
from meta_pipeline.policy import FollowUpPolicy

Topic = Literal["upstream_schema", "environments", "dashboards", "backfill"]

SECTIONS: tuple[tuple[Topic, str], ...] = (
    ("upstream_schema", "Upstream schema"),
    ("environments", "Environments and windows"),
    ("dashboards", "Dashboards and alerts"),
    ("backfill", "Backfill"),
)


def follow_ups_of(issue: Issue, policy: FollowUpPolicy) -> tuple[FollowUp, ...]:
    """One answer per topic: the issue's own, else the policy's standing one, else nobody's."""
    return tuple(_follow_up(topic, issue, heading, getattr(policy, topic)) for topic, heading in SECTIONS)


def _follow_up(topic: Topic, issue: Issue, heading: str, standing: str | None) -> FollowUp:
    section = issue.section(heading)
    if section is not None:
        return FollowUp(topic=topic, answer=section.text.strip(), given_by="issue")
    if standing:
        return FollowUp(topic=topic, answer=standing, given_by="policy")
    return FollowUp(topic=topic, answer=None, given_by="nobody")
