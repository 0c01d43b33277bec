from typing import Any

import pytest

from meta_pipeline.contracts.column_types import Relation, compare_types
from meta_pipeline.contracts.compatibility import contract_changes
from meta_pipeline.delivery.contract import Contract, ContractColumn


def contract(*columns: ContractColumn, **fields: Any) -> Contract:
    return Contract(dataset="orders", declared_by="odcs", path="orders.odcs.yaml", columns=columns, **fields)


def column(name: str = "id", **fields: Any) -> ContractColumn:
    return ContractColumn(name=name, **fields)


def said(before: Contract, after: Contract) -> list[tuple[str, bool, str]]:
    return [(change.kind, change.breaking, change.sentence) for change in contract_changes(before, after)]


@pytest.mark.parametrize(
    "old, new, relation",
    [
        ("INT", "integer", "equal"),
        ("INT", "BIGINT", "wider"),
        ("BIGINT", "INT", "narrower"),
        ("varchar(10)", "varchar(20)", "wider"),
        ("varchar", "varchar(20)", "narrower"),
        ("varchar(20)", "text", "wider"),
        ("decimal(10,2)", "decimal(12,2)", "wider"),
        ("decimal(10,2)", "decimal(10,4)", "narrower"),
        ("float", "double", "wider"),
        ("timestamp", "date", "other"),
        ("int", "varchar", "other"),
        ("string", "varchar", "equal"),
        ("float64", "double", "equal"),
        ("geography(point)", "GEOGRAPHY(POINT)", "equal"),
        ("my own type!", "my  own type!", "equal"),
        ("my own type!", "int", "other"),
    ],
)
def test_types_are_compared_by_what_they_hold(old: str, new: str, relation: Relation) -> None:
    assert compare_types(old, new) == relation


@pytest.mark.parametrize(
    "old, new, kind, breaking, text",
    [
        ({"type": "INT"}, {"type": "BIGINT"}, "widened", False, "from INT to BIGINT, which is wider"),
        ({"type": "BIGINT"}, {"type": "INT"}, "retyped", True, "from BIGINT to INT, which is narrower"),
        ({}, {"required": True}, "tightened", True, "becomes required"),
        ({"required": True}, {}, "loosened", False, "is no longer required"),
        ({}, {"unique": True}, "tightened", True, "becomes unique"),
        ({"allowed": ("a", "b")}, {"allowed": ("a",)}, "tightened", True, "no longer allows b"),
        ({"allowed": ("a",)}, {"allowed": ("a", "b")}, "loosened", False, "also allows b"),
        ({}, {"allowed": ("a",)}, "tightened", True, "allows only a"),
        ({"minimum": 0}, {"minimum": 1}, "tightened", True, "minimum from 0 to 1"),
        ({"maximum": 5}, {"maximum": 9}, "loosened", False, "maximum from 5 to 9"),
        ({"maximum": 5}, {"maximum": 4}, "tightened", True, "maximum from 5 to 4"),
        ({"minimum": "2026-01-01"}, {"minimum": "2025-01-01"}, "loosened", False, "minimum"),
        ({"rules": ("pattern x",)}, {"rules": ()}, "loosened", False, "need no longer meet 'pattern x'"),
        ({}, {"rules": ("pattern x",)}, "tightened", True, "must now meet 'pattern x'"),
        ({"description": "a"}, {"description": "b"}, "described", False, "is described anew"),
    ],
)
def test_a_change_of_one_column(
    old: dict[str, Any], new: dict[str, Any], kind: str, breaking: bool, text: str
) -> None:
    ((found, breaks, sentence),) = said(contract(column(**old)), contract(column(**new)))
    assert (found, breaks) == (kind, breaking)
    assert sentence.startswith("column id of orders ")
    assert text in sentence


def test_columns_are_dropped_and_added() -> None:
    before, after = contract(column("a"), column("b")), contract(column("a"), column("c"), column("d"))
    assert said(before, after) == [
        ("dropped", True, "column b of orders is dropped"),
        ("added", False, "column c of orders is added"),
        ("added", False, "column d of orders is added"),
    ]


@pytest.mark.parametrize(
    "before, after",
    [
        # by definition, wherever it stands
        (
            (column("a", type="INT", description="The id."), column("b")),
            (column("b"), column("z", type="INT", description="The id."), column("c")),
        ),
        # by how it is computed
        ((column("a", expression="x + 1"), column("b")), (column("b"), column("z", expression="x + 1"))),
        # by its place
        ((column("a", type="INT"), column("b")), (column("z", type="INT"), column("b"))),
    ],
)
def test_a_renamed_column_is_told_as_such(
    before: tuple[ContractColumn, ...], after: tuple[ContractColumn, ...]
) -> None:
    assert ("renamed", True, "column a of orders is renamed to z") in said(
        contract(*before), contract(*after)
    )
    assert "dropped" not in {kind for kind, *_ in said(contract(*before), contract(*after))}


def test_another_column_at_the_same_place_is_no_rename() -> None:
    before, after = contract(column("a", type="INT")), contract(column("z", type="TEXT"))
    assert [kind for kind, *_ in said(before, after)] == ["dropped", "added"]


def test_a_contract_that_is_no_longer_enforced_breaks() -> None:
    before, after = contract(enforced=True), contract()
    assert said(before, after) == [
        ("unenforced", True, "the contract of orders is no longer enforced"),
    ]
    assert [breaking for _, breaking, _ in said(after, before)] == [False]
