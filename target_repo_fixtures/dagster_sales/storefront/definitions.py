"""The code location: what Dagster finds here."""

import dagster as dg
from dagster_dbt import DbtCliResource

from storefront.assets import ingest, published, shipping, warehouse
from storefront.jobs import nightly_sales, shipping_backlog
from storefront.lake import Lake
from storefront.reconciliation import payment_reconciliation
from storefront.schedules import nightly_sales_schedule, shipping_backlog_schedule
from storefront.sensors import resent_drops

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([ingest, warehouse, published, shipping]),
    asset_checks=dg.load_asset_checks_from_modules([ingest, published]),
    jobs=[nightly_sales, shipping_backlog, payment_reconciliation],
    schedules=[nightly_sales_schedule, shipping_backlog_schedule],
    sensors=[resent_drops],
    resources={
        "lake": Lake(),
        "dbt": DbtCliResource(project_dir=warehouse.PROJECT),
    },
)
