"""CHG005: an existing pipeline runs when it ran before, or a person agreed."""

from typing import Any, ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.timing import ends_moved, timing_changed, unseen_changes
from meta_pipeline.gates.change.unseen_settings import unseen_timing
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import weigh
from meta_pipeline.policy import Policy


class ScheduleApproved(Gate):
    """When an existing pipeline runs stays as it was, or a person approves.

    That is its schedule, catchup, start and end date, time zone and pause state, and the partitions and the automation
    condition of an asset.

    A moved schedule breaks whoever reads the data in the morning, and catchup or an earlier start date can
    launch years of runs. A new pipeline changes nobody's schedule, and neither does another spelling of an equal cron,
    zone or date. An earlier start date of a pipeline that makes up for no missed runs is only told of. Where source
    does not tell a value, a person is asked as soon as what it is made of changes; where it only tells more or less
    than before, and nothing that is written of timing changed, it is told of.
    """

    id: ClassVar[str] = "CHG005"
    name: ClassVar[str] = "schedule-approved"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "schedule-changed",
        "catchup-on",
        "start-date-moved",
        "timezone-lost",
        "partition-mapping-wrong",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [
            *timing_changed(case.change),
            *unseen_changes(case.change),
            *ends_moved(case.change),
            *unseen_timing(case.change),
        ]
        return weigh(self, found, "every existing pipeline runs when it ran before")

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
                "an equal schedule in another spelling",
                _case({"schedule": "0 5 * * 1-5"}, {"schedule": "00 5 * * MON-FRI"}),
                "passed",
            ),
            Example(
                "an earlier start date without catchup",
                _case({"start_date": "2024-01-01"}, {"start_date": "2023-01-01"}),
                "warned",
                "which starts no run by itself",
            ),
            Example(
                "an earlier start date with catchup",
                _case(
                    {"start_date": "2024-01-01", "catchup": True},
                    {"start_date": "2023-01-01", "catchup": True},
                ),
                "needs_approval",
                "about 365 more runs",
            ),
            Example(
                "catchup is switched on", _case({}, {"catchup": True}), "needs_approval", "now makes up for"
            ),
            Example(
                "source no longer tells a schedule of which nothing that is written changed",
                _case({}, {"schedule": UNRESOLVED}),
                "warned",
                "cannot be known",
            ),
        )


def _case(before: dict[str, Any], after: dict[str, Any]) -> Case:
    change = specimens.change(base=(specimens.pipeline(**before),), head=(specimens.pipeline(**after),))
    return Case(Policy(), change=change)
