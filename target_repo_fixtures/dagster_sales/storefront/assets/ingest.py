"""The shop system's drops -> raw tables of the warehouse, as text and as they came."""

import dagster as dg

from storefront.lake import Lake, count
from storefront.settings import DAYS, OWNERS, PATIENT


@dg.asset(
    partitions_def=DAYS,
    group_name="ingest",
    owners=OWNERS,
    kinds={"duckdb"},
    tags={"domain": "sales"},
    description="Order lines of a business date.",
)
def raw_orders(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    rows = load_drop("orders", context.partition_key, lake)
    return dg.MaterializeResult(metadata={"rows": rows})


@dg.asset(
    partitions_def=DAYS,
    group_name="ingest",
    owners=OWNERS,
    kinds={"duckdb"},
    tags={"domain": "sales"},
    description="Attempts to pay of a business date.",
    retry_policy=PATIENT,
)
def raw_payments(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    rows = load_drop("payments", context.partition_key, lake)
    return dg.MaterializeResult(metadata={"rows": rows})


@dg.asset_check(asset=raw_orders, blocking=True, description="The drop holds at least one order.")
def orders_arrived(context: dg.AssetCheckExecutionContext, lake: Lake) -> dg.AssetCheckResult:
    with lake.warehouse() as connection:
        rows = count(
            connection,
            "SELECT count(*) FROM raw.orders WHERE drop_date = CAST($day AS DATE)",
            {"day": context.partition_key},
        )
    return dg.AssetCheckResult(passed=rows > 0, metadata={"rows": rows})


def load_drop(table: str, day: str, lake: Lake) -> int:
    """Replace the rows of `day` in `raw.<table>` with its drop; returns how many there are.

    dbt gives the columns their types. A drop whose columns differ from those before it is refused.
    """
    drop = lake.drop(table, day)
    source = (
        "SELECT *, CAST($day AS DATE) AS drop_date "
        "FROM read_csv($drop, header = true, all_varchar = true)"
    )
    values = {"day": day, "drop": str(drop)}
    with lake.warehouse() as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
        connection.begin()
        connection.execute(f"CREATE TABLE IF NOT EXISTS raw.{table} AS {source} LIMIT 0", values)
        connection.execute(
            f"DELETE FROM raw.{table} WHERE drop_date = CAST($day AS DATE)", {"day": day}
        )
        connection.execute(f"INSERT INTO raw.{table} BY NAME {source}", values)
        connection.commit()
        return count(
            connection,
            f"SELECT count(*) FROM raw.{table} WHERE drop_date = CAST($day AS DATE)",
            {"day": day},
        )
