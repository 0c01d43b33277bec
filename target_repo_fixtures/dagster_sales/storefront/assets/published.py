"""Marts -> published parquet, one file per business date, replaced whole."""

import dagster as dg

from storefront.lake import Lake, count, in_memory, write_partition
from storefront.settings import DAYS, OWNERS, PATIENT


@dg.asset(
    deps=["daily_sales"],
    partitions_def=DAYS,
    group_name="published",
    owners=OWNERS,
    kinds={"parquet"},
    tags={"domain": "sales", "contract": "daily_sales"},
    description="Orders, pieces and revenue per market, for finance.",
    retry_policy=PATIENT,
)
def published_daily_sales(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    rows = publish_daily_sales(context.partition_key, lake)
    return dg.MaterializeResult(metadata={"rows": rows})


@dg.asset_check(
    asset=published_daily_sales,
    description="Every market of the shop has its row, also without a sale.",
)
def every_market_is_published(
    context: dg.AssetCheckExecutionContext, lake: Lake
) -> dg.AssetCheckResult:
    published = {"file": str(lake.published("daily_sales", context.partition_key))}
    with in_memory() as connection:
        markets = count(
            connection,
            "SELECT count(DISTINCT market_code) FROM read_parquet($file)",
            published,
        )
        rows = count(connection, "SELECT count(*) FROM read_parquet($file)", published)
    with lake.warehouse() as connection:
        known = count(connection, "SELECT count(*) FROM analytics.markets", {})
    return dg.AssetCheckResult(
        passed=markets == rows == known, metadata={"published": markets, "known": known}
    )


def publish_daily_sales(day: str, lake: Lake) -> int:
    """Publish `daily_sales` of `day`; returns the number of markets in it."""
    with lake.warehouse() as connection:
        # Published as DOUBLE: the readers' data frames have no decimals.
        return write_partition(
            connection,
            """
            SELECT
                business_date, market_code, orders, items, CAST(revenue AS DOUBLE) AS revenue
            FROM analytics.daily_sales
            WHERE business_date = CAST($day AS DATE)
            ORDER BY market_code
            """,
            {"day": day},
            lake.published("daily_sales", day),
        )
