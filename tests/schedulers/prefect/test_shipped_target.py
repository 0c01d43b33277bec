"""The shipped Prefect target, read from source and by its own Prefect, and its dry run."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import POLICY_FILE, read_policy
from meta_pipeline.schedulers.prefect.commands import PrefectRuntime
from meta_pipeline.schedulers.survey import survey
from tests.schedulers.prefect.conftest import TARGET, Runner, checked_out, files_of

PREFECT = PrefectRuntime()


@pytest.mark.slow
def test_the_shipped_target(run_in: Runner, tmp_path: Path) -> None:
    files = files_of(TARGET)
    policy = read_policy(files[POLICY_FILE].decode())
    root, scratch = checked_out(TARGET, tmp_path / "checkout"), tmp_path / "scratch"
    scratch.mkdir()
    run_in(PREFECT.parse(policy, scratch), root)
    runtime = PREFECT.topologies(scratch)
    static = survey(MemoryTree.of(files), policy)
    assert [error for topology in (*runtime, *static) for error in topology.errors] == []
    assert differences(runtime, static) == ()

    flows = ["nightly-orders", "stock-levels", "month-report", "no-such-flow"]
    run_in(PREFECT.dry_run(policy, scratch, flows), root)
    orders, stock, month, none = PREFECT.runs(scratch)
    assert [run.error for run in (orders, stock, month, none)] == [None, None, None, "no flow has this name"]
    states = {node.id: node.state for node in orders.nodes}
    assert states == dict.fromkeys(
        ["publish-revenue", "stage_orders", "stage_prices", "value_orders"], "success"
    )
    assert all(node.seconds is not None and node.map_index == -1 for node in orders.nodes)
    assert (root / "data/published/daily_revenue/2025-11-12.parquet").is_file()
    assert (root / "data/published/month_report/2025-11.parquet").is_file()
