import duckdb
import pytest

from storefront.assets.ingest import load_drop


def raw(lake, query):
    with lake.warehouse() as connection:
        return connection.execute(query).fetchall()


def test_every_line_is_loaded_as_it_came(lake, day):
    assert load_drop("orders", day, lake) == 6
    lines = raw(lake, "SELECT DISTINCT unit_price, drop_date::VARCHAR FROM raw.orders ORDER BY 1")
    assert lines == [(price, day) for price in ("15.80", "24.90", "249.00", "39.00", "7.50")]


def test_loading_a_date_again_replaces_it_and_no_other(lake, day):
    drop = lake.drop("payments", day)
    earlier = drop.with_name("2025-11-26.csv")
    earlier.write_text("".join(drop.read_text().splitlines(keepends=True)[:2]))
    assert load_drop("payments", "2025-11-26", lake) == 1
    for _ in range(2):
        assert load_drop("payments", day, lake) == 4
    assert raw(lake, "SELECT count(*) FROM raw.payments") == [(5,)]


def test_a_missing_drop_is_named(lake):
    with pytest.raises(FileNotFoundError, match="no orders drop for 2025-12-24"):
        load_drop("orders", "2025-12-24", lake)


def test_a_drop_with_another_column_is_refused_and_leaves_what_was_there(lake, day):
    load_drop("orders", day, lake)
    drop = lake.drop("orders", day)
    drop.write_text(drop.read_text().replace("unit_price", "price"))
    with pytest.raises(duckdb.BinderException):
        load_drop("orders", day, lake)
    assert raw(lake, "SELECT count(*) FROM raw.orders") == [(6,)]
