"""Staging partitions -> business tables. The SQL is in `sales/sql/`."""

from sales.settings import SETTINGS, Settings
from sales.storage import count, open_duckdb, read_sql, write_partition


def clean_orders(ds: str, settings: Settings = SETTINGS) -> int:
    """Keep completed order lines, once each; returns the number of lines kept."""
    with open_duckdb() as connection:
        return write_partition(
            connection,
            read_sql("clean_orders"),
            {"orders": str(settings.staged("orders", ds))},
            settings.staged("orders_clean", ds),
        )


def build_daily_revenue(ds: str, settings: Settings = SETTINGS) -> int:
    """Rebuild business date `ds` of the warehouse table `daily_revenue`; returns its row count.

    One transaction replaces the whole date, so running it again changes nothing.
    """
    with open_duckdb(settings.warehouse) as connection:
        connection.execute(read_sql("create_daily_revenue"))
        connection.begin()
        connection.execute("DELETE FROM daily_revenue WHERE business_date = $ds", {"ds": ds})
        connection.execute(
            f"INSERT INTO daily_revenue BY NAME {read_sql('daily_revenue')}",
            {
                "ds": ds,
                "orders": str(settings.staged("orders_clean", ds)),
                "stores": str(settings.stores),
            },
        )
        connection.commit()
        return count(
            connection,
            "SELECT count(*) FROM daily_revenue WHERE business_date = $ds",
            {"ds": ds},
        )
