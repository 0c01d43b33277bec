"""Two deliveries on one target and two on another, through one daemon: each right, none in the other's way."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
from filelock import FileLock, Timeout

from meta_pipeline.defs.jobs import DELIVERY_TAG
from meta_pipeline.workspace.process import MARKER
from tests.browser.page import browser
from tests.browser.server import Operator, dagster_dev
from tests.conftest import requires_bubblewrap, requires_chromium
from tests.shipped_target import ShippedTarget

RETRIES, IMPLAUSIBLE = "sales/inbox-0001", "sales/inbox-0003"
SCHEDULE, DESCRIPTION = "storefront/inbox-0004", "storefront/inbox-0005"
ALL = (RETRIES, IMPLAUSIBLE, SCHEDULE, DESCRIPTION)
GROUPS = ("sales_implementation", "storefront_implementation")


@pytest.mark.browser
@pytest.mark.airflow
@pytest.mark.slow
@pytest.mark.timeout(2400)
@requires_chromium
@requires_bubblewrap
def test_four_deliveries_at_once(tmp_path: Path, operator_home: Path, shared_environments: Path) -> None:
    key = shared_environments / "signer_key"
    sales = ShippedTarget.make(tmp_path, key)
    shop = ShippedTarget.make(tmp_path, key, "dagster_sales")
    operator = Operator.watching(operator_home, tmp_path / "dagster", sales, shop)
    with dagster_dev(operator) as url:
        sales.push_issues("0001", "0003")
        shop.push_issues("0004", "0005")
        for delivery in ALL:
            operator.wait_for(delivery, "awaiting_plan_signoff")
        for delivery in ALL:
            assert operator.run("approve", delivery, "design", "--key", str(key)).returncode == 0
        operator.wait_for(IMPLAUSIBLE, "blocked", seconds=900)
        for delivery in (RETRIES, SCHEDULE, DESCRIPTION):
            operator.wait_for(delivery, "awaiting_review_signoff", seconds=900)
        none_waited_for_another(operator)
        with browser(url, Path(os.environ.get("META_PIPELINE_SCREENSHOTS") or tmp_path / "pictures")) as ui:
            ui.see("/asset-groups", *GROUPS, picture="two-targets")

        for delivery in (RETRIES, SCHEDULE, DESCRIPTION):
            assert operator.run("approve", delivery, "review", "--key", str(key)).returncode == 0
        operator.wait_for(RETRIES, "delivered", seconds=300)
        for delivery in signed_again_until_delivered(operator, key, (SCHEDULE, DESCRIPTION)):
            assert operator.status(delivery)["commit"] in commits(shop)
        operator.wait_for(IMPLAUSIBLE, "blocked", seconds=300)  # judged again, as the other moved its base
    assert sales.main == operator.status(RETRIES)["commit"]
    assert '"30 6 * * 1"' in text_at_tip(shop, "storefront/definitions.py")
    assert "with VAT and without shipping" in text_at_tip(shop, "dbt/models/marts/marts.yml")
    nothing_is_left_behind(operator)


def none_waited_for_another(operator: Operator) -> None:
    """All four were implemented at the same time: each had begun before the first was done."""
    with dg.DagsterInstance.from_config(str(operator.dagster_home)) as instance:
        records = [
            record
            for record in instance.get_run_records()
            if record.dagster_run.job_name.startswith("implement_delivery")
        ]
        assert {record.dagster_run.tags[DELIVERY_TAG] for record in records} == set(ALL)
        started = [record.start_time or float("inf") for record in records]
        ended = [record.end_time or float("inf") for record in records]
        assert max(started) < min(ended)


def signed_again_until_delivered(operator: Operator, key: Path, deliveries: tuple[str, ...]) -> Iterator[str]:
    """The merge of one moves the base of the other: it is stopped, validated again by itself, and signed again."""
    deadline = time.monotonic() + 900
    for delivery in deliveries:
        state = None
        while state != "delivered":
            assert time.monotonic() < deadline, f"{delivery} is {state}"
            standing = operator.standing(delivery)
            state = standing.state if standing else None
            if state == "awaiting_review_signoff":
                operator.run("approve", delivery, "review", "--key", str(key))
            time.sleep(1)
        yield delivery


def commits(target: ShippedTarget) -> set[str]:
    target.checkout.remotes.origin.fetch()
    return {commit.hexsha for commit in target.checkout.iter_commits("origin/main")}


def text_at_tip(target: ShippedTarget, path: str) -> str:
    target.checkout.remotes.origin.fetch()
    shown: str = target.checkout.git.show(f"origin/main:{path}")
    return shown


def nothing_is_left_behind(operator: Operator) -> None:
    """No checkout, no scratch folder, no process of a target, and no lock that is held."""
    assert list((operator.home / "worktrees").glob("*/*")) == []
    assert list(operator.temporary.glob("meta-pipeline-*/scratch/*")) == []
    assert [process.pid for process in psutil.process_iter() if _runs_for_a_target(process)] == []
    for lock in (*operator.home.rglob("*.lock"), *operator.temporary.rglob("*.lock")):
        try:
            with FileLock(lock, timeout=0):
                pass
        except Timeout:
            pytest.fail(f"{lock} is held")


def _runs_for_a_target(process: psutil.Process) -> bool:
    try:
        return MARKER in process.environ()
    except psutil.Error:
        return False
