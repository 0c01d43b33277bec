"""The warehouse system's shipments -> what has not left the house yet, without dbt in between."""

import dagster as dg

from storefront.lake import Lake, count, in_memory, write_partition
from storefront.settings import DAYS_AND_TODAY, OWNERS, PATIENT


@dg.asset(
    key_prefix="shipping",
    partitions_def=DAYS_AND_TODAY,
    group_name="shipping",
    owners=OWNERS,
    kinds={"csv"},
    tags={"domain": "shipping"},
    description="The shipments as the warehouse system last wrote them on the date.",
    retry_policy=PATIENT,
)
def shipments(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    with in_memory() as connection:
        rows = count(
            connection,
            "SELECT count(*) FROM read_csv($drop, header = true, all_varchar = true)",
            {"drop": str(lake.drop("shipments", context.partition_key))},
        )
    if rows == 0:
        raise dg.Failure(f"the shipments drop of {context.partition_key} is empty")
    return dg.MaterializeResult(metadata={"rows": rows})


@dg.asset(
    deps=[shipments],
    key_prefix="shipping",
    partitions_def=DAYS_AND_TODAY,
    group_name="shipping",
    owners=OWNERS,
    kinds={"parquet"},
    tags={"domain": "shipping", "contract": "open_shipments"},
    description="Shipments that are not on their way, the most urgent first.",
    retry_policy=PATIENT,
)
def open_shipments(context: dg.AssetExecutionContext, lake: Lake) -> dg.MaterializeResult:
    rows = publish_open_shipments(context.partition_key, lake)
    return dg.MaterializeResult(metadata={"rows": rows})


def publish_open_shipments(day: str, lake: Lake) -> int:
    """Publish `open_shipments` of `day`; returns how many there are."""
    with in_memory() as connection:
        return write_partition(
            connection,
            """
            SELECT
                CAST($day AS DATE) AS snapshot_date,
                order_no AS order_id,
                market AS market_code,
                parcel_kind,
                state,
                promised_on,
                promised_on < CAST($day AS DATE) AS is_late
            FROM read_csv(
                $drop,
                header = true,
                columns = {
                    'order_no': 'VARCHAR',
                    'market': 'VARCHAR',
                    'parcel_kind': 'VARCHAR',
                    'state': 'VARCHAR',
                    'promised_on': 'DATE'
                }
            )
            WHERE state <> 'shipped'
            ORDER BY promised_on, order_no
            """,
            {"day": day, "drop": str(lake.drop("shipments", day))},
            lake.published("open_shipments", day),
        )
