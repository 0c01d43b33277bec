"""An operator's day in the Dagster UI: three issues come in; one is delivered, one pauses, one is blocked."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.page import Ui, browser, check_page, partition_page
from tests.browser.server import Operator, dagster_dev
from tests.conftest import requires_bubblewrap, requires_chromium
from tests.shipped_target import SIGNER, ShippedTarget

SUCCESS = re.compile("^Success$")  # of the run; its steps say STEP_SUCCESS
CLEAN, AMBIGUOUS, IMPLAUSIBLE = "inbox-0001", "inbox-0002", "inbox-0003"


@pytest.fixture
def target(tmp_path: Path, shared_environments: Path) -> ShippedTarget:
    return ShippedTarget.make(tmp_path, shared_environments / "signer_key")


@pytest.fixture
def operator(operator_home: Path, tmp_path: Path, target: ShippedTarget) -> Operator:
    return Operator.watching(operator_home, tmp_path / "dagster", target)


@pytest.fixture
def ui(operator: Operator, tmp_path: Path) -> Iterator[Ui]:
    """The UI of a running webserver and daemon; `META_PIPELINE_SCREENSHOTS` names the folder of its pictures."""
    pictures = Path(os.environ.get("META_PIPELINE_SCREENSHOTS") or tmp_path / "pictures")
    with dagster_dev(operator) as url, browser(url, pictures) as opened:
        yield opened


@pytest.mark.browser
@pytest.mark.airflow
@pytest.mark.timeout(900)  # a first run builds the target's environment
@requires_chromium
@requires_bubblewrap
def test_three_issues_from_the_inbox(
    ui: Ui, operator: Operator, target: ShippedTarget, shared_environments: Path
) -> None:
    key = str(shared_environments / "signer_key")
    before = target.main

    target.push_issues("0001", "0002", "0003")
    operator.wait_for(f"sales/{CLEAN}", "awaiting_plan_signoff")
    operator.wait_for(f"sales/{IMPLAUSIBLE}", "awaiting_plan_signoff")
    operator.wait_for(f"sales/{AMBIGUOUS}", "blocked")
    sees_the_sensor_launch_the_runs(ui)
    sees_the_plan_wait(ui)
    sees_the_questions(ui)

    for partition in (CLEAN, IMPLAUSIBLE):
        assert operator.run("approve", f"sales/{partition}", "design", "--key", key).returncode == 0
    operator.wait_for(f"sales/{IMPLAUSIBLE}", "blocked", seconds=600)
    operator.wait_for(f"sales/{CLEAN}", "awaiting_review_signoff", seconds=300)
    sees_the_failed_check(ui)
    sees_the_change_wait(ui)

    works_by_hand_and_voids_nothing(ui, operator)

    assert operator.run("approve", f"sales/{CLEAN}", "review", "--key", key).returncode == 0
    operator.wait_for(f"sales/{CLEAN}", "delivered")
    sees_it_delivered(ui)
    sees_the_lineage(ui)
    delivered = operator.status(f"sales/{CLEAN}")
    assert before != target.main == delivered["commit"]
    sees_the_delivery_on_its_pipeline(ui, delivered)


def sees_the_sensor_launch_the_runs(ui: Ui) -> None:
    ui.see("/locations/meta_pipeline/sensors/issue_sensor_sales", "New and edited issues", "3 runs requested")
    ui.see(
        "/runs", "issue_sensor_sales", "plan_delivery_sales", CLEAN, AMBIGUOUS, IMPLAUSIBLE, picture="runs"
    )


def sees_the_plan_wait(ui: Ui) -> None:
    """The sign-off is neither red nor green; the plan and the check say what to do."""
    next_action = f"meta-pipeline approve sales/{CLEAN} design --key FILE"
    ui.see(partition_page("sales/plan", CLEAN), "Materialized", next_action, picture="waiting-plan")
    # Red is the delivery that pauses with questions; the two that wait are missing.
    ui.see(partition_page("sales/plan_signoff", CLEAN), "Failed (1)", "Materialized (0)", "Missing (2)")
    ui.never_says("did not materialize this asset")
    ui.take("waiting-plan-signoff")
    sees_check(
        ui, "sales/plan_signoff", "DSN006_plan_signed_off", CLEAN, "waiting: 0 of 1 sign-offs", next_action
    )
    ui.take("waiting-check")


def sees_the_questions(ui: Ui) -> None:
    ui.see(partition_page("sales/requirements", AMBIGUOUS), "did not materialize this asset")
    sees_check(
        ui,
        "sales/requirements",
        "DSC005_questions_answered",
        AMBIGUOUS,
        "questions that are open: 1 of 1",
        f"meta-pipeline answer sales/{AMBIGUOUS} q1",
    )
    ui.take("questions")


def sees_the_failed_check(ui: Ui) -> None:
    ui.see(
        partition_page("sales/implementation_verdict", IMPLAUSIBLE),
        "did not materialize this asset",
        picture="blocked-verdict",
    )
    ui.page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).first.click()
    ui.shown(f"sales/{IMPLAUSIBLE} is blocked at the implementation stage").wait_for()
    ui.take("blocked-run")
    sees_check(
        ui,
        "sales/data_quality_report",
        "VAL006_data_quality",
        IMPLAUSIBLE,
        "values are unexpected",
        "how to mend it",
        f"meta-pipeline status sales/{IMPLAUSIBLE}",
    )
    ui.take("blocked-check")


def sees_the_change_wait(ui: Ui) -> None:
    next_action = f"meta-pipeline approve sales/{CLEAN} review --key FILE"
    ui.see(
        partition_page("sales/review_verdict", CLEAN), "Materialized", next_action, picture="waiting-review"
    )
    ui.see(partition_page("sales/review_packet", CLEAN), "[Show Markdown]")
    ui.shown("[Show Markdown]").click()
    ui.shown("Acceptance criteria").wait_for()
    ui.take("review-packet")


def works_by_hand_and_voids_nothing(ui: Ui, operator: Operator) -> None:
    """What is materialized again and comes out the same voids no verdict and no sign-off."""
    before = operator.status(f"sales/{CLEAN}")
    for asset in ("requirements", "plan"):
        run = ui.materialize_by_hand(f"sales/{asset}", CLEAN)
        ui.see(f"/runs/{run}", SUCCESS, f"sales__{asset}", f"partition: {CLEAN}", seconds=90)
    ui.see(f"/runs?q[0]=tag:meta_pipeline/delivery=sales/{CLEAN}", run[:8], picture="runs-of-one-delivery")
    after = operator.status(f"sales/{CLEAN}")
    assert after["state"] == "awaiting_review_signoff"
    assert standing_of(after) == standing_of(before)


def sees_it_delivered(ui: Ui) -> None:
    ui.see(partition_page("sales/merge", CLEAN), "Materialized", "Branch main holds")
    ui.see(partition_page("sales/review_signoff", CLEAN), "Materialized", SIGNER)
    ui.see(
        partition_page("sales/rollout_notes", CLEAN), "Materialized", "the change is on the default branch"
    )
    ui.take("delivered")
    ui.shown("[Show Markdown]").click()
    ui.shown("Delivered: Retry the revenue build").wait_for()
    ui.take("rollout-notes")


def sees_the_lineage(ui: Ui) -> None:
    stages = ("discovery", "design", "implementation", "review", "rollout")
    ui.see("/asset-groups", *stages, picture="stages")
    lineage = "/assets/sales/rollout_notes?view=lineage&lineageScope=upstream&lineageDepth=6"
    ui.see(lineage, "rollout_notes", "requirements", "plan_signoff", "review_verdict", picture="lineage")


def sees_the_delivery_on_its_pipeline(ui: Ui, delivered: dict[str, Any]) -> None:
    """The page of a DAG lists what deliveries did to it; the daemon has surveyed it since the webserver began."""
    (touched,) = delivered["touches"]
    page = f"/assets/{touched['page']}"
    assert page == "/assets/sales/dags/sales_daily"
    ui.see(
        f"{page}?view=events",
        "Materialized in run",
        delivered["title"],
        "merged into main",
        delivered["commit"],
        delivered["summary"],
        SIGNER,
        re.compile("sales_daily.build_daily_revenue"),
        seconds=60,
    )
    ui.see("/assets/sales", "Reload definitions")
    ui.page.get_by_role("button", name="Reload definitions").click()
    ui.see(page, "DAG of 4 tasks in dags/sales_daily.py", "sales_pipelines", "merged into main", seconds=90)
    ui.take("pipeline-page")
    ui.see(f"{page}?view=events", "Materialized in run", picture="pipeline-events")
    ui.see("/asset-groups", "sales_pipelines")
    ui.see(partition_page("sales/review_packet", CLEAN), "touches DAG sales_daily", "sales_daily")


def sees_check(ui: Ui, asset: str, check: str, partition: str, *words: str) -> None:
    """Open one delivery's result of a check."""
    ui.see(check_page(asset, check), check, "Latest execution")
    ui.page.get_by_role("tab", name="Partitions").last.click()
    ui.page.get_by_text(partition, exact=True).filter(visible=True).last.click()
    for text in words:
        ui.shown(text).wait_for()


def standing_of(document: dict[str, Any]) -> dict[str, Any]:
    """A status without the time that gates took and the order in which artifacts were last made."""
    stages = [
        {
            **stage,
            "artifacts": sorted(stage["artifacts"]),
            "gates": [{**gate, "seconds": None} for gate in stage["gates"]],
        }
        for stage in document["stages"]
    ]
    return {**document, "stages": stages}
