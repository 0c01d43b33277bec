import duckdb
import pytest

from sales.extract import extract_orders
from sales.storage import open_duckdb
from sales.transform import build_daily_revenue, clean_orders


@pytest.fixture
def staged(settings, ds):
    extract_orders(ds, settings)
    return settings


def revenue_rows(settings):
    with open_duckdb(settings.warehouse) as connection:
        return connection.execute(
            "SELECT store_id, orders, units, CAST(revenue AS DOUBLE) FROM daily_revenue ORDER BY 1"
        ).fetchall()


def test_cleaning_drops_cancelled_and_repeated_lines(staged, ds):
    assert clean_orders(ds, staged) == 4
    kept = duckdb.read_parquet(str(staged.staged("orders_clean", ds))).fetchall()
    assert sorted({row[0] for row in kept}) == ["A1", "A3", "A4"]


def test_revenue_has_one_row_per_store_even_without_a_sale(staged, ds):
    clean_orders(ds, staged)
    assert build_daily_revenue(ds, staged) == 3
    assert revenue_rows(staged) == [
        ("S01", 2, 4, 111.05),
        ("S02", 0, 0, 0.0),
        ("S04", 1, 20, 10980.0),
    ]


def test_building_a_date_again_replaces_it(staged, ds):
    clean_orders(ds, staged)
    build_daily_revenue(ds, staged)
    once = revenue_rows(staged)
    build_daily_revenue(ds, staged)
    assert revenue_rows(staged) == once
