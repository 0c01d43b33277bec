"""The data that flows of Prefect write in a dry run, and what a second run does to it."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.delivery.reports import ReportKind
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import POLICY_FILE, DataQualityPolicy, read_policy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.bench import Benches, set_up_both
from meta_pipeline.validation.validate import validate
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import commit
from tests.shipped_target import ShippedTarget

NIGHTLY = "flows/nightly_orders.py"
EDITS = {
    "queries.DAILY_REVENUE,": 'queries.DAILY_REVENUE.replace("* price", "* price * 1.07"),',
    """    return lake.write(queries.COPY, {"source": staged}, lake.published("daily_revenue", day))
""": """    target = lake.published("daily_revenue", day)
    before = f" UNION ALL SELECT * FROM read_parquet('{target}')" if target.exists() else ""
    return lake.write(queries.COPY + before, {"source": staged}, target)
""",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_another_price_and_a_file_that_grows_are_told(tmp_path: Path, shared_environments: Path) -> None:
    target = ShippedTarget.make(tmp_path, shared_environments / "signer_key", "prefect_orders")
    shipped = read_policy((target.source / POLICY_FILE).read_text(encoding="utf-8"))
    policy = shipped.model_copy(update={"data_quality": DataQualityPolicy()})
    text = (target.source / NIGHTLY).read_text(encoding="utf-8")
    for before, after in EDITS.items():
        assert before in text
        text = text.replace(before, after)
    base = target.checkout.head.commit.hexsha
    head = commit(target.checkout, {NIGHTLY: text}, "Raise the prices")
    mirror = Mirror.open(tmp_path / "home", "bookshop", str(target.checkout.working_dir))
    ran: list[CommandRecord] = []
    evidence = EvidenceStore.at(str(tmp_path / "evidence"))
    benches = set_up_both(shared_environments, mirror, evidence, policy, (base, head), ran.append)
    assert isinstance(benches, Benches), benches
    change_set = ChangeSet(
        plan="",
        base=base,
        patch=mirror.diff(base, head),
        author=Author(kind="patch", identity="author@example.com"),
        message="",
        head=head,
    )
    wanted: tuple[ReportKind, ...] = ("dry_run", "data_diff", "rerun")
    change = read_change(mirror.tree(base), mirror.tree(head), policy)
    reports = validate(benches, change_set, change, Folder.at(str(tmp_path / "remembered")), wanted)

    assert reports["dry_run"].head.problems == ()
    case = Case(policy, change=change, reports=reports)
    of_data, of_second_run = (judge(catalogue().gates[gate], case) for gate in ("VAL007", "VAL008"))
    assert of_data.outcome == "needs_approval"
    assert any(
        "data/staged/daily_revenue/*.parquet" in one.message and "other values of revenue" in one.message
        for one in of_data.findings
    )
    assert of_second_run.outcome == "failed"
    assert any(
        "data/published/daily_revenue/*.parquet" in one.message and "rows after a second run" in one.message
        for one in of_second_run.findings
    )
