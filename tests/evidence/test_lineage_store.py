"""The last survey as it is kept, and what becomes of a file that is not as it should be."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meta_pipeline.delivery.lineage.cards import Card, Lineage
from meta_pipeline.evidence.lineage import MOST_ROWS, DeliveryRow, LineageStore, NotKept

KEY = ("shop", "dags", "daily")
LINEAGE = Lineage(
    target="shop",
    commit="a" * 40,
    at="2026-01-05T12:00:00+00:00",
    cards=(Card(key=KEY, name="daily", kind="dag", scheduler="airflow", deps=(("shop", "dags", "x"),)),),
)


@pytest.fixture
def store(tmp_path: Path) -> LineageStore:
    return LineageStore(tmp_path, "shop")


def row(delivery: str, outcome: str = "planned") -> DeliveryRow:
    return DeliveryRow(
        delivery=delivery, issue="Load", outcome=outcome, commit=None, paper="plan.md", at="2026-01-05T12:00"
    )


def test_what_was_written_is_read(store: LineageStore) -> None:
    store.write(LINEAGE)
    assert store.read() == LINEAGE


def test_nothing_is_there_before_the_first_survey(store: LineageStore) -> None:
    assert store.read() == NotKept("shop was not surveyed yet")


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "is not whole"),
        (b"{", "is not whole"),
        (b"[]", "is not whole"),
        (b"null", "is not whole"),
        (b"\xff\xfe", "is not whole"),
        (json.dumps({"schema_version": 2, "pages": []}).encode(), "was written by a newer meta-pipeline"),
        (json.dumps({**LINEAGE.model_dump(), "target": "sales"}).encode(), "is about sales"),
        (json.dumps({**LINEAGE.model_dump(), "cards": [{"key": 1}]}).encode(), "is not whole"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_told_of(store: LineageStore, content: bytes, why: str) -> None:
    store.write(LINEAGE)
    store.file.write_bytes(content)
    found = store.read()
    assert isinstance(found, NotKept)
    assert why in found.reason
    assert str(store.file) in found.reason


def test_a_survey_that_was_cut_anywhere_is_none(store: LineageStore) -> None:
    store.write(LINEAGE)
    whole = store.file.read_bytes()
    for length in range(len(whole)):
        store.file.write_bytes(whole[:length])
        assert isinstance(store.read(), NotKept)


def test_a_delivery_is_listed_once_with_how_far_it_came(store: LineageStore) -> None:
    store.note(KEY, row("shop/inbox-0001"))
    store.note(KEY, row("shop/inbox-0002"))
    rows = store.note(KEY, row("shop/inbox-0001", "merged"))
    assert [(each.delivery, each.outcome) for each in rows] == [
        ("shop/inbox-0001", "merged"),
        ("shop/inbox-0002", "planned"),
    ]
    assert store.rows(KEY) == rows
    assert store.rows(("shop", "dags", "other")) == ()


def test_no_delivery_is_lost_where_several_are_told_of_at_once(store: LineageStore) -> None:
    names = [f"shop/inbox-{number:04}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: store.note(KEY, row(name)), names))
    assert sorted(each.delivery for each in store.rows(KEY)) == names


def test_the_list_of_deliveries_has_an_end(store: LineageStore) -> None:
    for number in range(MOST_ROWS + 5):
        store.note(KEY, row(f"shop/inbox-{number:04}"))
    assert len(store.rows(KEY)) == MOST_ROWS


def test_a_broken_list_of_deliveries_begins_anew(store: LineageStore) -> None:
    store.note(KEY, row("shop/inbox-0001"))
    (file,) = (store.file.parent / "shop").glob("*.json")
    file.write_text("{")
    assert [each.delivery for each in store.note(KEY, row("shop/inbox-0002"))] == ["shop/inbox-0002"]
