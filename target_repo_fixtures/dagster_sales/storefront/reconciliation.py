"""Orders without their money, for accounting: a job of ops, started by hand. See the runbook."""

from datetime import date

import dagster as dg

from storefront.lake import Lake, count, in_memory, write_partition
from storefront.settings import OWNERS, PATIENT

PAYMENTS = "read_csv($payments, header = true, all_varchar = true)"
ORDERS = "read_csv($orders, header = true, all_varchar = true)"


class Reconciliation(dg.Config):
    """Which business date is looked at: `2025-11-27`, or the newest drop where it is left empty."""

    day: str = ""


@dg.op(out=dg.Out(str), description="The business date that is looked at.")
def choose_day(config: Reconciliation, lake: Lake) -> str:
    if config.day:
        return date.fromisoformat(config.day).isoformat()
    drops = lake.drops("orders")
    if not drops:
        raise dg.Failure("there is no orders drop yet", allow_retries=False)
    return drops[-1].stem


@dg.op(
    out=dg.Out(int),
    retry_policy=PATIENT,
    description="Write the confirmed orders whose captured payments are not their amount.",
)
def write_payment_gaps(lake: Lake, day: str) -> int:
    return publish_payment_gaps(day, lake)


@dg.op(description="Say in the run's log how many orders somebody has to look at.")
def report_gaps(context: dg.OpExecutionContext, lake: Lake, day: str, gaps: int) -> None:
    with in_memory() as connection:
        orders = count(
            connection,
            f"SELECT count(DISTINCT order_no) FROM {ORDERS} WHERE status = 'confirmed'",
            {"orders": str(lake.drop("orders", day))},
        )
    context.log.info(f"{gaps} of {orders} orders of {day} are not paid as they should be")


def publish_payment_gaps(day: str, lake: Lake) -> int:
    """Publish `payment_gaps` of `day`; returns how many there are."""
    with in_memory() as connection:
        return write_partition(
            connection,
            f"""
            WITH ordered AS (
                SELECT
                    order_no,
                    sum(CAST(quantity AS INTEGER) * CAST(unit_price AS DECIMAL(10, 2))) AS amount
                FROM (SELECT DISTINCT * FROM {ORDERS})
                WHERE status = 'confirmed'
                GROUP BY order_no
            ),
            captured AS (
                SELECT order_no, sum(CAST(amount AS DECIMAL(12, 2))) AS amount
                FROM {PAYMENTS}
                WHERE state = 'captured'
                GROUP BY order_no
            )
            SELECT
                CAST($day AS DATE) AS business_date,
                order_no AS order_id,
                CAST(ordered.amount AS DOUBLE) AS amount,
                CAST(coalesce(captured.amount, 0) AS DOUBLE) AS paid_amount
            FROM ordered
            LEFT JOIN captured USING (order_no)
            WHERE ordered.amount <> coalesce(captured.amount, 0)
            ORDER BY order_no
            """,
            {
                "day": day,
                "orders": str(lake.drop("orders", day)),
                "payments": str(lake.drop("payments", day)),
            },
            lake.published("payment_gaps", day),
        )


@dg.job(
    description="Confirmed orders whose captured payments are not their amount, for accounting.",
    tags={"domain": "finance"},
    metadata={"owner": OWNERS[0]},
    executor_def=dg.in_process_executor,
)
def payment_reconciliation() -> None:
    day = choose_day()
    report_gaps(day, write_payment_gaps(day))
