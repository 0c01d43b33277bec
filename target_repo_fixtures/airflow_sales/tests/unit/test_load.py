import duckdb

from sales.extract import extract_counts, extract_region_orders
from sales.load import publish_inventory, publish_region_rollup


def test_stock_at_its_reorder_point_is_flagged(settings, ds):
    extract_counts(ds, settings)
    assert publish_inventory(ds, settings) == 3
    snapshot = duckdb.read_parquet(str(settings.published("store_inventory", ds))).fetchall()
    assert [(row[1], row[2], row[5]) for row in snapshot] == [
        ("S01", "desk lamp", True),
        ("S01", "notebook pack", False),
        ("S04", "standing desk", True),
    ]


def test_a_rollup_lists_the_best_seller_first(settings, ds):
    extract_region_orders("north", ds, settings)
    assert publish_region_rollup("north", ds, settings) == 3
    rollup = duckdb.read_parquet(str(settings.published("regional_rollup/north", ds))).fetchall()
    assert [row[2] for row in rollup] == ["desk lamp", "storage box", "notebook pack"]
