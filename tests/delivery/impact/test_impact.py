"""What lies downstream of a change, across schedulers."""

from typing import Any

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.impact.edited import edited_nodes
from meta_pipeline.delivery.impact.impact import Impact, Sides, impact_of, impact_of_edits
from meta_pipeline.delivery.joined_datasets import datasets_in
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Link, Node, Pipeline, SchedulerKind, Topology
from meta_pipeline.delivery.tree import MemoryTree


def node(name: str, *upstream: str, **fields: Any) -> Node:
    return Node(**{"id": name, "kind": "task", "upstream": upstream} | fields)


def dag(name: str, *nodes: Node, **fields: Any) -> Pipeline:
    return Pipeline(**{"id": name, "path": f"dags/{name}.py", "nodes": nodes} | fields)


def seen(scheduler: SchedulerKind, *pipelines: Pipeline, root: str = ".") -> Topology:
    return Topology(scheduler=scheduler, version="1", method="static", root=root, pipelines=pipelines)


def model(name: str, *upstream: str, **fields: Any) -> Node:
    return node(name, *upstream, **{"kind": "model", "writes": (f"shop.mart.{name}",)} | fields)


def change_of(
    base: tuple[Topology, ...], head: tuple[Topology, ...], **checkpoints: tuple[str, ...]
) -> Impact:
    return impact_of(Sides(base, head, differences(base, head)), checkpoints)


def told(impact: Impact) -> list[tuple[int, str, str]]:
    return [(step.distance, step.name, step.reason) for step in impact.downstream]


LOAD = node("load", writes=("mart.orders",))
SLOW = LOAD.model_copy(update={"timeout_s": 60.0})
DBT = seen(
    "dbt",
    dag(
        "shop",
        node("staged", kind="model", reads=("Mart.Orders",)),
        node("revenue", "staged", kind="model", writes=("shop.mart.revenue",)),
        node("not_null_revenue_day", "revenue", kind="test"),
        node("board", "revenue", kind="exposure", owner="finance@example.com"),
    ),
    root="dbt",
)


def test_from_a_dag_by_a_dataset_to_a_model_its_test_and_an_exposure() -> None:
    base, head = (seen("airflow", dag("sales", node("extract"), one)) for one in (LOAD, SLOW))
    impact = change_of((base, DBT), (head, DBT), daily=("sales",), other=("stock",))
    assert [one.node for one in impact.touched] == ["load"]
    assert told(impact) == [
        (1, "model shop.staged", "reads Mart.Orders, which task sales.load writes"),
        (2, "model shop.revenue", "depends on model shop.staged"),
        (3, "exposure shop.board", "shows model shop.revenue"),
        (3, "test shop.not_null_revenue_day", "tests model shop.revenue"),
    ]
    again = impact.again
    assert [(run.scheduler, run.pipelines) for run in again.dry_runs] == [("airflow", ("sales",))]
    assert [(build.project, build.select, build.tests) for build in again.dbt] == [("dbt", ("staged+",), 1)]
    assert again.checkpoints == ("daily",)
    assert [(one.exposure, one.owner) for one in again.tell] == [("board", "finance@example.com")]


def test_by_triggers_waits_and_datasets_that_start_a_dag() -> None:
    waiting = Link(kind="waits_for", pipeline="sales", node="load", offset_s=3600.0)
    others = (
        dag("mart", node("begin"), node("end", "begin")),
        dag("report", node("wait", kind="sensor", links=(waiting,)), node("send", "wait")),
        dag("by_asset", node("first"), node("second", "first"), schedule="assets: mart.orders and users"),
        dag("unrelated", node("alone")),
    )
    go = node("go", "load", links=(Link(kind="triggers", pipeline="mart"),))
    base, head = (seen("airflow", dag("sales", one, go), *others) for one in (LOAD, SLOW))
    assert told(change_of((base,), (head,))) == [
        (1, "task by_asset.first", "runs when mart.orders is updated, which task sales.load writes"),
        (1, "sensor report.wait", "waits for sales.load, the run 1 h earlier"),
        (1, "task sales.go", "waits for task sales.load"),
        (2, "task by_asset.second", "waits for task by_asset.first"),
        (2, "task mart.begin", "is started by task sales.go"),
        (2, "task report.send", "waits for sensor report.wait"),
        (3, "task mart.end", "waits for task mart.begin"),
    ]


def test_what_is_gone_reaches_those_that_are_still_there() -> None:
    base = seen("airflow", dag("sales", LOAD))
    impact = change_of((base, DBT), (seen("airflow"), DBT))
    assert [(one.node, one.gone) for one in impact.touched] == [("load", True)]
    assert told(impact)[0] == (
        1,
        "model shop.staged",
        "reads Mart.Orders, which task sales.load writes, which is gone",
    )


def test_a_new_owner_or_tag_touches_nobody() -> None:
    base, head = (seen("airflow", dag("sales", LOAD, owner=owner)) for owner in ("a", "b"))
    assert change_of((base, DBT), (head, DBT)) == Impact()


