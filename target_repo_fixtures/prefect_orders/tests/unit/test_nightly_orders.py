"""The functions of the tasks, without Prefect."""

import duckdb
import pytest

from bookshop import days
from flows.nightly_orders import check_revenue, stage_orders, stage_prices, value_orders


def rows(path: str) -> list[tuple]:
    return duckdb.execute("SELECT * FROM read_parquet(?)", [path]).fetchall()


def test_lines_count_once_and_cancelled_orders_do_not(day: str) -> None:
    staged = rows(stage_orders.fn(day))
    assert [(line[0], line[1]) for line in staged] == [("T1", 1), ("T1", 2), ("T3", 1)]


def test_revenue_is_by_genre(day: str) -> None:
    found = rows(value_orders.fn(stage_orders.fn(day), stage_prices.fn(day), day))
    assert [row[1:] for row in found] == [("crime", 2, 2, 48.0), ("novel", 1, 2, 44.0)]


def test_a_drop_that_is_not_there(day: str) -> None:
    with pytest.raises(FileNotFoundError, match="no orders drop for 2025-11-13"):
        stage_orders.fn("2025-11-13")


def test_a_file_without_rows_is_refused(tmp_path) -> None:
    empty = str(tmp_path / "empty.parquet")
    duckdb.sql("SELECT 1 AS x WHERE false").write_parquet(empty)
    with pytest.raises(ValueError, match="holds no row"):
        check_revenue.fn(empty)


def test_the_day_before() -> None:
    assert days.before("2025-11-01") == "2025-10-31"
