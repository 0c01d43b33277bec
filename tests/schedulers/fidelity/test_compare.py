"""The measure itself: each kind of mismatch lowers the number that it must lower, and no other."""

from typing import Any

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline, Topology, TopologyError
from meta_pipeline.schedulers.fidelity.compare import Comparison, compare

LOAD = Node(id="load", kind="task", retries=3, upstream=("extract",))
SALES = Pipeline(
    id="sales",
    path="dags/sales.py",
    schedule="0 0 * * *",
    tags=("daily",),
    nodes=(Node(id="extract", kind="task"), LOAD),
)


def airflow(*pipelines: Pipeline, **more: Any) -> Topology:
    given = {
        "scheduler": "airflow",
        "version": "3.0.0",
        "method": "static",
        "root": "dags",
        "pipelines": pipelines,
    }
    return Topology.model_validate({**given, **more})


def with_load(**changes: Any) -> Pipeline:
    return SALES.model_copy(update={"nodes": (SALES.nodes[0], LOAD.model_copy(update=changes))})


def with_sales(**changes: Any) -> Pipeline:
    return SALES.model_copy(update=changes)


def compared(static: Topology, runtime: Topology | None = None, literal: tuple[str, ...] = ()) -> Comparison:
    theirs = airflow(SALES) if runtime is None else runtime
    return compare((static,), (theirs.model_copy(update={"method": "runtime"}),), literal)


def test_equal_topologies_have_every_fact_right() -> None:
    found = compared(airflow(SALES))
    assert found.mismatches == ()
    assert {tally.recall for tally in found.fields.values()} == {1.0}
    assert {tally.precision for tally in found.fields.values()} == {1.0}
    assert [found.fields[name].runtime for name in ("pipelines", "nodes", "edges")] == [1, 2, 1]
    assert (found.fields["node.retries"].runtime, found.fields["node.retries"].told) == (2, 1)


@pytest.mark.parametrize(
    "static, field, outcome, recall, precision",
    [
        (with_sales(schedule="0 1 * * *"), "pipeline.schedule", "wrong", 0.0, 0.0),
        (with_sales(schedule=None), "pipeline.schedule", "wrong", 0.0, 0.0),
        (with_sales(schedule=UNRESOLVED), "pipeline.schedule", "unresolved", 0.0, None),
        (with_sales(tags=()), "pipeline.tags", "missing", 0.0, None),
        (with_sales(tags=("daily", "hourly")), "pipeline.tags", "invented", 1.0, 0.5),
        (with_sales(tags=(UNRESOLVED,)), "pipeline.tags", "unresolved", 0.0, None),
        (with_load(retries=2), "node.retries", "wrong", 0.5, 0.5),
        (with_load(upstream=()), "edges", "missing", 0.0, None),
        (with_load(upstream=("extract", "check")), "edges", "invented", 1.0, 0.5),
        (with_load(id="loads"), "nodes", "missing", 0.5, 0.5),
    ],
)
def test_a_mismatch_counts_in_its_own_field(
    static: Pipeline, field: str, outcome: str, recall: float, precision: float | None
) -> None:
    found = compared(airflow(static))
    assert (found.fields[field].recall, found.fields[field].precision) == (recall, precision)
    assert outcome in {mismatch.outcome for mismatch in found.mismatches if mismatch.field == field}
    assert found.fields["pipelines"].recall == found.fields["pipelines"].precision == 1.0


def test_what_lies_below_a_missing_pipeline_is_counted_and_not_listed() -> None:
    found = compared(airflow())
    assert [(each.field, each.outcome) for each in found.mismatches] == [("pipelines", "missing")]
    assert [found.fields[name].missing for name in ("nodes", "edges", "node.retries")] == [2, 1, 2]


def test_a_missing_pipeline_is_unresolved_where_static_says_so_of_its_file() -> None:
    error = TopologyError(path="dags/sales.py", line=3, message="the id is computed", opaque=True)
    found = compared(airflow(errors=(error,)))
    assert [(each.outcome, each.reason) for each in found.mismatches] == [
        ("unresolved", "dags/sales.py:3: the id is computed")
    ]
    assert found.fields["nodes"].unresolved_share == 1.0


