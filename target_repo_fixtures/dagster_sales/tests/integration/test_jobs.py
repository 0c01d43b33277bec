"""The jobs, from drop to published partition, over the repository's drops."""

import shutil

import duckdb
import pytest

from storefront.assets.ingest import load_drop
from storefront.assets.published import publish_daily_sales
from storefront.definitions import defs
from storefront.lake import ROOT, Lake

DAY, NEXT_DAY = "2025-11-27", "2025-11-28"


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
    """A whole run of one date, when the next date has been loaded already."""
    for table in ("orders", "payments"):
        load_drop(table, NEXT_DAY, lake)
    return run("nightly_sales", lake, DAY)


def rows(lake, dataset, day=DAY):
    return duckdb.read_parquet(str(lake.published(dataset, day))).fetchall()


def test_every_market_is_published_for_the_date_and_no_other(nightly, lake):
    assert nightly.success
    published = rows(lake, "daily_sales")
    assert [row[1] for row in published] == ["AT", "DE", "NL"]
    assert {str(row[0]) for row in published} == {DAY}
    assert not lake.published("daily_sales", NEXT_DAY).exists()


def test_every_check_passes(nightly):
    evaluations = nightly.get_asset_check_evaluations()
    assert {"orders_arrived", "every_market_is_published", "revenue_adds_up"} <= {
        evaluation.check_name for evaluation in evaluations
    }
    assert [e.check_name for e in evaluations if not e.passed] == []


@pytest.mark.usefixtures("nightly")
def test_the_marts_hold_every_date_that_was_loaded(lake):
    with lake.warehouse() as connection:
        dates = connection.execute(
            "SELECT DISTINCT business_date::VARCHAR FROM analytics.fct_orders ORDER BY 1"
        ).fetchall()
    assert dates == [(DAY,), (NEXT_DAY,)]


@pytest.mark.usefixtures("nightly")
def test_publishing_again_leaves_the_same_bytes(lake):
    first = lake.published("daily_sales", DAY).read_bytes()
    publish_daily_sales(DAY, lake)
    assert lake.published("daily_sales", DAY).read_bytes() == first


def test_only_what_has_not_left_is_in_the_backlog(lake):
    assert run("shipping_backlog", lake, DAY).success
    assert {row[4] for row in rows(lake, "open_shipments")} <= {"open", "packed"}


def test_the_reconciliation_looks_at_the_newest_drop(lake):
    assert run("payment_reconciliation", lake).success
    assert all(row[2] != row[3] for row in rows(lake, "payment_gaps", NEXT_DAY))
