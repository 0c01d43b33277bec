"""Which things of a repository have a page in the lineage, under which keys, and what depends on what."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.delivery.lineage.cards import Card, Key, key_part
from meta_pipeline.delivery.lineage.drawing import cards_of
from meta_pipeline.delivery.topology import (
    IMPLICIT_JOB,
    UNRESOLVED,
    Dataset,
    DatasetColumn,
    Link,
    Node,
    Pipeline,
    SchedulerKind,
    Topology,
)


def topology(
    scheduler: SchedulerKind, *pipelines: Pipeline, root: str = ".", datasets: tuple[Dataset, ...] = ()
) -> Topology:
    return Topology(
        scheduler=scheduler, version="1", method="static", root=root, pipelines=pipelines, datasets=datasets
    )


def pipeline(pipeline_id: str, *nodes: Node, **fields: object) -> Pipeline:
    return Pipeline.model_validate({"id": pipeline_id, "path": "a.py", "nodes": nodes, **fields})


def task(node_id: str = "load", kind: str = "task", **fields: object) -> Node:
    return Node.model_validate({"id": node_id, "kind": kind, **fields})


def cards(*topologies: Topology) -> dict[str, Card]:
    found, left_out = cards_of("shop", topologies)
    assert left_out == 0
    return {"/".join(card.key): card for card in found}


def deps(found: dict[str, Card]) -> dict[str, list[str]]:
    """Only those that depend on something."""
    return {name: ["/".join(key) for key in card.deps] for name, card in found.items() if card.deps}


def test_what_a_scheduler_calls_a_pipeline_stands_in_its_key() -> None:
    found = cards(
        topology("airflow", pipeline("sales.daily", task())),
        topology("prefect", pipeline("nightly", task())),
        topology("dagster", pipeline("refresh", task(kind="op"))),
        topology("dagster", pipeline("refresh", task(kind="op")), root="apps/eu"),
        topology("dbt", pipeline("shop", task("orders", "model"), task("not_null_orders", "test"))),
    )
    assert {name: card.kind for name, card in found.items()} == {
        "shop/dags/sales.daily": "dag",
        "shop/flows/nightly": "flow",
        "shop/jobs/refresh": "job",
        "shop/jobs/apps/eu/refresh": "job",
        "shop/dbt/shop": "project",
        "shop/dbt/shop/orders": "model",
    }


def test_the_job_of_all_assets_has_no_page_and_its_assets_have() -> None:
    found = cards(
        topology(
            "dagster",
            pipeline(
                IMPLICIT_JOB,
                task("raw/orders", "asset"),
                task("daily", "asset", upstream=("raw/orders",)),
                task("daily:fresh", "asset_check", upstream=("daily",)),
            ),
        )
    )
    assert deps(found) == {"shop/assets/daily": ["shop/assets/raw/orders"]}
    assert set(found) == {"shop/assets/daily", "shop/assets/raw/orders"}


def test_a_dagster_asset_depends_on_the_dbt_model_of_its_name() -> None:
    found = cards(
        topology(
            "dagster",
            pipeline(
                IMPLICIT_JOB,
                task("warehouse", "dbt_assets"),
                task("published", "asset", upstream=("marts/daily",)),
            ),
        ),
        topology("dbt", pipeline("shop", task("daily", "model", writes=("daily",)))),
    )
    assert deps(found)["shop/assets/published"] == ["shop/dbt/shop/daily"]


def test_a_dataset_between_pipelines_is_a_page_of_its_own() -> None:
    columns = (DatasetColumn(name="order_id", type="bigint"), DatasetColumn(name="note"))
    found = cards(
        topology(
            "airflow",
            pipeline("load", task(writes=("s3://lake/orders", "nobody_reads", UNRESOLVED))),
            pipeline("report", task(reads=("s3://lake/orders", UNRESOLVED))),
            datasets=(Dataset(name="s3://lake/orders", columns=columns),),
        )
    )
    (dataset,) = (card for card in found.values() if card.kind == "dataset")
    assert (dataset.name, dataset.columns) == ("s3://lake/orders", columns)
    name = "/".join(dataset.key)
    assert deps(found) == {name: ["shop/dags/load"], "shop/dags/report": [name]}


def test_the_columns_of_what_a_model_makes_are_the_models() -> None:
    columns = (DatasetColumn(name="order_id"),)
    found = cards(
        topology(
            "dbt",
            pipeline("shop", task("orders", "model", writes=("shop.mart.orders",))),
            datasets=(Dataset(name="shop.mart.orders", columns=columns),),
        ),
        topology("airflow", pipeline("report", task(reads=("Mart.Orders",)))),
    )
    assert found["shop/dbt/shop/orders"].columns == columns
    assert deps(found) == {"shop/dags/report": ["shop/dbt/shop/orders"]}


def test_a_trigger_comes_before_what_it_triggers_and_a_sensor_after_what_it_waits_for() -> None:
    found = cards(
        topology(
            "airflow",
            pipeline("first", task(links=(Link(kind="triggers", pipeline="second"),))),
            pipeline("second", task()),
            pipeline("third", task(links=(Link(kind="waits_for", pipeline="second", offset_s=0.0),))),
            pipeline("lost", task(links=(Link(kind="triggers", pipeline="elsewhere"),))),
        )
    )
    assert deps(found) == {
        "shop/dags/second": ["shop/dags/first"],
        "shop/dags/third": ["shop/dags/second"],
    }


def test_a_circle_is_opened_and_told_of() -> None:
    found = cards(
        topology(
            "airflow",
            pipeline("a", task(reads=("x",), links=(Link(kind="triggers", pipeline="b"),))),
            pipeline("b", task(links=(Link(kind="triggers", pipeline="a"),))),
            pipeline("c", task(links=(Link(kind="triggers", pipeline="c"),))),
        )
    )
    assert deps(found) == {"shop/dags/a": ["shop/dags/b", "shop/datasets/x"]}
    assert found["shop/dags/b"].circular == (("shop", "dags", "a"),)
    assert found["shop/dags/c"].circular == ()


def test_what_a_pipeline_has_is_summed_up() -> None:
    (card,) = cards(
        topology(
            "airflow",
            pipeline("a", task("x", retries=0), task("y", retries=3), task("z", retries=UNRESOLVED)),
        )
    ).values()
    assert (card.nodes, card.retries) == (3, "0 to 3, some unresolved")


def test_one_id_twice_is_one_page() -> None:
    assert len(cards(topology("airflow", pipeline("a"), pipeline("a"), root="one"))) == 1


def test_a_chain_of_ten_thousand_is_drawn_in_a_moment_and_what_is_beyond_is_counted() -> None:
    chain = tuple(
        pipeline(f"p{n:05}", task(links=(Link(kind="waits_for", pipeline=f"p{n - 1:05}"),)))
        for n in range(10_005)
    )
    started = time.process_time()
    found, left_out = cards_of("shop", (topology("airflow", *chain),))
    assert time.process_time() - started < 10  # it is a third of a second; in squares it would be minutes
    assert (len(found), left_out) == (10_000, 5)
    assert sum(len(card.deps) for card in found) == 9_999


def test_data_is_left_out_before_pipelines() -> None:
    found, left_out = cards_of(
        "shop", (topology("dbt", pipeline("shop", task("orders", "model"), task("items", "model"))),), most=2
    )
    assert ([card.kind for card in found], left_out) == (["project", "model"], 1)


PLAIN = ("sales_etl", "a__b", "bhr.collection", "a-b", "über", "数", "_x", "x" * 120)
HOSTILE = (
    "a b",
    "a/b",
    "a\\b",
    'say "x"',
    "it's",
    "a\nb",
    "<b>x</b>",
    "a%2Fb",
    "a?b#c",
    "*",
    "",
    ".",
    "..",
    "a~b",
    "~",
    "x" * 10_000,
    "x" * 9_999 + "y",
    "\ud800",
    "a:b",
    "a_b~123456789012",
)


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_id_is_its_own_key(name: str) -> None:
    assert key_part(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_any_other_id_has_a_key_that_a_url_takes(name: str) -> None:
    part = key_part(name)
    assert 0 < len(part) <= 120
    assert not set(part) & set("/\\ \"'%?#<>\n*:")
    assert part not in (".", "..")


def test_ids_that_look_alike_have_keys_of_their_own() -> None:
    alike = (*HOSTILE, *PLAIN, "a_b", "a b ", "a  b", "x", "_")
    assert len({key_part(name) for name in alike}) == len(alike)


@given(st.text(max_size=300), st.text(max_size=300))
def test_two_ids_never_share_a_key(one: str, other: str) -> None:
    assert (key_part(one) == key_part(other)) is (one == other)


def test_two_targets_with_one_id_have_two_pages() -> None:
    keys: set[Key] = set()
    for target in ("shop", "sales"):
        found, _ = cards_of(target, (topology("airflow", pipeline("daily")),))
        keys |= {card.key for card in found}
    assert keys == {("shop", "dags", "daily"), ("sales", "dags", "daily")}
