"""CHG005: an existing pipeline runs when it ran before, or a person agreed."""

from collections.abc import Iterator
from typing import Any, ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_FIELDS = frozenset({"schedule", "timezone", "start_date", "catchup", "paused"})
_OF_SCHEDULE = frozenset({"timezone", "paused"})
_NODE_FIELDS = frozenset({"partitions", "automation"})


class ScheduleApproved(Gate):
    """When an existing pipeline runs stays as it was, or a person approves.

    That is its schedule, catchup, start date, time zone and pause state, and the partitions and the automation
    condition of an asset.

    A moved schedule breaks whoever reads the data in the morning, and catchup or an earlier start date can
    launch years of runs. A new pipeline changes nobody's schedule. A value that can no longer be read from
    source, or could not be before, counts as a change: nobody knows whether it is one.
    """

    id: ClassVar[str] = "CHG005"
    name: ClassVar[str] = "schedule-approved"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        return weigh(
            self, map(_weighed, _changed(case.change)), "every existing pipeline runs when it ran before"
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        new = specimens.pipeline(id="returns_daily", path="dags/returns.py", catchup=True)
        unchanged = specimens.pipeline()
        added = specimens.change(base=(unchanged,), head=(unchanged, new))
        return (
            Example(
                "only the owner changes", _case({}, {"owner": "sales-data"}), "passed", "when it ran before"
            ),
            Example("a new DAG with its own schedule", Case(Policy(), change=added), "passed"),
            Example(
                "the DAG runs hourly",
                _case({}, {"schedule": "0 * * * *"}),
                "needs_approval",
                "now runs every hour (0 * * * *) instead of at 05:00 every day (0 5 * * *)",
            ),
            Example(
                "catchup is switched on", _case({}, {"catchup": True}), "needs_approval", "now makes up for"
            ),
            Example(
                "a schedule that only the running scheduler knows",
                _case({}, {"schedule": UNRESOLVED}),
                "needs_approval",
                "cannot be known",
            ),
        )


def _case(before: dict[str, Any], after: dict[str, Any]) -> Case:
    change = specimens.change(base=(specimens.pipeline(**before),), head=(specimens.pipeline(**after),))
    return Case(Policy(), change=change)


def _changed(change: Change) -> Iterator[Difference]:
    """What changes of when existing pipelines and assets run, and in which partitions."""
    told = {d.pipeline for d in change.differences if d.node is None and d.field == "schedule"}
    for difference in change.differences:
        if difference.node is not None:
            if difference.field in _NODE_FIELDS:
                yield difference
        elif difference.field in _FIELDS:
            # A pipeline without a schedule has neither a zone nor a state; they come and go with it.
            follows = None in (difference.before, difference.after) and difference.pipeline in told
            if difference.field not in _OF_SCHEDULE or not follows:
                yield difference


def _weighed(difference: Difference) -> Weighed:
    known = "" if difference.is_known else "; whether it stays the same cannot be known"
    restored = "take it away again" if difference.before is None else f"restore {difference.before}"
    what = difference.node or difference.pipeline
    return weighed(
        "needs_approval",
        f"{difference.sentence}{known}",
        f"{restored}, or approve when and how often {what} runs",
        path=difference.path,
        line=difference.line,
        pipeline=difference.pipeline,
    )
