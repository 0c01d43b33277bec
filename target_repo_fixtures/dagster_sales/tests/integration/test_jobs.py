"""The jobs, from drop to published partition, over the repository's drops."""

import shutil

import duckdb
import pytest

from storefront.definitions import defs
from storefront.lake import ROOT, Lake

DAY = "2025-11-27"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    shutil.copytree(ROOT / "data" / "drops", root / "drops")
    (root / "warehouse").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOREFRONT_WAREHOUSE", str(root / "warehouse" / "storefront.duckdb"))
        yield Lake(root=str(root))


def run(job, lake, day=None):
    definition = defs.resolve_job_def(job)
    return definition.execute_in_process(partition_key=day, resources={"lake": lake})


@pytest.fixture(scope="module")
def nightly(lake):
    return run("nightly_sales", lake, DAY)


def rows(lake, dataset, day=DAY):
    return duckdb.read_parquet(str(lake.published(dataset, day))).fetchall()


def test_every_market_is_published(nightly, lake):
    assert nightly.success
    published = rows(lake, "daily_sales")
    assert [row[1] for row in published] == ["AT", "DE", "NL"]
    assert {str(row[0]) for row in published} == {DAY}


def test_every_check_passes(nightly):
    evaluations = nightly.get_asset_check_evaluations()
    assert {"orders_arrived", "every_market_is_published", "revenue_adds_up"} <= {
        evaluation.check_name for evaluation in evaluations
    }
    assert [e.check_name for e in evaluations if not e.passed] == []


def test_another_date_leaves_the_first_alone_and_adds_itself_to_the_marts(nightly, lake):
    before = lake.published("daily_sales", DAY).read_bytes()
    run("nightly_sales", lake, "2025-11-28")
    assert lake.published("daily_sales", DAY).read_bytes() == before
    with lake.warehouse() as connection:
        dates = connection.execute(
            "SELECT DISTINCT business_date::VARCHAR FROM analytics.fct_orders ORDER BY 1"
        ).fetchall()
    assert dates == [(DAY,), ("2025-11-28",)]


def test_only_what_has_not_left_is_in_the_backlog(lake):
    assert run("shipping_backlog", lake, DAY).success
    assert {row[4] for row in rows(lake, "open_shipments")} <= {"open", "packed"}


def test_the_reconciliation_looks_at_the_newest_drop(lake):
    assert run("payment_reconciliation", lake).success
    assert all(row[2] != row[3] for row in rows(lake, "payment_gaps", "2025-11-28"))
