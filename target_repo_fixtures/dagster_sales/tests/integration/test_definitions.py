"""What Dagster finds here. In a clean checkout, the import has dbt write its manifest first."""

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from storefront.definitions import defs
from storefront.lake import ROOT

BERLIN = ZoneInfo("Europe/Berlin")


def assets_of(job):
    keys = defs.resolve_job_def(job).asset_layer.executable_asset_keys
    return sorted(key.to_user_string() for key in keys)


def test_the_code_location_is_sound():
    dg.Definitions.validate_loadable(defs)


def test_nightly_sales_makes_everything_from_the_drops_to_what_finance_reads():
    assert assets_of("nightly_sales") == [
        "daily_sales",
        "fct_orders",
        "markets",
        "product_sales",
        "products",
        "published_daily_sales",
        "raw_orders",
        "raw_payments",
        "stg_orders",
        "stg_payments",
    ]


def test_shipping_backlog_needs_nothing_of_the_warehouse():
    assert assets_of("shipping_backlog") == ["shipping/open_shipments", "shipping/shipments"]


@pytest.mark.parametrize(
    ("schedule", "partition"),
    [("nightly_sales_schedule", "2025-11-27"), ("shipping_backlog_schedule", "2025-11-28")],
)
def test_a_schedule_asks_for_its_date_in_berlin(schedule, partition):
    definition = defs.resolve_schedule_def(schedule)
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(2025, 11, 28, 6, 30, tzinfo=BERLIN),
        repository_def=defs.get_repository_def(),
    )
    requests = definition.evaluate_tick(context).run_requests
    assert [request.partition_key for request in requests] == [partition]
    assert definition.execution_timezone == "Europe/Berlin"


def test_every_asset_has_an_owner_and_a_description():
    for spec in defs.resolve_all_asset_specs():
        assert spec.owners == ["team:shop-analytics"], spec.key
        assert spec.description, spec.key


def test_what_promises_a_contract_has_one():
    promised = {
        spec.tags["contract"] for spec in defs.resolve_all_asset_specs() if "contract" in spec.tags
    }
    kept = {path.name.removesuffix(".odcs.yaml") for path in (ROOT / "contracts").iterdir()}
    assert promised == kept
