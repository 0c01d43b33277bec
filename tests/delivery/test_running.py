"""The pipelines that a dry run must run."""

from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.running import (
    Work,
    left_out,
    pipelines_to_run,
    scheduled,
    touched_work,
    whole_pipelines,
)
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, Topology


def asset(name: str, **fields: object) -> Node:
    return Node.model_validate({"id": name, "kind": "asset", "path": "a.py", "line": 1, **fields})


def location(*pipelines: Pipeline, root: str = ".") -> Topology:
    return Topology(scheduler="dagster", version="1", method="static", root=root, pipelines=pipelines)


def job(name: str, *nodes: Node) -> Pipeline:
    return Pipeline(id=name, path="jobs.py", nodes=nodes)


A, B, C = asset("a"), asset("b"), asset("c")
ALL = location(
    job(IMPLICIT_JOB, A, B, C, asset("others", kind="external_asset")),
    job("all_of_it", A, B),
    job("a_job", A),
    job("b_job", B),
)


def work(*names: str) -> set[Work]:
    return {Work(".", None, name) for name in names}


def test_the_smallest_job_that_runs_what_is_touched() -> None:
    assert pipelines_to_run((ALL,), work("a"), ()) == ("a_job",)
    assert pipelines_to_run((ALL,), work("a", "b"), ()) == ("all_of_it",)


def test_the_job_of_all_assets_runs_only_what_no_other_job_does() -> None:
    assert pipelines_to_run((ALL,), work("a", "c"), ()) == (IMPLICIT_JOB, "a_job")
    assert pipelines_to_run((ALL,), work("a"), {"all_of_it"}) == ("all_of_it",)
    assert pipelines_to_run((ALL,), (), ()) == ()


def test_what_a_run_left_out() -> None:
    assert left_out((ALL,), work("a", "c"), {"all_of_it"}) == ("c",)
    assert left_out((ALL,), work("a", "c"), {IMPLICIT_JOB}) == ()


def test_an_asset_is_touched_once_and_what_others_make_never() -> None:
    changed = asset("a", retries=2)
    head = location(
        job(IMPLICIT_JOB, changed, B, C, asset("others", kind="external_asset", upstream=("x",))),
        job("a_job", changed),
    )
    found = differences((ALL,), (head,))
    assert {(d.pipeline, d.node, d.field) for d in found if d.node == "a"} == {("a_job", "a", "retries")}
    assert touched_work((head,), found) == work("a")
    assert whole_pipelines((head,), found) == frozenset()


def test_a_dag_whose_task_differs_is_run_itself() -> None:
    dags = ALL.model_copy(update={"scheduler": "airflow", "pipelines": (job("one", A), job("two", A))})
    head = dags.model_copy(update={"pipelines": (job("one", asset("a", retries=2)), job("two", A))})
    found = differences((dags,), (head,))
    assert whole_pipelines((head,), found) == {"one"}
    assert touched_work((head,), found) == {Work(".", "one", "a")}


def test_a_dbt_project_under_a_scheduler_is_not_the_schedulers_to_run() -> None:
    dbt = ALL.model_copy(update={"scheduler": "dbt"})
    assert scheduled((ALL, dbt), {"dagster"}) == (ALL,)
    assert scheduled((ALL, dbt), ()) == (ALL,)


def test_a_location_that_moves_is_found_again_among_others() -> None:
    other = location(job(IMPLICIT_JOB, asset("x")), root="other")
    moved = location(job(IMPLICIT_JOB, A, B), root="sales")
    before = location(job(IMPLICIT_JOB, A, B), root="code")
    assert differences((before,), (other, moved))[0].sentence == "the job of all assets of other is added"
    assert len(differences((before,), (other, moved))) == 1
