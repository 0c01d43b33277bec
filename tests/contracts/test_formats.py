"""Each kind of file that declares a schema, by what CHG010 says of a change of it."""

import json
from collections.abc import Mapping

import pytest

from meta_pipeline.contracts.formats import FORMATS
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from tests.contracts.declaring import columns, contracts, judged


def bigquery(*fields: Mapping[str, object]) -> str:
    return json.dumps(list(fields), indent=1)


ID, AMOUNT = {"name": "id", "type": "INT64", "mode": "REQUIRED"}, {"name": "amount", "type": "NUMERIC"}
CREATE = """\
CREATE TABLE shop.orders (
  id bigint PRIMARY KEY,
  status text CHECK (status IN ('a', 'b')),
  n int
);
"""
ORDER = """\
from datetime import date
from enum import Enum
from typing import Literal, Optional
from pydantic import BaseModel, Field

class Status(str, Enum):
    placed = "placed"
    shipped = "shipped"

class Line(BaseModel):
    sku: str

class Order(BaseModel):
    id: int = Field(ge=1)
    day: Optional[date] = None
    status: Status
    kind: Literal["a", "b"]
    lines: list[Line]
"""
FRAME = """\
import pandera as pa
from pandera.typing import Series

class Orders(pa.DataFrameModel):
    id: Series[int] = pa.Field(unique=True, ge=0)
    status: Series[str] = pa.Field(isin=["placed", "shipped"], nullable=True)

visits = pa.DataFrameSchema({"day": pa.Column("datetime64[ns]", pa.Check.ge(3)), "n": pa.Column(int, required=False)})
"""
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "note": {"type": ["string", "null"]},
        "place": {"$ref": "#/$defs/place"},
    },
    "$defs": {"place": {"type": "object", "properties": {"city": {"type": "string", "enum": ["a", "b"]}}}},
}


@pytest.mark.parametrize(
    "path, before, after, outcome, said",
    [
        ("schemas/orders.json", bigquery(ID, AMOUNT), bigquery(ID), "needs_approval",
         ["column amount of orders is dropped"]),
        ("schemas/orders.json", bigquery(ID, AMOUNT), bigquery(ID, AMOUNT | {"type": "BIGNUMERIC"}), "passed", []),
        ("schemas/orders.json", bigquery(ID), bigquery(ID, AMOUNT), "passed", []),
        ("schemas/orders.json", bigquery(ID), bigquery(ID, AMOUNT | {"mode": "REQUIRED"}), "needs_approval",
         ["column amount of orders is added and required, which refuses rows written without it"]),
        ("sql/orders/schema.json", bigquery(ID), bigquery(ID | {"type": "STRING"}), "needs_approval",
         ["column id of orders changes its type from INT64 to STRING"]),
        ("sql/orders.sql", CREATE, CREATE.replace("n int", "n bigint"), "passed", []),
        ("sql/orders.sql", CREATE, CREATE.replace(",\n  n int", ""), "needs_approval",
         ["column n of shop.orders is dropped"]),
        ("sql/orders.sql", CREATE, CREATE.replace("'a', ", ""), "needs_approval",
         ["column status of shop.orders no longer allows a"]),
        ("sql/orders.sql", CREATE, CREATE.replace(" PRIMARY KEY", "").replace("n int", "n int PRIMARY KEY"),
         "needs_approval",
         ["the primary key of shop.orders changes from id to n", "column n of shop.orders becomes required",
          "column n of shop.orders becomes unique"]),
        ("schemas/order.py", ORDER, ORDER.replace('    shipped = "shipped"\n', ""), "needs_approval",
         ["column status of Order no longer allows shipped"]),
        ("schemas/order.py", ORDER, ORDER.replace("sku", "article"), "needs_approval",
         ["column lines.sku of Order is renamed to lines.article"]),
        ("schemas/order.py", ORDER, ORDER + "    note: str\n", "needs_approval",
         ["column note of Order is added and required, which refuses rows written without it"]),
        ("schemas/order.py", ORDER, ORDER + "    note: str = ''\n", "passed", []),
        ("schemas/order.py", ORDER, ORDER.replace("class Order", "class Purchase"), "passed", []),
        ("checks/frames.py", FRAME, FRAME.replace(", nullable=True", ""), "needs_approval",
         ["column status of Orders becomes required"]),
        ("checks/frames.py", FRAME, FRAME.replace('"n": pa.Column(int, required=False)', ""), "needs_approval",
         ["column n of visits is dropped"]),
        ("events/order.json", json.dumps(SCHEMA), json.dumps(SCHEMA).replace('"enum": ["a", "b"]', '"enum": ["a"]'),
         "needs_approval", ["column place.city of order no longer allows b"]),
        ("events/order.json", json.dumps(SCHEMA), json.dumps(SCHEMA).replace('["id"]', '["id", "note"]'), "passed", []),
    ],
)  # fmt: skip
def test_a_change_is_judged_by_what_it_does_to_readers(
    path: str, before: str, after: str, outcome: str, said: list[str]
) -> None:
    assert judged({path: before}, {path: after}) == (outcome, said)


