import pytest

from meta_pipeline.delivery.impact.dataset_names import normal_form, same_dataset


@pytest.mark.parametrize(
    "name, form",
    [
        ("Sales.Orders", ("sales", "orders")),
        ("`project`.`sales`.`orders`", ("project", "sales", "orders")),
        ('"SALES"."ORDERS"', ("sales", "orders")),
        ("sales/orders", ("sales", "orders")),
        ("postgres://db.example.com:5432/shop/sales/orders", ("shop", "sales", "orders")),
        ("bigquery://project/sales/orders", ("project", "sales", "orders")),
        ("s3://bucket/Sales/day.csv", ("s3://bucket/Sales/day.csv",)),
        ("s3://bucket/Sales/", ("s3://bucket/Sales",)),
        ("orders", ("orders",)),
        ("unresolved", ()),
        (" ", ()),
    ],
)
def test_the_normal_form(name: str, form: tuple[str, ...]) -> None:
    assert normal_form(name) == form


def joined(one: tuple[str, str], other: tuple[str, str], *more: tuple[str, str]) -> bool:
    keys = same_dataset((one, other, *more))
    return keys[one] == keys[other]


def test_a_schema_and_table_join_the_one_catalog_that_ends_so() -> None:
    assert joined(("airflow", "sales.orders"), ("dbt", "shop.Sales.orders"))
    assert joined(("airflow", "sales/orders"), ("dagster", "SALES.ORDERS"))
    other = ("dbt", "archive.sales.orders")
    assert not joined(("airflow", "sales.orders"), ("dbt", "shop.sales.orders"), other)


def test_a_short_name_is_known_to_its_own_scheduler_only() -> None:
    assert joined(("airflow", "orders"), ("airflow", "ORDERS"))
    assert not joined(("airflow", "orders"), ("dbt", "orders"))
    assert not joined(("airflow", "orders"), ("airflow", "sales.orders"))
