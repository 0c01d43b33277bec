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
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.bench import Benches, set_up_both
from meta_pipeline.validation.validate import validate
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import commit
from tests.shipped_target import ShippedTarget

QUERIES, LAKE = "bookshop/queries.py", "bookshop/lake.py"
REPLACES = "        connection.sql(query, params=dict(values)).write_parquet(str(unfinished))\n"
APPENDS = """\
        rows = connection.sql(query, params=dict(values))
        if target.exists():
            rows = rows.union(connection.read_parquet(str(target)))
        rows.write_parquet(str(unfinished))
"""


@pytest.mark.slow
def test_another_price_and_a_file_that_grows_are_told(tmp_path: Path, shared_environments: Path) -> None:
    target = ShippedTarget.make(tmp_path, shared_environments / "signer_key", "prefect_orders")
    policy = read_policy((target.source / POLICY_FILE).read_text(encoding="utf-8"))
    checkout = target.checkout
    base = checkout.head.commit.hexsha

    def judged(path: str, before: str, after: str) -> dict[str, tuple[str, str]]:
        checkout.git.reset("--hard", base)
        text = (target.source / path).read_text(encoding="utf-8")
        assert before in text
        head = commit(checkout, {path: text.replace(before, after)}, "Change it")
        mirror = Mirror.open(tmp_path / "home", "bookshop", str(checkout.working_dir))
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
        remembered = Folder.at(str(tmp_path / "remembered"))
        reports = validate(benches, change_set, change, remembered, wanted)
        assert reports["dry_run"].head.problems == ()
        found = (
            judge(catalogue().gates[gate], Case(policy, change=change, reports=reports))
            for gate in ("VAL007", "VAL008")
        )
        return {result.id: (result.outcome, result.reason) for result in found}

    dearer = judged(QUERIES, "sum(quantity * price)", "sum(quantity * price * 1.07)")
    assert dearer["VAL008"] == ("passed", "a second run leaves all data as the first one wrote it")
    assert dearer["VAL007"][0] == "needs_approval"
    assert "data/published/daily_revenue/*.parquet" in dearer["VAL007"][1]
    assert "other values of revenue" in dearer["VAL007"][1]

    grows = judged(LAKE, REPLACES, APPENDS)
    assert grows["VAL007"][0] == "passed"
    assert grows["VAL008"][0] == "failed"
    assert "rows after a second run" in grows["VAL008"][1]
