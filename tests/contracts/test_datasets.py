from meta_pipeline.contracts.datasets import datasets_of
from meta_pipeline.contracts.descriptions import Described, description_of
from meta_pipeline.delivery.context import Dataset
from meta_pipeline.delivery.tree import MemoryTree

TREE = MemoryTree.of(
    {
        "dbt/dbt_project.yml": "name: shop\n",
        "dbt/models/orders.sql": "select id, amount from {{ source('raw', 'orders') }}\n",
        "dbt/models/bare.sql": "select * from {{ ref('orders') }}\n",
        "dbt/models/opaque.sql": "select {{ columns() }} from x\n",
        "dbt/models/m.yml": (
            "models:\n- {name: orders, columns: [{name: amount, description: In EUR}]}\n"
            "- {name: opaque, columns: [{name: x}]}\n"
            "sources: [{name: raw, tables: [{name: orders, columns: [{name: id}]}]}]\n"
        ),
        "dbt/seeds/shops.csv": "id;name\n",
        "dbt/seeds/s.yml": "seeds: [{name: shops, config: {delimiter: ';'}}]\n",
        "contracts/orders.odcs.yaml": (
            "schema: [{name: orders, properties: [{name: id}, {name: amount, description: Money}]}]\n"
        ),
        "contracts/rates.odcs.yaml": "schema: [{name: rates, properties: [{name: rate, description: Per cent}]}]\n",
        "contracts/broken.odcs.yaml": "schema: [\n",
        "gx/expectations/visits.json": '{"name": "visits", "expectations": [{"kwargs": {"column": "day"}}]}',
    }
)


def test_every_dataset_is_found_with_what_describes_and_builds_it() -> None:
    assert {dataset.name: dataset for dataset in datasets_of(TREE, ())} == {
        dataset.name: dataset
        for dataset in (
            Dataset(
                name="orders",
                contract="contracts/orders.odcs.yaml",
                columns=("id", "amount"),
                model="dbt/models/orders.sql",
            ),
            Dataset(name="bare", contract=None, columns=("id", "amount"), model="dbt/models/bare.sql"),
            Dataset(
                name="opaque",
                contract="dbt/models/m.yml",
                columns=("x",),
                model="dbt/models/opaque.sql",
                complete=False,
            ),
            Dataset(name="raw.orders", contract="dbt/models/m.yml", columns=("id",), complete=False),
            Dataset(
                name="shops", contract="dbt/seeds/s.yml", columns=("id", "name"), model="dbt/seeds/shops.csv"
            ),
            Dataset(name="rates", contract="contracts/rates.odcs.yaml", columns=("rate",)),
            Dataset(name="visits", contract="gx/expectations/visits.json", columns=("day",)),
        )
    }


def test_a_column_is_described_where_the_dataset_is_built_else_by_its_contract() -> None:
    assert description_of(TREE, "orders", "amount") == Described("In EUR", "dbt/models/m.yml")
    assert description_of(TREE, "orders", "id") == Described("", "dbt/models/m.yml")
    assert description_of(TREE, "bare", "id") == Described("", "dbt/models/bare.sql")
    assert description_of(TREE, "rates", "rate") == Described("Per cent", "contracts/rates.odcs.yaml")
    assert description_of(TREE, "nothing", "x") is None