def test_an_invented_pipeline_lowers_precision_with_all_its_facts() -> None:
    other = with_sales(id="returns", path="dags/returns.py")
    found = compared(airflow(SALES, other))
    assert [(each.field, each.outcome) for each in found.mismatches] == [("pipelines", "invented")]
    assert {found.fields[name].precision for name in ("pipelines", "nodes", "edges", "node.retries")} == {0.5}
    assert {tally.recall for tally in found.fields.values()} == {1.0}


def test_a_file_that_the_scheduler_could_not_load_is_set_aside() -> None:
    broken = with_sales(id="returns", path="dags/returns.py")
    error = TopologyError(path="dags/returns.py", message="No module named 'shop'")
    found = compared(airflow(SALES, broken), airflow(SALES, errors=(error,)))
    assert found.mismatches == ()
    assert [(each.path, each.pipelines) for each in found.set_aside] == [("dags/returns.py", 1)]


def test_code_locations_are_told_apart() -> None:
    job = Pipeline(id="__ASSET_JOB", path="a/defs.py", nodes=(Node(id="orders", kind="asset"),))
    other = Pipeline(id="__ASSET_JOB", path="b/defs.py", nodes=(Node(id="users", kind="asset"),))
    broken = (TopologyError(path="a/defs.py", message="it cannot be imported"),)
    static = tuple(airflow(each, scheduler="dagster", root=root) for each, root in ((job, "a"), (other, "b")))
    runtime = (
        airflow(scheduler="dagster", root="a", errors=broken),
        airflow(other, scheduler="dagster", root="b"),
    )
    found = compare(static, runtime)
    assert found.mismatches == ()
    assert {each.path: each.pipelines for each in found.set_aside} == {"a": 0, "a/defs.py": 1}


def test_roots_of_other_names_are_matched_by_id() -> None:
    assert compared(airflow(SALES, root="."), airflow(SALES, root="dags")).mismatches == ()


def test_a_link_whose_offset_is_unknown_is_unresolved_and_not_invented() -> None:
    link = Link(kind="waits_for", pipeline="orders", offset_s=3600)
    unknown = link.model_copy(update={"offset_s": UNRESOLVED})
    found = compared(airflow(with_load(links=(unknown,))), airflow(with_load(links=(link,))))
    assert [(each.field, each.outcome) for each in found.mismatches] == [("node.links", "unresolved")]
    assert found.fields["node.links"].static == 0


def test_what_the_scheduler_says_only_a_run_tells_is_left_out_and_listed() -> None:
    flow = Pipeline(id="ingest", path="flows.py", line=4)
    read = flow.model_copy(update={"nodes": (Node(id="fetch", kind="task"),)})
    error = TopologyError(
        path="flows.py", line=4, message="only a run tells what 'ingest' calls", opaque=True
    )
    found = compared(
        airflow(read, SALES, scheduler="prefect"), airflow(flow, SALES, scheduler="prefect", errors=(error,))
    )
    assert found.mismatches == ()
    assert (found.fields["pipelines"].runtime, found.fields["nodes"].static) == (2, 2)
    assert [(each.pipeline, each.runtime, each.static) for each in found.untold] == [("ingest", 0, 1)]


def test_a_node_that_stands_for_what_is_not_known_is_not_invented() -> None:
    stand_in = Node(id="unresolved (sync)", kind="asset")
    load = LOAD.model_copy(
        update={"upstream": ("extract", "unresolved (sync)"), "tags": ("team=unresolved",)}
    )
    static = SALES.model_copy(update={"nodes": (SALES.nodes[0], load, stand_in)})
    found = compared(
        airflow(static), airflow(with_load(upstream=("extract", "orders"), tags=("team=sales",)))
    )
    assert found.fields["nodes"].precision == found.fields["edges"].precision == 1.0
    assert {(each.field, each.outcome) for each in found.mismatches} == {
        ("edges", "unresolved"),
        ("node.tags", "unresolved"),
    }
    wrong = compared(airflow(with_load(tags=("team=unresolved",))), airflow(with_load(tags=("tier=1",))))
    assert [(each.field, each.outcome) for each in wrong.mismatches] == [("node.tags", "missing")]


def test_literal_files_are_counted_by_themselves() -> None:
    other = with_sales(id="returns", path="dags/returns.py")
    static = airflow(SALES, other.model_copy(update={"schedule": UNRESOLVED}))
    found = compared(static, airflow(SALES, other), ("dags/sales.py",))
    assert found.fields["pipeline.schedule"].recall == 0.5
    assert found.literal["pipeline.schedule"].recall == 1.0
