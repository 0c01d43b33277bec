"""What runs together. One process each, as only one may have the warehouse file open to write."""

import dagster as dg

nightly_sales = dg.define_asset_job(
    name="nightly_sales",
    description="Orders and payments of a business date, the marts, and what finance reads.",
    selection=dg.AssetSelection.groups("ingest", "warehouse", "published"),
    executor_def=dg.in_process_executor,
    tags={"domain": "sales"},
)

shipping_backlog = dg.define_asset_job(
    name="shipping_backlog",
    description="What has not left the house yet, for fulfilment.",
    selection=dg.AssetSelection.groups("shipping"),
    executor_def=dg.in_process_executor,
    tags={"domain": "shipping"},
)
