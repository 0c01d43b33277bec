"""Who reads a column: each query, and what else a repository says."""

from collections.abc import Mapping

import pytest

from meta_pipeline.contracts.lineage.reader import told
from meta_pipeline.contracts.lineage.readers import ColumnReaders
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

PROJECT = {
    "dbt_project.yml": "name: shop\n",
    "models/orders.sql": "select id, amount, status\nfrom {{ source('raw', 'orders') }}\n",
    "models/people.sql": "select id, name from {{ source('raw', 'people') }}\n",
    "models/sources.yml": "sources: [{name: raw, tables: [{name: orders}, {name: people}]}]\n",
}


def readers(files: Mapping[str, str], dataset: str = "orders", column: str = "amount") -> list[str]:
    found = ColumnReaders(MemoryTree.of(files)).of(dataset, frozenset({column}))
    return [
        reader.place if reader.certain else f"{reader.place}?" for reader in found.get(column.casefold(), ())
    ]


def of_model(sql: str) -> list[str]:
    return readers(PROJECT | {"models/it.sql": sql})


@pytest.mark.parametrize(
    "sql, lines",
    [
        ("select id,\n  amount\nfrom {{ ref('orders') }}", [2]),
        ("select id from {{ ref('orders') }}", []),
        ("select id from {{ ref('orders') }}\nwhere amount > 1", [2]),
        ("select o.id\nfrom {{ ref('orders') }} as o\norder by o.amount", [3]),
        ("select *\nfrom {{ ref('orders') }}", [1]),
        ("select * exclude (amount) from {{ ref('orders') }}", []),
        ("with o as (\n  select * from {{ ref('orders') }}\n)\nselect id,\n  amount\nfrom o", [5]),
        ("with o as (\n  select * from {{ ref('orders') }}\n)\nselect id from o", []),
        ("with o as (select id, amount as a from {{ ref('orders') }})\nselect a from o", [1]),
        ("with amount as (select 1 as id)\nselect id from amount", []),
        ("select p.id from {{ ref('people') }} p\njoin {{ ref('orders') }} o using (id)", []),
        ("select name,\n amount from {{ ref('people') }} p\njoin {{ ref('orders') }} o on p.id = o.id", [2]),
        ("select id from {{ ref('people') }}\nunion all\nselect amount from {{ ref('orders') }}", [3]),
        ("select * from (\n select amount from {{ ref('orders') }}\n) x", [2]),
        (("select id from {{ ref('people') }} p\nwhere exists (\n select 1 from {{ ref('orders') }} o\n"
         " where o.amount = p.id)"), [4]),
        ("{% for c in ['id', 'amount'] %}\n{% endfor %}\nselect sum(AMOUNT) as s from {{ ref('orders') }}", [3]),
        (("{{ config(materialized='incremental') }}\nselect id from {{ ref('orders') }}\n"
         "{% if is_incremental() %}\nwhere amount > 0\n{% endif %}"), [4]),
        ("select amount from {{ ref('people') }}", []),
        ("select {{ columns() }} from {{ ref('orders') }}", []),
        ("selec amount fro {{ ref('orders') }}", []),
    ],
)  # fmt: skip
def test_a_model_reads_a_column_where_it_names_it_or_hands_it_on(sql: str, lines: list[int]) -> None:
    assert of_model(sql) == [f"models/it.sql:{line}" for line in lines]


def test_a_column_of_which_table_nobody_can_tell_is_perhaps_read() -> None:
    # Where the table is known to have the column, no other one can.
    known = "select amount from {{ ref('orders') }} o join other.table t on t.id = o.id"
    assert of_model(known) == ["models/it.sql:1"]
    assert readers(
        PROJECT
        | {
            "models/opaque.sql": "select {{ columns() }} from x",
            "models/it.sql": "select code from {{ ref('opaque') }} a join {{ source('raw', 'people') }} b on a.x = b.x",
        },
        "opaque",
        "code",
    ) == ["models/it.sql:1?"]


