from typing import Any

import pytest

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import (
    UNRESOLVED,
    Dataset,
    DatasetColumn,
    Link,
    Node,
    Pipeline,
    Topology,
    TopologyError,
)


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
    "field, value, said",
    [
        (
            "schedule",
            "0 * * * *",
            "now runs every hour (0 * * * *) instead of at 05:00 every day (0 5 * * *)",
        ),
        ("schedule", "@once", "now runs once (@once) instead of at 05:00 every day (0 5 * * *)"),
        ("schedule", None, "no longer runs by itself (before: at 05:00 every day (0 5 * * *))"),
        ("catchup", True, "now makes up for runs that it missed since its start date"),
        ("owner", "finance", "now has the owner finance"),
        ("tags", ("b", "a"), "now has the tags a and b"),
        ("paused", True, "now starts out paused"),
        ("paused", False, "now starts out active"),
        ("timezone", "Europe/Berlin", "now has the time zone Europe/Berlin"),
        ("start_date", "2026-01-01T00:00:00+00:00", "now has the start date 2026-01-01"),
        ("active_runs", 1, "may now have 1 of its runs at once; before, there was no limit"),
        ("concurrency", 4, "may now run 4 of its nodes at once; before, there was no limit"),
        ("timeout_s", 5400.0, "is now ended after 1 h 30 min; before, it could run for any time"),
    ],
)
def test_a_changed_field_of_a_pipeline_is_told(field: str, value: object, said: str) -> None:
    (found,) = differences(seen(dag(LOAD)), seen(dag(LOAD, **{field: value})))
    assert (found.pipeline, found.node, found.field) == ("sales", None, field)
    assert found.sentence == f"pipeline sales {said}"


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("retries", 3, "task sales.load is now retried 3 times instead of once"),
        ("retries", 0, "task sales.load is no longer retried (before: once)"),
        ("retry_delay_s", 300.0, "task sales.load now waits 5 min before a retry; before, it did not wait"),
        ("retry_backoff", True, "the wait before a retry of task sales.load now grows with each try"),
        ("timeout_s", 60.0, "task sales.load is now ended after 1 min; before, it could run for any time"),
        ("sla_s", 7200.0, "task sales.load should now be done within 2 h; before, no service level was set"),
        ("upstream", ("extract",), "task sales.load now waits for extract"),
        ("reads", ("orders",), "task sales.load now reads orders"),
        ("writes", ("revenue",), "task sales.load now writes revenue"),
        ("kind", "sensor", "the kind of task sales.load is sensor instead of task"),
        ("operator", "BashOperator", "task sales.load now has the operator BashOperator"),
        ("pool", "small", "task sales.load now has the pool small"),
        ("group", "loads", "task sales.load now has the group loads"),
        (
            "trigger_rule",
            "all_done",
            (
                "task sales.load now starts once all before it are done, failed or not (all_done) "
                "instead of once all before it succeeded (all_success)"
            ),
        ),
        ("concurrency", 2, "task sales.load may now run 2 times at once; before, there was no limit"),
        (
            "alerts",
            (
                "email_on_failure: a@example.com",
                "email_on_failure: b@example.com",
                "email_on_retry: a@example.com",
                "email_on_retry: b@example.com",
                "on_failure_callback: page_on_call",
            ),
            (
                "a@example.com and b@example.com are now mailed when task sales.load fails or is retried; "
                "page_on_call is now called when task sales.load fails"
            ),
        ),
        (
            "alerts",
            ("email_on_failure: team@example.com",),
            "team@example.com is now mailed when task sales.load fails",
        ),
        (
            "links",
            (Link(kind="waits_for", pipeline="raw", node="load", offset_s=3600.0),),
            "task sales.load now waits for raw.load, the run 1 h earlier",
        ),
        ("links", (Link(kind="triggers", pipeline="mart"),), "task sales.load now starts mart"),
        (
            "links",
            (Link(kind="triggers", pipeline="mart", node="wait"),),
            "clearing task sales.load now clears mart.wait",
        ),
    ],
)
def test_a_changed_field_of_a_node_is_told_with_its_own_place(field: str, value: object, said: str) -> None:
    before = LOAD.model_copy(update={"trigger_rule": "all_success"})
    (found,) = differences(seen(dag(before)), seen(dag(before.model_copy(update={field: value}))))
    assert (found.node, found.field, found.path, found.line) == ("load", field, "dags/tasks.py", 9)
    assert found.sentence == said


@pytest.mark.parametrize(
    "before, after, said",
    [
        (
            1,
            UNRESOLVED,
            "it can no longer be known from source how often task sales.load is retried (before: 1)",
        ),
        (UNRESOLVED, 0, "source now tells how often task sales.load is retried: 0"),
    ],
)
def test_what_cannot_be_known_is_no_change_of_value(before: object, after: object, said: str) -> None:
    (found,) = differences(
        seen(dag(LOAD.model_copy(update={"retries": before}))),
        seen(dag(LOAD.model_copy(update={"retries": after}))),
    )
    assert found.sentence == said
    assert not found.is_known


