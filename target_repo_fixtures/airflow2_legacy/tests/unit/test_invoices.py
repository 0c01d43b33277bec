import sqlite3

import pytest

from billing import invoices


def test_amounts_are_added_up_in_cents(ds):
    assert invoices.total_cents(invoices.read_invoices(ds)) == 116544


def test_a_drop_that_is_not_there_is_waited_for(ds):
    assert invoices.drop_is_there(ds)
    assert not invoices.drop_is_there("2026-01-06")


def test_loading_twice_leaves_the_same_rows(ds, database):
    assert invoices.load(ds, database) == 4
    assert invoices.load(ds, database) == 4
    rows = sqlite3.connect(database).execute("SELECT count(*), sum(amount_cents) FROM ledger")
    assert rows.fetchone() == (4, 116544)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (2, -1)])
def test_an_implausible_drop_is_refused(count, total):
    with pytest.raises(ValueError):
        invoices.check_total(count, total, "EUR")
