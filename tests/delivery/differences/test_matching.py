"""Renames that nobody would doubt are recognised, and no other."""

from typing import Any

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.differences.matching import are_alike, matched
from meta_pipeline.delivery.topology import Node, Pipeline, SchedulerKind, Topology


def task(name: str, *upstream: str, **fields: Any) -> Node:
    return Node(**{"id": name, "kind": "task", "operator": "BashOperator", "upstream": upstream} | fields)


def dag(*nodes: Node, **fields: Any) -> Pipeline:
    return Pipeline(
        **{"id": "sales", "path": "dags/sales.py", "schedule": "0 5 * * *", "nodes": nodes} | fields
    )


def seen(*pipelines: Pipeline, scheduler: SchedulerKind = "airflow") -> tuple[Topology, ...]:
    return (Topology(scheduler=scheduler, version="1", method="static", root=".", pipelines=pipelines),)


def told(before: tuple[Topology, ...], after: tuple[Topology, ...]) -> list[str]:
    return [difference.sentence for difference in differences(before, after)]


EXTRACT, LOAD = task("extract"), task("load", "extract")


def test_a_renamed_task_is_one_record_and_what_follows_it_is_silent() -> None:
    before = seen(dag(EXTRACT, LOAD, task("report", "load")))
    after = seen(dag(EXTRACT, task("load_orders", "extract"), task("report", "load_orders")))
    (found,) = differences(before, after)
    assert (found.change, found.node_before, found.node) == ("renamed", "load", "load_orders")
    assert found.sentence == "task sales.load is now called load_orders"
    assert found.places == {("sales", "load"), ("sales", "load_orders")}


def test_a_chain_of_renamed_tasks_and_a_change_of_one() -> None:
    before = seen(dag(EXTRACT, LOAD, task("check", "load")))
    after = seen(
        dag(task("extract_raw"), task("load_raw", "extract_raw", retries=2), task("check_raw", "load_raw"))
    )
    assert told(before, after) == [
        "task sales.check is now called check_raw",
        "task sales.extract is now called extract_raw",
        "task sales.load is now called load_raw",
        "task sales.load_raw is now retried twice; before, a failure was final",
    ]


@pytest.mark.parametrize(
    "other",
    [
        task("load_orders", "extract", operator="PythonOperator"),
        task("load_orders"),
        task("publish", "extract"),
        task("load_orders", "extract", retries=3, pool="small", owner="finance"),
    ],
)
def test_another_operator_place_name_or_way_of_running_is_another_task(other: Node) -> None:
    found = differences(seen(dag(EXTRACT, LOAD)), seen(dag(EXTRACT, other)))
    assert {one.change for one in found} == {"added", "removed"}


def test_of_two_equal_candidates_none_is_claimed() -> None:
    two = task("load_a", "extract"), task("load_b", "extract")
    found = differences(seen(dag(EXTRACT, LOAD)), seen(dag(EXTRACT, *two)))
    assert sorted(one.change for one in found) == ["added", "added", "removed"]


def test_a_renamed_pipeline_keeps_its_nodes_and_who_triggers_it() -> None:
    link = {"links": ({"kind": "triggers", "pipeline": "sales"},)}
    caller = dag(Node.model_validate({"id": "go", "kind": "task"} | link), id="caller", path="dags/caller.py")
    link = {"links": ({"kind": "triggers", "pipeline": "sales_daily"},)}
    new_caller = caller.model_copy(
        update={"nodes": (Node.model_validate({"id": "go", "kind": "task"} | link),)}
    )
    after = dag(EXTRACT, LOAD, id="sales_daily", schedule="0 6 * * *", path="dags/sales_daily.py")
    assert told(seen(dag(EXTRACT, LOAD), caller), seen(after, new_caller)) == [
        "pipeline sales is now called sales_daily",
        "pipeline sales_daily is now defined in dags/sales_daily.py instead of dags/sales.py",
        "pipeline sales_daily now runs at 06:00 every day (0 6 * * *) instead of at 05:00 every day (0 5 * * *)",
    ]


def test_pipelines_of_one_factory_are_not_taken_for_each_other() -> None:
    nodes = (EXTRACT, LOAD, task("report", "load"))
    north, south, west = (dag(*nodes, id=f"rollup_{name}") for name in ("north", "south", "west"))
    found = differences(seen(north, south), seen(south, west))
    assert sorted(one.change for one in found) == ["added", "removed"]


def test_the_only_pipeline_of_a_file_may_change_its_whole_name() -> None:
    nodes = (EXTRACT, LOAD, task("report", "load"))
    assert told(seen(dag(*nodes)), seen(dag(*nodes, id="revenue"))) == [
        "pipeline sales is now called revenue"
    ]


def test_a_renamed_model_takes_its_tests_along() -> None:
    def project(model: str) -> tuple[Topology, ...]:
        nodes = (
            Node(id="raw", kind="seed"),
            Node(id=model, kind="model", operator="view", upstream=("raw",), writes=(model,)),
            Node(id=f"not_null_{model}_id", kind="test", operator="not_null", upstream=(model,)),
            Node(id="mart", kind="model", operator="view", upstream=(model,), writes=("mart",)),
        )
        return seen(dag(*nodes, id="shop", path="dbt_project.yml"), scheduler="dbt")

    assert told(project("orders"), project("stg_orders")) == [
        "test shop.not_null_orders_id is now called not_null_stg_orders_id",
        "model shop.orders is now called stg_orders",
    ]


def test_a_test_with_other_arguments_is_another_test() -> None:
    def project(test: str) -> tuple[Topology, ...]:
        model = Node(id="orders", kind="model")
        return seen(
            dag(
                model, Node(id=test, kind="test", operator="accepted_values", upstream=("orders",)), id="shop"
            ),
            scheduler="dbt",
        )

    found = differences(project("accepted_values_orders_s__a"), project("accepted_values_orders_s__a__b"))
    assert sorted(one.change for one in found) == ["added", "removed"]


@pytest.mark.parametrize(
    "one, other, alike",
    [
        ("load", "load_orders", True),
        ("loadOrders", "load_orders", True),
        ("extarct", "extract", True),
        ("load_orders", "load_customers", False),
        ("glam__wait_for_copy_all", "serp__wait_for_copy_all", False),
        ("wait_for_copy", "wait_for_copy_all", True),
        ("part_0_0", "part_0_19", False),
        ("extract", "load", False),
        ("unresolved", "unresolved_x", False),
    ],
)
def test_which_names_are_alike(one: str, other: str, *, alike: bool) -> None:
    assert are_alike(one, other) is alike


@pytest.mark.timeout(20)
def test_a_change_of_thousands_of_pipelines_claims_no_rename_and_takes_no_time() -> None:
    def side(name: str) -> tuple[Topology, ...]:
        nodes = (Node(id="load", kind="task"),)
        made = (Pipeline(id=f"{name}_{n}", path=f"dags/{name}_{n}.py", nodes=nodes) for n in range(3_000))
        return (
            Topology(scheduler="airflow", version="", method="static", root="dags", pipelines=tuple(made)),
        )

    found = matched(side("old"), side("new"))
    assert len(found) == 6_000
    assert not any(one.is_renamed for one in found)
