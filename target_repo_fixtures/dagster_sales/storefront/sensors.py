"""Drops that the shop system sends again."""

import json

import dagster as dg

from storefront.jobs import nightly_sales
from storefront.lake import Lake


@dg.sensor(
    job=nightly_sales,
    minimum_interval_seconds=300,
    description="Runs a business date again when its orders drop has been replaced.",
)
def resent_drops(context: dg.SensorEvaluationContext, lake: Lake) -> dg.SensorResult:
    seen: dict[str, int] = json.loads(context.cursor or "{}")
    now = {drop.stem: drop.stat().st_mtime_ns for drop in lake.drops("orders")}
    # The schedule runs a drop that is new; one that differs from what we saw was sent again.
    changed = [day for day, at in now.items() if day in seen and seen[day] != at]
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(partition_key=day, run_key=f"{day}-{now[day]}") for day in changed
        ],
        cursor=json.dumps(now),
    )
