"""The whole flow, from drop to published partition, over the repository's raw data."""

import shutil

import duckdb
import pytest

from sales.extract import extract_counts, extract_orders, extract_region_orders
from sales.load import export_revenue, publish_inventory, publish_region_rollup
from sales.settings import SETTINGS, Settings
from sales.transform import build_daily_revenue, clean_orders

DATES = ["2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06", "2026-01-07"]


@pytest.fixture
def settings(tmp_path):
    shutil.copytree(SETTINGS.root / "data" / "raw", tmp_path / "data" / "raw")
    return Settings(root=tmp_path)


def run_sales_daily(ds, settings):
    for step in (extract_orders, clean_orders, build_daily_revenue, export_revenue):
        step(ds, settings)
    return settings.published("daily_revenue", ds)


def total(path, column="revenue"):
    return duckdb.execute(
        f"SELECT round(sum({column}), 2) FROM read_parquet($file)", {"file": str(path)}
    ).fetchall()[0][0]


@pytest.mark.parametrize("ds", DATES)
def test_every_store_is_published(settings, ds):
    published = run_sales_daily(ds, settings)
    rows = duckdb.read_parquet(str(published)).fetchall()
    assert [row[1] for row in rows] == ["S01", "S02", "S03", "S04"]
    assert {str(row[0]) for row in rows} == {ds}


def test_a_second_run_leaves_the_same_bytes(settings):
    first = run_sales_daily("2026-01-05", settings).read_bytes()
    assert run_sales_daily("2026-01-05", settings).read_bytes() == first


def test_a_run_leaves_other_dates_alone(settings):
    earlier = run_sales_daily("2026-01-04", settings)
    before = earlier.read_bytes()
    run_sales_daily("2026-01-05", settings)
    assert earlier.read_bytes() == before


def test_regions_add_up_to_daily_revenue(settings):
    ds = "2026-01-05"
    daily = run_sales_daily(ds, settings)
    rollups = []
    for region in ("north", "south"):
        extract_region_orders(region, ds, settings)
        publish_region_rollup(region, ds, settings)
        rollups.append(settings.published(f"regional_rollup/{region}", ds))
    assert round(sum(total(path) for path in rollups), 2) == total(daily)


def test_inventory_covers_every_store_and_product(settings):
    extract_counts("2026-01-05", settings)
    assert publish_inventory("2026-01-05", settings) == 4 * 6
