"""Schemas in code and in contracts of any name, by what CHG010 says of a change of them."""

import pytest

from tests.contracts.declaring import columns, contracts, judged

AVRO = """{"type": "record", "name": "Order", "fields": [
 {"name": "id", "type": "long"},
 {"name": "note", "type": ["null", "string"], "default": null},
 {"name": "place", "type": {"type": "record", "name": "Place", "fields": [{"name": "city", "type": "string"}]}}
]}
"""
TABLE = """from sqlalchemy import Column, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    amount = Column("total", Numeric(10, 2), nullable=False)
    note: Mapped[str | None] = mapped_column(String(80))
    day: Mapped[int]
"""
STRUCT = """from pyspark.sql import types as T

ORDERS = T.StructType([
    T.StructField("id", T.LongType(), False),
    T.StructField("place", T.StructType([T.StructField("city", T.StringType())])),
])
"""


@pytest.mark.parametrize(
    "path,text,found",
    [
        (
            "schemas/order.avsc",
            AVRO,
            {"id": "long", "note": "string", "place": "record", "place.city": "string"},
        ),
        (
            "db/models.py",
            TABLE,
            {"id": "Integer", "total": "Numeric(10, 2)", "note": "String(80)", "day": "int"},
        ),
    ],
)
def test_the_columns_of_a_schema(path: str, text: str, found: dict[str, str]) -> None:
    (contract,) = contracts({path: text}).values()

    assert columns(contract) == found


def test_the_columns_of_a_struct_of_spark() -> None:
    found = contracts({"jobs/schemas.py": STRUCT})["ORDERS"]

    assert {"id": "LongType", "place.city": "StringType"}.items() <= columns(found).items()


@pytest.mark.parametrize(
    "path,text,old,new,said",
    [
        ("a.avsc", AVRO, '"type": "long"', '"type": "string"', "changes its type from long to string"),
        ("a.avsc", AVRO, '["null", "string"], "default": null', '"string"', "becomes required"),
        (
            "a.py",
            TABLE,
            "    note: Mapped[str | None] = mapped_column(String(80))\n",
            "",
            "note of orders is dropped",
        ),
        ("a.py", TABLE, "Mapped[str | None]", "Mapped[str]", "becomes required"),
        ("a.py", TABLE, '"orders"', '"sales"', "orders is now called sales"),
        ("a.py", STRUCT, "LongType", "StringType", "changes its type from LongType to StringType"),
    ],
)
def test_a_schema_of_code_that_breaks(path: str, text: str, old: str, new: str, said: str) -> None:
    assert old in text
    outcome, messages = judged({path: text}, {path: text.replace(old, new)})

    assert outcome == "needs_approval"
    assert said in " ".join(messages)


CONTRACT = """kind: DataContract
schema:
  - name: orders
    properties:
      - {name: id, logicalType: integer, physicalType: number, primaryKey: true}
      - {name: amount, logicalType: number, physicalType: number, required: true}
"""


@pytest.mark.parametrize(
    "old,new,outcome,said",
    [
        ("name: orders", "name: sales", "needs_approval", "orders is now called sales"),
        (", primaryKey: true", "", "needs_approval", "the primary key of orders changes from id to nothing"),
        (
            "logicalType: integer",
            "logicalType: string",
            "needs_approval",
            "logical type from integer to string",
        ),
        (", required: true", "", "warned", "is no longer required"),
    ],
)
def test_a_contract_is_known_by_its_kind_whatever_it_is_called(
    old: str, new: str, outcome: str, said: str
) -> None:
    path = "data/orders.yaml"
    assert old in CONTRACT

    result, messages = judged({path: CONTRACT}, {path: CONTRACT.replace(old, new)})

    assert result == outcome
    assert said in " ".join(messages)


QUERY = "WITH o AS (SELECT * FROM raw)\nSELECT product, sum(quantity) AS units FROM o GROUP BY product\n"


@pytest.mark.parametrize(
    "after,said",
    [
        (QUERY.replace(", sum(quantity) AS units", ""), ["column units of rollup is dropped"]),
        (QUERY.replace("AS units", "AS amount"), ["column units of rollup is renamed to amount"]),
        (
            QUERY.replace("sum(quantity) AS", "CAST(sum(quantity) AS VARCHAR) AS"),
            ["column units of rollup becomes VARCHAR, which is text"],
        ),
        (QUERY.replace("sum(quantity) AS", "CAST(sum(quantity) AS BIGINT) AS"), []),
        (QUERY.replace("GROUP", "WHERE quantity > 0 GROUP"), []),
    ],
)
def test_the_result_of_a_file_with_one_query(after: str, said: list[str]) -> None:
    assert judged({"sql/rollup.sql": QUERY}, {"sql/rollup.sql": after})[1] == said
