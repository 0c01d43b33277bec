"""The data that dbt builds: base beside head, and a second build beside the first."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from tests.schedulers.dbt.projects import SHOP
from tests.validation.dbt_bench import POLICY, Shop

APPENDING = "{{ config(materialized='incremental') }}\nselect id, amount from {{ ref('orders') }}\n"
ONCE = APPENDING + "{% if is_incremental() %}\nwhere id > (select max(id) from {{ this }})\n{% endif %}\n"  # noqa: S608
WANTED: tuple[ReportKind, ...] = ("data_diff", "rerun")
Files = dict[str, str | bytes | None]


def verdicts(reports: dict[ReportKind, ValidationReport]) -> dict[str, tuple[str, str]]:
    found = (judge(catalogue().gates[gate], Case(POLICY, reports=reports)) for gate in ("VAL007", "VAL008"))
    return {result.id: (result.outcome, result.reason) for result in found}


def test_another_calculation_is_told_with_its_rows_and_column(shop: Shop) -> None:
    reports = shop.changed(
        {
            "models/orders.sql": "select id, customer, status, amount * 2 as amount\nfrom {{ ref('stg_orders') }}\n"
        },
        wanted=WANTED,
    )
    orders, totals = reports["data_diff"].outputs
    assert (orders.output, orders.pipeline, orders.node) == ("shop.duckdb:main.orders", "shop", "orders")
    assert (orders.key, orders.changed, orders.changed_columns) == ("id", 3, ("amount",))
    assert totals.changed_columns == ("total",)
    found = verdicts(reports)
    said = (
        "shop.duckdb:main.orders of shop differs from base on the same input: "
        "3 of 3 rows, matched by id, have other values of amount (and 1 more)"
    )
    assert found["VAL007"] == ("needs_approval", said)
    assert found["VAL008"] == ("passed", "a second run leaves all data as the first one wrote it")


def test_another_way_to_say_the_same_is_told_of_nobody(shop: Shop) -> None:
    reports = shop.changed(
        {
            "models/orders.sql": "with all_of_them as (select * from {{ ref('stg_orders') }})\n"
            "select id, customer, status, amount from all_of_them order by id desc\n"
        },
        wanted=WANTED,
    )
    assert reports["data_diff"].outputs == ()
    assert {m.subject for m in reports["data_diff"].measures} >= {"shop.duckdb:main.orders"}
    assert [outcome for outcome, _ in verdicts(reports).values()] == ["passed", "passed"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql, outcome, words",
    [
        (
            "select id, customer, status\nfrom {{ ref('stg_orders') }}\n",
            "needs_approval",
            "loses the column amount",
        ),
        (
            "select id, customer, status, amount\nfrom {{ ref('stg_orders') }} where amount > 100\n",
            "failed",
            "orders of shop is empty: base writes 3 rows on the same input, head none",
        ),
    ],
)
def test_a_lost_column_and_an_emptied_table_are_told(shop: Shop, sql: str, outcome: str, words: str) -> None:
    files: Files = {"models/orders.sql": sql}
    if "amount" not in sql:
        files |= {
            "models/totals.sql": "select customer, 1 as total from {{ ref('orders') }} group by 1\n",
            "tests/no_debt.sql": None,
        }
    reports = shop.changed(files, wanted=WANTED)
    found = judge(catalogue().gates["VAL007"], Case(POLICY, reports=reports))
    assert found.outcome == outcome
    assert words in " ".join(finding.message for finding in found.findings)


def test_a_model_that_appends_is_caught_by_its_second_build(shop: Shop) -> None:
    reports = shop.changed({"models/history.sql": APPENDING}, wanted=WANTED)
    assert verdicts(reports)["VAL008"] == (
        "failed",
        "history of shop writes shop.duckdb:main.history with 6 rows after a second run, 3 after one",
    )
    assert verdicts(shop.changed({"models/history.sql": ONCE}, wanted=WANTED))["VAL008"][0] == "passed"


@pytest.mark.slow
def test_a_model_that_appends_at_base_too_only_warns(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, SHOP | {"models/history.sql": APPENDING})
    reports = shop.changed(
        {"models/history.sql": APPENDING.replace("id, amount", "amount, id")}, wanted=WANTED
    )
    found = verdicts(reports)
    assert found["VAL008"][0] == "warned"
    assert found["VAL008"][1].endswith("as at base")
    assert found["VAL007"][0] == "passed"


@pytest.mark.slow
def test_the_time_of_a_load_is_no_difference_of_the_change(tmp_path: Path) -> None:
    clocked = "select id, customer, status, amount, now() as loaded_at\nfrom {{ ref('stg_orders') }}\n"
    shop = Shop.make(tmp_path, SHOP | {"models/orders.sql": clocked})
    reports = shop.changed({"models/orders.sql": clocked.replace("select", "select distinct")}, wanted=WANTED)
    found = verdicts(reports)
    assert found["VAL007"][0] == "passed"
    assert found["VAL008"] == (
        "warned",
        "orders of shop writes shop.duckdb:main.orders with other values at a second run, in as many rows: loaded_at",
    )


@pytest.mark.slow
def test_no_value_of_the_data_is_kept(shop: Shop) -> None:
    changed = "select id, 'somebody-secret' as customer, status, amount from {{ ref('stg_orders') }}\n"
    reports = shop.changed({"models/orders.sql": changed}, wanted=WANTED)
    assert "customer" in verdicts(reports)["VAL007"][1]
    assert "somebody-secret" not in reports["data_diff"].model_dump_json()
