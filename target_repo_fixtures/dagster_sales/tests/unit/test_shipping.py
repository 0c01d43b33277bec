import duckdb

from storefront.assets.shipping import publish_open_shipments


def test_what_has_left_is_not_open_and_the_late_come_first(lake, day):
    assert publish_open_shipments(day, lake) == 2
    rows = duckdb.read_parquet(str(lake.published("open_shipments", day))).fetchall()
    assert [(row[1], row[3], row[6]) for row in rows] == [
        ("W0", "pallet", True),
        ("W1", "parcel", False),
    ]


def test_a_second_run_leaves_the_same_bytes(lake, day):
    publish_open_shipments(day, lake)
    first = lake.published("open_shipments", day).read_bytes()
    publish_open_shipments(day, lake)
    assert lake.published("open_shipments", day).read_bytes() == first