MIGRATIONS = {
    "db/migrations/V1__orders.sql": (
        "CREATE TABLE orders (id int NOT NULL, amount numeric(10,2));\nINSERT INTO x VALUES (1);\n"
    ),
    "db/migrations/V2__note.sql": "ALTER TABLE orders ADD COLUMN note text;\n",
}


@pytest.mark.parametrize(
    "name, sql, said",
    [
        ("V10__a.sql", "ALTER TABLE orders DROP COLUMN note;\n", ["column note of orders is dropped"]),
        ("V10__a.sql", "ALTER TABLE orders RENAME COLUMN note TO remark;\n",
         ["column note of orders is renamed to remark"]),
        ("V10__a.sql", "ALTER TABLE orders ALTER COLUMN amount TYPE int;\n",
         ["column amount of orders changes its type from DECIMAL(10, 2) to INT"]),
        ("V10__a.sql", "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n", []),
        ("V10__a.sql", "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\n",
         ["column note of orders becomes required"]),
        ("V10__a.sql", "ALTER TABLE orders ADD COLUMN day date NOT NULL DEFAULT current_date;\n", []),
        ("V10__a.sql", "ALTER TABLE orders MODIFY COLUMN amount decimal(8,2) NOT NULL;\n",
         ["column amount of orders changes its type from DECIMAL(10, 2) to DECIMAL(8, 2), which is narrower",
          "column amount of orders becomes required"]),
        ("U2__note.sql", "ALTER TABLE orders DROP COLUMN note;\n", []),
        ("V10__a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nALTER TABLE orders DROP COLUMN note;\n", []),
    ],
)  # fmt: skip
def test_a_migration_changes_what_those_before_it_made(name: str, sql: str, said: list[str]) -> None:
    _, found = judged(MIGRATIONS, MIGRATIONS | {f"db/migrations/{name}": sql})
    assert found == said


@pytest.mark.parametrize(
    "action", ["RENAME COLUMN note TO n", "DROP COLUMN note", "ALTER COLUMN amount TYPE int"]
)
def test_what_a_migration_breaks_is_found_at_its_statement(action: str) -> None:
    more = {"db/migrations/V3__x.sql": f"\nALTER TABLE orders {action};\n"}
    change = specimens.change(MIGRATIONS, MIGRATIONS | more)
    result = judge(catalogue().gates["CHG010"], Case(Policy(), change=change))
    assert [(f.path, f.line) for f in result.findings] == [("db/migrations/V3__x.sql", 2)]


@pytest.mark.parametrize(
    "path, text",
    [
        ("sql/load.sql", "CREATE TABLE staged (id int);\nINSERT INTO orders SELECT id FROM staged;\n"),
        ("sql/a.sql", "CREATE TEMP TABLE staged (id int);\n"),
        ("sql/a.sql", "CREATE TABLE tmp_orders (id int);\n"),
        ("sql/a.sql", "CREATE TABLE #orders (id int);\n"),
        ("sql/a.sql", "CREATE TABLE orders (id int);\nDROP TABLE orders;\n"),
        ("sql/a.sql", "CREATE TABLE step AS SELECT 1 AS id;\nCREATE TABLE orders AS SELECT id FROM step;\n"),
        ("sql/a.sql", "SELECT 'create' FROM orders\n"),
        ("tests/sql/a.sql", "CREATE TABLE orders (id int);\n"),
        ("schemas/http.py", "from pydantic import BaseModel\nclass HttpSettings(BaseModel):\n    url: str\n"),
        ("shop/client.py", "from pydantic import BaseModel\nclass Order(BaseModel):\n    id: int\n"),
        ("api/schemas.py", "from pydantic import BaseModel\nclass Order(BaseModel):\n    id: int\n"),
        ("schemas/order.py", "import fastapi\nfrom pydantic import BaseModel\nclass Order(BaseModel):\n    id: int\n"),
        ("schemas/order.py", "from mine import BaseModel\nclass Order(BaseModel):\n    id: int\n"),
        ("schemas/config.json", json.dumps(SCHEMA)),
        ("app/order.json", json.dumps(SCHEMA)),
        ("schemas/users.json", '[{"name": "a", "type": "admin"}]'),
        ("people.json", '[{"name": "a", "type": "STRING", "age": 3}]'),
        (".vscode/tasks.json", '[{"name": "a", "type": "STRING"}]'),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_schema_is_none(path: str, text: str) -> None:
    assert contracts({path: text}) == {}
    assert judged({path: text}, {path: text.replace("id", "no")})[1] == []


def test_a_model_of_dbt_is_no_definition_of_a_table() -> None:
    files = {"dbt_project.yml": "name: shop\n", "models/a.sql": "CREATE TABLE orders (id int)\n"}
    assert contracts(files) == {}


def test_a_file_that_the_policy_names_counts_wherever_it_lies() -> None:
    source = "from pydantic import BaseModel\nclass Order(BaseModel):\n    id: int\n"
    assert columns(contracts({"shop/api/order.py": source}, "shop/api/*.py")["Order"]) == {"id": "int"}
    script = "CREATE TABLE orders (id int);\nINSERT INTO orders VALUES (1);\n"
    assert columns(contracts({"load.sql": script}, "load.sql")["orders"]) == {"id": "INT"}


def test_the_columns_of_each_format() -> None:
    assert columns(contracts({"schemas/order.py": ORDER})["Order"]) == {
        "id": "int", "day": "date", "status": "str", "kind": "str", "lines": "ARRAY<struct>", "lines.sku": "str",
    }  # fmt: skip
    frames = contracts({"a.py": FRAME})
    assert columns(frames["Orders"]) == {"id": "int", "status": "str"}
    assert columns(frames["visits"]) == {"day": "datetime64[ns]", "n": "int"}
    assert columns(contracts({"events/order/v1.json": json.dumps(SCHEMA)})["order"]) == {
        "id": "bigint", "note": "string", "place": "object", "place.city": "string",
    }  # fmt: skip
    nested = {
        "name": "place",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "City", "type": "STRING"}],
    }
    assert columns(contracts({"bq/orders_schema.json": bigquery(ID, nested)})["orders"]) == {
        "id": "INT64", "place": "ARRAY<RECORD>", "place.city": "STRING",
    }  # fmt: skip


