"""Business tables -> published parquet, one file per logical date, replaced whole."""

from sales.settings import SETTINGS, Settings
from sales.storage import open_duckdb, read_sql, write_partition


def export_revenue(ds: str, settings: Settings = SETTINGS) -> int:
    """Publish `daily_revenue` of `ds`; returns the number of stores in it."""
    with open_duckdb(settings.warehouse) as connection:
        return write_partition(
            connection,
            read_sql("export_daily_revenue"),
            {"ds": ds},
            settings.published("daily_revenue", ds),
        )


def publish_inventory(ds: str, settings: Settings = SETTINGS) -> int:
    """Publish the `store_inventory` snapshot of `ds`; returns the number of rows."""
    with open_duckdb() as connection:
        return write_partition(
            connection,
            read_sql("store_inventory"),
            {"ds": ds, "counts": str(settings.staged("inventory", ds))},
            settings.published("store_inventory", ds),
        )


def publish_region_rollup(region: str, ds: str, settings: Settings = SETTINGS) -> int:
    """Publish revenue by product for one region and date; returns the number of products."""
    with open_duckdb() as connection:
        return write_partition(
            connection,
            read_sql("region_rollup"),
            {
                "ds": ds,
                "region": region,
                "orders": str(settings.staged(f"orders_{region}", ds)),
            },
            settings.published(f"regional_rollup/{region}", ds),
        )