def test_a_model_reaches_the_assets_that_run_dbt_and_those_that_name_it() -> None:
    warehouse = node("warehouse", kind="dbt_assets")
    published = node("published", "revenue", kind="asset")
    check = node("published:fresh", "published", kind="asset_check")
    jobs = (
        dag(IMPLICIT_JOB, warehouse, published, check),
        dag("nightly", published, warehouse, check),
    )
    dagster = seen("dagster", *jobs)
    slower = Node(**DBT.pipelines[0].nodes[1].model_dump() | {"retries": 1})
    nodes = tuple(slower if one.id == "revenue" else one for one in DBT.pipelines[0].nodes)
    head = DBT.model_copy(update={"pipelines": (DBT.pipelines[0].model_copy(update={"nodes": nodes}),)})
    impact = change_of((DBT, dagster), (head, dagster))
    assert told(impact) == [
        (1, "asset published", "depends on model shop.revenue"),
        (1, "dbt assets warehouse", "runs model shop.revenue"),
        (1, "exposure shop.board", "shows model shop.revenue"),
        (1, "test shop.not_null_revenue_day", "tests model shop.revenue"),
        (2, "asset check published:fresh", "checks asset published"),
    ]
    assert impact.again.dry_runs[0].pipelines == ("nightly",)
    assert impact.again.checks == ("asset check published:fresh",)


def test_assets_of_two_code_locations_meet_by_their_keys() -> None:
    made = node("sales/orders", kind="asset")
    slow = made.model_copy(update={"retries": 2})
    other = seen(
        "dagster",
        dag(
            IMPLICIT_JOB,
            node("sales/orders", kind="external_asset"),
            node("board", "sales/orders", kind="asset"),
        ),
        root="b",
    )
    base, head = (seen("dagster", dag(IMPLICIT_JOB, one), root="a") for one in (made, slow))
    assert [step.name for step in change_of((base, other), (head, other)).downstream] == [
        "external asset sales/orders",
        "asset board",
    ]


def test_a_plan_tells_what_is_downstream_before_it_is_carried_out() -> None:
    topologies = (seen("airflow", dag("sales", LOAD, node("send", "load"))), DBT)
    edits = (TopologyEdit(pipeline="sales", node="load", field="retries"),)
    impact = impact_of_edits(topologies, edits, {"daily": ("sales",)})
    assert [step.node for step in impact.downstream] == [
        "send",
        "staged",
        "revenue",
        "board",
        "not_null_revenue_day",
    ]
    assert impact.again.checkpoints == ("daily",)
    owned = (TopologyEdit(pipeline="sales", node=None, field="owner"),)
    assert impact_of_edits(topologies, owned, {}) == Impact()


def test_a_circle_is_walked_once() -> None:
    back = Link(kind="triggers", pipeline="sales")
    other = dag("mart", node("begin", links=(back,), reads=("mart.orders",)))
    base, head = (seen("airflow", dag("sales", one), other) for one in (LOAD, SLOW))
    assert [step.name for step in change_of((base,), (head,)).downstream] == ["task mart.begin"]


def test_the_datasets_of_a_schedule() -> None:
    assert datasets_in("assets: orders and (users or s3://b/k)") == ("orders", "users", "s3://b/k")
    assert datasets_in("assets: a, b") == ("a", "b")
    assert datasets_in("0 5 * * *") == ()


CODE = """\
from airflow.operators.python import PythonOperator

LIMIT = 5


def clean():
    return LIMIT


def load():
    return 1


cleaning = PythonOperator(task_id="clean", python_callable=clean)
loading = PythonOperator(task_id="load", python_callable=load)
"""


def edited(before: str, after: str) -> set[str]:
    base, head = (
        seen(
            "airflow",
            dag(
                "d",
                node("clean", line=line_of(text, "cleaning")),
                node("load", line=line_of(text, "loading")),
            ),
        )
        for text in (before, after)
    )
    change = Change(
        MemoryTree.of({"dags/d.py": before}), MemoryTree.of({"dags/d.py": after}), (base,), (head,)
    )
    return {spot.node for spot in edited_nodes(change)}


def line_of(text: str, word: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if line.startswith(word))


def test_an_edit_reaches_the_nodes_that_name_what_was_edited() -> None:
    assert edited(CODE, CODE) == set()
    assert edited(CODE, CODE.replace("LIMIT = 5", "# more\nLIMIT = 6")) == {"clean"}
    assert edited(CODE, CODE.replace("return 1", "return 2")) == {"load"}
    assert edited(CODE, CODE.replace("def load", "# a comment\n\n\ndef load")) == set()
    assert edited(CODE, CODE.replace('"load", python', '"load", retries=1, python')) == {"load"}


def test_a_model_is_edited_where_its_file_is() -> None:
    dbt = (seen("dbt", dag("shop", node("orders", kind="model", path="models/orders.sql", line=1))),)
    base, head = (MemoryTree.of({"models/orders.sql": text}) for text in ("select 1", "select 2"))
    change = Change(base, head, dbt, dbt)
    assert {spot.node for spot in edited_nodes(change)} == {"orders"}
    impact = impact_of(Sides(dbt, dbt, (), edited_nodes(change)))
    assert impact.again.dbt[0].select == ("orders+",)