def test_what_is_handed_on_by_a_star_is_read_from_there_too() -> None:
    files = PROJECT | {
        "models/a.sql": "select *\nfrom {{ ref('orders') }}",
        "models/b.sql": "select id,\n amount\nfrom {{ ref('a') }}",
        "models/c.sql": "select id, amount from {{ ref('b') }}",
    }
    assert readers(files) == ["models/a.sql:1", "models/b.sql:2"]


def test_snapshots_tests_and_exposures_read_too() -> None:
    files = PROJECT | {
        "snapshots/s.sql": "{% snapshot s %}\n{{ config(unique_key='id') }}\nselect id,\n amount\n"
        "from {{ ref('orders') }}\n{% endsnapshot %}\n",
        "tests/positive.sql": "select * from {{ ref('orders') }}\nwhere amount < 0\n",
        "models/m.yml": (
            "models:\n- name: orders\n  columns:\n  - name: amount\n    tests:\n    - not_null\n"
            "- name: people\n  columns:\n  - name: id\n    tests:\n"
            "    - relationships: {to: ref('orders'), field: amount}\n"
            "exposures:\n- name: board\n  depends_on: [ref('orders')]\n"
        ),
    }
    assert readers(files) == [
        "snapshots/s.sql:4", "tests/positive.sql:2", "models/m.yml:6", "models/m.yml:11", "models/m.yml:13",
    ]  # fmt: skip


def test_a_source_is_read_by_the_models_on_it() -> None:
    assert readers(PROJECT, "raw.orders") == ["models/orders.sql:1"]
    assert readers(PROJECT, "orders") == []  # the model of that name, not what it is made of


DAG = '''\
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

QUERY = """
    select day,
           sum(amount)
    from shop.orders
    where day = '{{ ds }}'
    group by 1
"""
load = SQLExecuteQueryOperator(task_id="load", sql=QUERY)
other = f"select amount from {schema}.people"
'''


def test_queries_in_files_of_sql_and_in_python_are_read() -> None:
    files = {
        "dags/load.py": DAG,
        "sql/report.sql": "insert into report\nselect o.amount from orders o;\nselect 1;\n",
        "sql/merge.sql": (
            "merge into t using shop.orders o on t.id = o.id\nwhen matched then update set t.a = o.amount\n"
        ),
        "sql/archive.sql": "select amount from archive.orders\n",
        "notes.py": '"""We select the amount from the orders that came in."""\n',
    }
    assert readers(files, "shop.orders") == ["dags/load.py:5", "sql/merge.sql:2", "sql/report.sql:2"]
    assert "sql/archive.sql:1?" in readers(files, "orders")


def test_a_cycle_of_models_ends() -> None:
    files = PROJECT | {
        "models/a.sql": "select * from {{ ref('b') }} union all select * from {{ ref('orders') }}",
        "models/b.sql": "select * from {{ ref('a') }}",
    }
    assert readers(files) == ["models/a.sql:1", "models/b.sql:1"]


def test_a_dropped_column_names_its_readers() -> None:
    daily = {"models/daily.sql": "select sum(amount) as total\nfrom {{ ref('orders') }}\n"}
    after = PROJECT | {"models/orders.sql": "select id, status from {{ source('raw', 'orders') }}\n"}
    change = specimens.change(PROJECT | daily, after | daily)
    result = judge(catalogue().gates["CHG010"], Case(Policy(), change=change))
    assert [finding.message for finding in result.findings] == [
        "column amount of orders is dropped; read by models/daily.sql:1"
    ]


def test_many_readers_are_told_in_few_words() -> None:
    files = PROJECT | {f"models/m{n}.sql": "select amount from {{ ref('orders') }}" for n in range(6)}
    found = ColumnReaders(MemoryTree.of(files)).of("orders", frozenset({"amount"}))["amount"]
    assert told(found) == "read by models/m0.sql:1, models/m1.sql:1, models/m2.sql:1 and 3 more places"
    assert told(found[:2]) == "read by models/m0.sql:1 and models/m1.sql:1"
    assert told(()) is None
