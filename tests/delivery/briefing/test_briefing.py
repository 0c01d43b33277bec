"""What an on-call engineer is told of a change."""

from datetime import UTC, datetime
from typing import Any

from meta_pipeline.delivery.briefing.briefing import Briefing, briefing
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline, Topology, TopologyError

AT = datetime(2024, 12, 1, tzinfo=UTC)
HOURLY, DAILY = "0 * * * *", "0 5 * * *"


def task(name: str, *upstream: str, **fields: Any) -> Node:
    return Node(**{"id": name, "kind": "task", "operator": "BashOperator", "upstream": upstream} | fields)


def dag(name: str, *nodes: Node, **fields: Any) -> Pipeline:
    given = {"id": name, "path": f"dags/{name}.py", "schedule": DAILY, "timezone": "UTC", "nodes": nodes}
    return Pipeline(**given | fields)


def seen(*pipelines: Pipeline, **fields: Any) -> tuple[Topology, ...]:
    return (
        Topology(scheduler="airflow", version="3", method="static", root=".", pipelines=pipelines, **fields),
    )


def told(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> Briefing:
    return briefing(base, head, differences(base, head), AT)


def must_know(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> list[str]:
    return [one.sentence for one in told(base, head).must_know]


def test_what_stops_comes_first_and_what_is_harmless_last() -> None:
    base = seen(dag("sales", task("load", retries=2), task("old")))
    head = seen(dag("sales", task("load", tags=("x",)), schedule=HOURLY))
    found = told(base, head)
    assert [(one.weight, one.sentence) for one in found.statements] == [
        ("stops", "task sales.old is removed"),
        (
            "runs",
            "pipeline sales now runs every hour (0 * * * *) instead of at 05:00 every day (0 5 * * *)",
        ),
        ("failing", "task sales.load is no longer retried (before: twice)"),
        ("other", "task sales.load now has the tag x"),
    ]
    assert [one.sentence for one in found.must_know] == [one.sentence for one in found.statements[:3]]


def test_more_retries_and_an_owner_wake_nobody() -> None:
    base, head = (seen(dag("sales", task("load", retries=n), owner=f"o{n}")) for n in (1, 2))
    found = told(base, head)
    assert found.must_know == ()
    assert len(found.statements) == 2


def test_like_changes_are_told_once() -> None:
    names = ("a", "b", "c")
    base, head = (seen(dag("sales", *(task(name, retries=n) for name in names))) for n in (3, 1))
    (one,) = told(base, head).statements
    assert (one.sentence, one.count) == ("all 3 tasks of sales are now retried once instead of 3 times", 3)
    base, head = (seen(*(dag(name, owner=owner) for name in names)) for owner in ("x", "y"))
    assert [s.sentence for s in told(base, head).statements] == [
        "the owner of pipelines a, b and c is y instead of x"
    ]


def test_an_owner_of_a_pipeline_is_not_told_of_each_node() -> None:
    base, head = (seen(dag("sales", task("a", owner=o), task("b", owner=o), owner=o)) for o in ("x", "y"))
    assert [one.sentence for one in told(base, head).statements] == [
        "the owner of pipeline sales is y instead of x"
    ]


def test_catching_up_is_counted() -> None:
    since = {"start_date": "2023-01-01T00:00:00+00:00"}
    base, head = seen(dag("orders", **since)), seen(dag("orders", catchup=True, **since))
    assert must_know(base, head) == [
        "pipeline orders starts catching up from 2023-01-01: about 700 runs, less those that it has made"
    ]
    assert must_know(seen(), head)[-1] == (
        "pipeline orders is new (no node); it runs at 05:00 every day (0 5 * * *), "
        "and starts catching up from 2023-01-01: about 700 runs"
    )


def test_a_renamed_pipeline_catches_up_anew() -> None:
    fields = {"start_date": "2023-01-01", "catchup": True}
    base = seen(dag("orders", task("a"), **fields))
    head = seen(dag("orders_daily", task("a"), path="dags/orders.py", **fields))
    assert must_know(base, head) == [
        (
            "pipeline orders is now called orders_daily, which to the scheduler is a new pipeline: "
            "it starts catching up from 2023-01-01: about 700 runs"
        )
    ]


def test_a_wait_that_finds_no_run() -> None:
    def waiting(offset: float, **fields: Any) -> tuple[Topology, ...]:
        link = Link(kind="waits_for", pipeline="raw", offset_s=offset)
        return seen(dag("raw"), dag("sales", task("wait", links=(link,)), **fields))

    said = "task sales.wait waits for raw, the run 1 h earlier, which does not exist at that time"
    assert must_know(waiting(0.0), waiting(3600.0)) == [said]
    assert must_know(waiting(3600.0), waiting(3600.0, owner="b")) == []
    (first, *_) = must_know(waiting(0.0), waiting(0.0, schedule=HOURLY))
    assert (
        first == "task sales.wait waits for raw, the run of the same time, which exists for 3 of 60 runs only"
    )
    assert must_know(waiting(3600.0, schedule=UNRESOLVED), waiting(0.0, schedule=UNRESOLVED)) == []


def test_links_to_what_is_gone() -> None:
    sales = dag("sales", task("go", links=(Link(kind="triggers", pipeline="mart"),)))
    assert must_know(seen(sales, dag("mart")), seen(sales)) == [
        "task sales.go still starts mart, which is gone",
        "pipeline mart is removed",
    ]


def test_a_failure_that_nobody_is_told_of() -> None:
    alerts = ("email_on_failure: team@example.com",)
    base = seen(dag("sales", task("a", alerts=alerts), task("b", alerts=alerts)))
    assert must_know(base, seen(dag("sales", task("a"), task("b", alerts=alerts)))) == [
        "nobody is told any more when task sales.a fails"
    ]
    assert must_know(base, seen(dag("sales", task("a"), task("b")))) == [
        "nobody is told any more when any task of sales fails"
    ]
    kept = seen(dag("sales", task("a"), task("b"), alerts=("on_failure_callback: page",)))
    assert all("nobody" not in sentence for sentence in must_know(base, kept))


def test_datasets_with_two_writers_and_with_none() -> None:
    writes = {"writes": ("mart.orders",)}
    reader = dag("report", task("read", reads=("mart.orders",)))
    one, other = dag("sales", task("load", **writes)), dag("stock", task("load", **writes))
    assert must_know(seen(one, reader), seen(one, other, reader))[0] == (
        "two pipelines now write the dataset mart.orders: sales and stock"
    )
    assert must_know(seen(one, reader), seen(dag("sales", task("load")), reader)) == [
        "nobody writes the dataset mart.orders any more, which task report.read reads"
    ]


def test_a_new_pipeline_that_nobody_starts_wakes_nobody() -> None:
    other = dag("stock")
    found = told(seen(other), seen(other, dag("sales", schedule=None)))
    assert (found.must_know, [one.sentence for one in found.others]) == ((), ["pipeline sales is added"])


def test_moved_files_are_told_by_their_folders() -> None:
    opaque = [
        TopologyError(path=f"{home}/a.py", message="a loop", opaque=True) for home in ("dags", "src/dags")
    ]
    names = ("a", "b")
    base = seen(*(dag(name, path=f"dags/{name}.py") for name in names), errors=(opaque[0],))
    head = seen(*(dag(name, path=f"src/dags/{name}.py") for name in names), errors=(opaque[1],))
    assert [one.sentence for one in told(base, head).statements] == [
        "what only a run can tell (a loop) is now in src/dags/a.py instead of dags/a.py",
        "pipelines a and b, defined in the top folder, are now defined in src",
    ]


def test_a_file_that_does_not_load_comes_first() -> None:
    broken = TopologyError(path="dags/sales.py", line=3, message="invalid syntax")
    assert must_know(seen(dag("sales")), seen(errors=(broken,))) == [
        "dags/sales.py:3 now has an error: invalid syntax",
        "pipeline sales is removed",
    ]
