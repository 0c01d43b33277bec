from typing import Any

import pytest

from meta_pipeline.delivery.differences import Difference, differences
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology


def dag(*nodes: Node, **fields: Any) -> Pipeline:
    return Pipeline(
        **{"id": "sales", "path": "dags/sales.py", "line": 4, "schedule": "0 5 * * *", "nodes": nodes}
        | fields
    )


def seen(*pipelines: Pipeline) -> tuple[Topology, ...]:
    return (
        Topology(scheduler="airflow", version="3.0.0", method="static", root="dags", pipelines=pipelines),
    )


LOAD = Node(id="load", kind="task", retries=1, path="dags/tasks.py", line=9)


def test_equal_readings_differ_in_nothing() -> None:
    assert differences(seen(dag(LOAD)), seen(dag(LOAD))) == ()
    assert differences((), ()) == ()


def test_a_moved_line_is_no_difference() -> None:
    moved = dag(LOAD.model_copy(update={"line": 20}), line=15)
    assert differences(seen(dag(LOAD)), seen(moved)) == ()


@pytest.mark.parametrize(
    "field, value",
    [
        ("schedule", "@once"),
        ("schedule", None),
        ("catchup", True),
        ("owner", "finance"),
        ("tags", ("a", "b")),
        ("paused", UNRESOLVED),
        ("timezone", "Europe/Berlin"),
        ("start_date", "2026-01-01"),
    ],
)
def test_a_changed_field_of_a_pipeline_is_told(field: str, value: object) -> None:
    (found,) = differences(seen(dag(LOAD)), seen(dag(LOAD, **{field: value})))
    assert (found.pipeline, found.node, found.field) == ("sales", None, field)
    shown = "a, b" if field == "tags" else str(value)
    assert found.after == shown
    assert found.sentence.startswith(f"{field} of pipeline sales changes from ")


@pytest.mark.parametrize(
    "field, value",
    [
        ("retries", 3),
        ("retries", UNRESOLVED),
        ("retry_delay_s", 300.0),
        ("retry_backoff", True),
        ("timeout_s", 60.0),
        ("upstream", ("extract",)),
        ("reads", ("orders",)),
        ("writes", ("revenue",)),
        ("kind", "sensor"),
        ("operator", "BashOperator"),
    ],
)
def test_a_changed_field_of_a_node_is_told_with_its_own_place(field: str, value: object) -> None:
    changed = LOAD.model_copy(update={field: value})
    (found,) = differences(seen(dag(LOAD)), seen(dag(changed)))
    assert (found.node, found.field, found.path, found.line) == ("load", field, "dags/tasks.py", 9)
    assert "of task sales.load" in found.sentence


def test_whole_pipelines_and_nodes_come_and_go() -> None:
    other = dag(id="other")
    extract = Node(id="extract", kind="task")
    found = differences(seen(dag(LOAD), other), seen(dag(extract), dag(id="third")))
    assert [(d.pipeline, d.node, d.field) for d in found] == [
        ("other", None, "removed"),
        ("sales", "extract", "added"),
        ("sales", "load", "removed"),
        ("third", None, "added"),
    ]
    assert found[1].path == "dags/sales.py"
    assert [d.sentence for d in found[:2]] == ["pipeline other is removed", "task sales.extract is added"]


def test_a_pipeline_with_a_second_of_its_name_is_compared_by_the_first() -> None:
    assert differences(seen(dag(LOAD), dag(owner="other")), seen(dag(LOAD))) == ()


def test_the_sentence_says_before_and_after() -> None:
    told = Difference(pipeline="a", node="b", field="retries", before="1", after="3", path="p")
    assert told.sentence == "retries of task a.b changes from 1 to 3"