@pytest.mark.parametrize(
    "before, after, said",
    [
        (("a", "b"), ("b", "c"), "task sales.load now reads c, and no longer a"),
        (("a",), ("a", UNRESOLVED), "source no longer tells what task sales.load reads in full"),
        (
            ("a",),
            (UNRESOLVED,),
            "source no longer tells what task sales.load reads in full; before, it named a",
        ),
        ((UNRESOLVED,), ("a",), "source now tells more of what task sales.load reads: a"),
    ],
)
def test_of_a_list_it_is_told_what_came_and_went(
    before: tuple[str, ...], after: tuple[str, ...], said: str
) -> None:
    (found,) = differences(
        seen(dag(LOAD.model_copy(update={"reads": before}))),
        seen(dag(LOAD.model_copy(update={"reads": after}))),
    )
    assert found.sentence == said


def test_a_wait_that_looks_at_another_run() -> None:
    link = Link(kind="waits_for", pipeline="raw", offset_s=0.0)
    earlier = link.model_copy(update={"offset_s": 3600.0})
    (found,) = differences(
        seen(dag(LOAD.model_copy(update={"links": (link,)}))),
        seen(dag(LOAD.model_copy(update={"links": (earlier,)}))),
    )
    assert found.sentence == (
        "the wait of task sales.load for raw now looks at the run 1 h earlier instead of the run of the same time"
    )


def test_the_order_of_things_means_nothing() -> None:
    one = LOAD.model_copy(update={"upstream": ("a", "b"), "tags": ("x", "y")})
    other = LOAD.model_copy(update={"upstream": ("b", "a"), "tags": ("y", "x")})
    extract = Node(id="extract", kind="task")
    base = seen(dag(one, extract), dag(id="second"))
    assert differences(base, seen(dag(id="second"), dag(extract, other))) == ()


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


def test_a_file_that_no_longer_loads_and_one_that_does_again() -> None:
    def with_errors(*errors: TopologyError) -> tuple[Topology, ...]:
        return (seen(dag(LOAD))[0].model_copy(update={"errors": errors}),)

    broken = TopologyError(path="dags/a.py", line=3, message="invalid syntax")
    opaque = TopologyError(path="dags/b.py", line=9, message="ids are made at run time", opaque=True)
    moved = broken.model_copy(update={"line": 8})
    assert differences(with_errors(broken), with_errors(moved)) == ()
    found = differences(with_errors(broken), with_errors(opaque))
    assert [(one.level, one.change, one.sentence) for one in found] == [
        ("error", "added", "what dags/b.py:9 makes, only a run can tell: ids are made at run time"),
        ("error", "removed", "dags/a.py no longer has an error (before: invalid syntax)"),
    ]


def test_the_lines_within_an_error_mean_nothing() -> None:
    def taken(line: int) -> tuple[Topology, ...]:
        message = f"the name is taken by dags/b.py:{line}; rename one"
        return (seen()[0].model_copy(update={"errors": (TopologyError(path="dags/a.py", message=message),)}),)

    assert differences(taken(3), taken(9)) == ()


def test_columns_come_go_and_change_at_the_node_that_writes_them() -> None:
    writer = LOAD.model_copy(update={"writes": ("revenue",)})

    def with_columns(**types: str | None) -> tuple[Topology, ...]:
        columns = tuple(DatasetColumn(name=name, type=form) for name, form in types.items())
        return (
            seen(dag(writer))[0].model_copy(update={"datasets": (Dataset(name="revenue", columns=columns),)}),
        )

    found = differences(
        with_columns(day="date", sum="int", old=None), with_columns(sum="float", day="date", new="int")
    )
    assert {(one.pipeline, one.node, one.level) for one in found} == {("sales", "load", "column")}
    assert [one.sentence for one in found] == [
        "column sum of dataset revenue is now float instead of int",
        "dataset revenue no longer has the column old",
        "dataset revenue now has the column new (int)",
    ]
    known = differences(with_columns(day="date"), seen(dag(writer)))
    assert [one.sentence for one in known] == [
        "it can no longer be known from source which columns dataset revenue has (before: day)"
    ]


def test_what_only_a_run_can_tell_is_not_said_to_be_gone() -> None:
    opaque = TopologyError(path="dags/sales.py", line=9, message="a loop over a query", opaque=True)
    head = (seen()[0].model_copy(update={"errors": (opaque,)}),)
    removed = differences(seen(dag(LOAD)), head)[-1]
    assert removed.change == "removed"
    assert removed.sentence == (
        "pipeline sales is no longer seen in source; whether dags/sales.py:9 still makes it, only a run can tell"
    )


def test_a_node_is_doubtful_where_a_run_alone_tells_what_its_pipeline_holds() -> None:
    opaque = TopologyError(path="dags/sales.py", line=9, message="chosen by a tag", opaque=True)
    head = (seen(dag())[0].model_copy(update={"errors": (opaque,)}),)
    (removed,) = (one for one in differences(seen(dag(LOAD)), head) if one.node)
    assert removed.sentence == (
        "task sales.load is no longer seen in source; whether dags/sales.py:9 still makes it, only a run can tell"
    )


def test_a_scheduler_that_is_new_and_one_of_another_version() -> None:
    newer = (seen(dag(LOAD))[0].model_copy(update={"version": "3.1.0"}),)
    (found,) = differences(seen(dag(LOAD)), newer)
    assert found.sentence == "the pipelines now run on Airflow 3.1.0 instead of 3.0.0"
    assert differences((), seen(dag(LOAD)))[0].sentence == "the repository now has pipelines of Airflow"
    asked = (newer[0].model_copy(update={"method": "runtime"}),)
    assert differences(seen(dag(LOAD)), asked) == ()