def suite(*expectations: tuple[str, Mapping[str, object]]) -> dict[str, str]:
    made = [{"type": f"expect_{kind}", "kwargs": kwargs} for kind, kwargs in expectations]
    return {"gx/expectations/orders.json": json.dumps({"name": "orders", "expectations": made})}


def test_a_suite_promises_the_columns_that_it_wants_to_be_there_and_its_rules_are_checks() -> None:
    exists: tuple[str, Mapping[str, object]] = ("column_to_exist", {"column": "amount"})
    full: tuple[str, Mapping[str, object]] = ("column_values_to_not_be_null", {"column": "amount"})
    other: tuple[str, Mapping[str, object]] = ("column_values_to_be_unique", {"column": "id"})
    assert judged(suite(exists), suite(exists, full, other))[0] == "passed"
    assert judged(suite(exists, other), suite(exists))[0] == "passed"
    assert judged(suite(exists, other), suite(other)) == (
        "needs_approval",
        ["column amount of orders is dropped"],
    )


def test_a_schema_that_is_no_longer_declared_is_asked_about() -> None:
    assert judged({"schemas/order.py": ORDER}, {}) == (
        "needs_approval",
        ["the schema of Order is no longer declared; nobody can tell any more what it holds"],
    )
    moved = {"records/schemas/order.py": ORDER}
    assert judged({"schemas/order.py": ORDER}, moved)[0] == "passed"


@pytest.mark.parametrize(
    "path, before, after",
    [
        ("schemas/order.py", ORDER, ORDER + "    x: (\n"),
        ("schemas/orders.json", bigquery(ID), "[{"),
        ("events/order.json", json.dumps(SCHEMA), json.dumps(SCHEMA)[:-1]),
        ("gx/expectations/orders.json", suite(("column_to_exist", {"column": "a"}))["gx/expectations/orders.json"],
         '{"expectations": ['),
    ],
)  # fmt: skip
def test_a_schema_that_can_no_longer_be_read_is_asked_about(path: str, before: str, after: str) -> None:
    outcome, found = judged({path: before}, {path: after})
    assert outcome == "needs_approval"
    assert any("can no longer be read" in message for message in found)


def test_each_format_is_told_by_its_own_name() -> None:
    assert len({kind.name for kind in FORMATS}) == len(FORMATS)


MADE = "CREATE OR REPLACE {kind} shop.orders AS\nSELECT id, CAST(total AS DOUBLE) AS amount FROM raw;\n"


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_view_or_table_that_the_only_statement_makes_of_a_query(kind: str) -> None:
    before = MADE.format(kind=kind)

    outcome, said = judged({"sql/orders.sql": before}, {"sql/orders.sql": before.replace("id, ", "")})

    assert (outcome, said) == ("needs_approval", ["column id of shop.orders is dropped"])
    assert (
        judged({"sql/orders.sql": before}, {"sql/orders.sql": before.replace("id, ", "id, day, ")})[0]
        == "passed"
    )
