import dagster as dg
import duckdb
import pytest

from storefront.reconciliation import Reconciliation, choose_day, publish_payment_gaps


def test_an_order_without_all_its_money_is_a_gap(lake, day):
    assert publish_payment_gaps(day, lake) == 2
    rows = duckdb.read_parquet(str(lake.published("payment_gaps", day))).fetchall()
    assert [row[1:] for row in rows] == [("W3", 47.4, 0.0), ("W4", 39.0, 30.0)]


def test_the_newest_drop_is_looked_at_unless_a_date_is_given(lake, day):
    assert choose_day(config=Reconciliation(), lake=lake) == day
    assert choose_day(config=Reconciliation(day="2025-11-25"), lake=lake) == "2025-11-25"


def test_a_date_that_is_none_is_refused(lake):
    with pytest.raises(ValueError, match="27.11"):
        choose_day(config=Reconciliation(day="27.11.2025"), lake=lake)


def test_without_any_drop_no_second_attempt_is_made(tmp_path, lake):
    empty = type(lake)(root=str(tmp_path / "empty"))
    with pytest.raises(dg.Failure) as failure:
        choose_day(config=Reconciliation(), lake=empty)
    assert not failure.value.allow_retries
