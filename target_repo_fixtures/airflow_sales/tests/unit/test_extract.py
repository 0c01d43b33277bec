import pytest

from sales.extract import extract_counts, extract_orders, extract_region_orders


def test_every_order_line_is_staged(settings, ds):
    assert extract_orders(ds, settings) == 6
    assert settings.staged("orders", ds).is_file()


def test_every_count_is_staged(settings, ds):
    assert extract_counts(ds, settings) == 3


@pytest.mark.parametrize(("region", "lines"), [("north", 3), ("south", 1)])
def test_a_region_gets_the_completed_lines_of_its_stores(settings, ds, region, lines):
    assert extract_region_orders(region, ds, settings) == lines


def test_a_missing_drop_is_named(settings):
    with pytest.raises(FileNotFoundError, match="no orders drop for 2026-02-01"):
        extract_orders("2026-02-01", settings)
