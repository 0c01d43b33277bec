"""What the sensors launch, evaluated as the daemon does it."""

from pathlib import Path

import pytest
from git import Repo

from meta_pipeline.delivery.change_set import ChangeSet
from meta_pipeline.evidence.signals import Signals
from meta_pipeline.policy import INBOX
from meta_pipeline.workspace.publishing import publish_branch
from tests.defs.conftest import new_workshop
from tests.defs.workshop import Workshop

pytestmark = pytest.mark.timeout(900)  # the first one builds the target's environment and proves the change


def launched(
    workshop: Workshop, sensor: str, cursor: str | None = None
) -> list[tuple[str | None, str | None]]:
    """The job and the partition of every run that one tick of a sensor asks for."""
    with workshop.sensor_result(sensor, cursor) as tick:
        return [(request.job_name, request.partition_key) for request in tick.run_requests or ()]


def test_a_plan_sign_off_carries_on_with_the_change(planned: Workshop) -> None:
    assert launched(planned, "signoff_sensor") == []
    planned.sign("design")
    assert launched(planned, "signoff_sensor") == [("implement_delivery_sales", "inbox-0001")]


def test_a_review_sign_off_carries_on_with_the_rollout(proved: Workshop) -> None:
    assert len(Signals.of(str(proved.home.path), proved.target.name).waiting()) == 1, (
        "of the plan, as no sensor took it up"
    )
    proved.sign("review")
    assert launched(proved, "signoff_sensor") == [("roll_out_delivery_sales", "inbox-0001")]


def test_an_answer_carries_on_with_the_plan(tmp_path: Path, shared_environments: Path) -> None:
    asked = new_workshop(tmp_path, shared_environments, "0002")
    assert not asked.run("plan_delivery").success
    asked.answer("q1", "At least every 2 hours.")
    assert launched(asked, "signoff_sensor") == [("plan_delivery_sales", "inbox-0002")]


def test_a_merge_by_a_person_ends_with_the_rollout(proved: Workshop) -> None:
    old = proved.target.main
    head = proved.delivery.record.load("patched_code", ChangeSet).head
    assert head is not None
    publish_branch(proved.delivery.mirror, proved.delivery_id.branch, head)
    Repo(proved.target.origin).git.update_ref("refs/heads/main", head)
    assert launched(proved, "target_repo_sensor", cursor=old) == [
        ("survey_sales", None),
        ("roll_out_delivery_sales", "inbox-0001"),
    ]


def test_an_issue_that_is_opened_again_begins_a_new_revision(
    tmp_path: Path, shared_environments: Path
) -> None:
    asked = new_workshop(tmp_path, shared_environments, "0001")
    assert asked.run("plan_delivery").success
    path = next(Path(asked.target.checkout.working_dir, INBOX).glob("0001-*.md"))
    name, text = f"{INBOX}/{path.name}", path.read_text()

    asked.target.push({name: text.replace("status: open", "status: closed")}, "Close")
    assert launched(asked, "issue_sensor") == []
    assert asked.standing.state == "withdrawn"

    asked.target.push({name: text}, "Open again")
    assert launched(asked, "issue_sensor") == [("plan_delivery_sales", "inbox-0001")]
    assert asked.run("plan_delivery").success
    assert (asked.standing.state, asked.standing.revision) == ("awaiting_plan_signoff", 2)
