"""What a change touches, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.lineage.touched import MOST_SENTENCES, Touched, touched, touched_by_plan
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, Topology
from meta_pipeline.delivery.tree import Entry


@dataclass(frozen=True)
class Files:
    """A tree of files."""

    content: Mapping[str, str]

    def entries(self) -> Mapping[str, Entry]:
        return {path: Entry("100644", text) for path, text in self.content.items()}

    def read(self, path: str) -> bytes | None:
        text = self.content.get(path)
        return None if text is None else text.encode()


def airflow(*pipelines: Pipeline, root: str = "dags") -> Topology:
    return Topology(scheduler="airflow", version="2", method="static", root=root, pipelines=pipelines)


def dag(dag_id: str, retries: int = 0, tasks: int = 1) -> Pipeline:
    nodes = tuple(Node(id=f"t{n}", kind="task", retries=retries) for n in range(tasks))
    return Pipeline(id=dag_id, path=f"dags/{dag_id}.py", nodes=nodes)


def what_is_touched(
    before: tuple[Topology, ...],
    after: tuple[Topology, ...],
    files: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> dict[str, Touched]:
    change = Change(Files(files[0]), Files(files[1]), before, after)
    return {"/".join(thing.key[1:]): thing for thing in touched("shop", change)}


def test_a_task_is_told_of_on_its_dag() -> None:
    before, after = (airflow(dag("a"), dag("b")),), (airflow(dag("a", retries=2), dag("b")),)
    found = what_is_touched(before, after)
    assert list(found) == ["dags/a"]
    assert found["dags/a"].change == "changed"
    assert found["dags/a"].sentences == tuple(each.sentence for each in differences(before, after))


def test_what_comes_and_what_goes_is_touched_under_its_own_key() -> None:
    found = what_is_touched((airflow(dag("old")),), (airflow(dag("new")),))
    assert {name: thing.change for name, thing in found.items()} == {
        "dags/old": "removed",
        "dags/new": "added",
    }


def test_a_changed_file_touches_what_it_defines_also_where_the_scheduler_sees_nothing() -> None:
    files = ({"dags/a.py": "1", "lib.py": "1"}, {"dags/a.py": "2", "lib.py": "2"})
    found = what_is_touched((airflow(dag("a"), dag("b")),), (airflow(dag("a"), dag("b")),), files)
    assert {name: thing.sentences for name, thing in found.items()} == {
        "dags/a": ("dags/a.py changes, and the scheduler sees it as before",)
    }


def test_where_the_scheduler_sees_a_difference_the_file_is_not_told_of_again() -> None:
    files = ({"dags/a.py": "1"}, {"dags/a.py": "2"})
    found = what_is_touched((airflow(dag("a")),), (airflow(dag("a", retries=1)),), files)
    assert not any("as before" in sentence for sentence in found["dags/a"].sentences)


def test_a_model_and_its_project_are_touched_and_a_test_is_what_it_tests() -> None:
    def project(severity: str) -> Topology:
        nodes = (
            Node(id="orders", kind="model", path="models/orders.sql"),
            Node(id="items", kind="model", path="models/items.sql"),
            Node(id="not_null_orders", kind="test", upstream=("orders",), operator=severity),
        )
        pipelines = (Pipeline(id="shop", path="dbt_project.yml", nodes=nodes),)
        return Topology(scheduler="dbt", version="1", method="static", root=".", pipelines=pipelines)

    found = what_is_touched((project("warn"),), (project("error"),))
    assert list(found) == ["dbt/shop", "dbt/shop/orders"]
    found = what_is_touched(
        (project("warn"),), (project("warn"),), ({"models/items.sql": "1"}, {"models/items.sql": "2"})
    )
    assert list(found) == ["dbt/shop", "dbt/shop/items"]


def test_an_asset_is_touched_in_its_job_and_by_itself() -> None:
    def location(retries: int) -> Topology:
        node = Node(id="raw/orders", kind="asset", retries=retries)
        pipelines = tuple(
            Pipeline(id=name, path="defs.py", nodes=(node,)) for name in (IMPLICIT_JOB, "nightly")
        )
        return Topology(scheduler="dagster", version="1", method="static", root=".", pipelines=pipelines)

    found = what_is_touched((location(0),), (location(1),))
    assert list(found) == ["assets/raw/orders", "jobs/nightly"]


def test_of_two_jobs_with_one_id_the_one_in_the_file_is_meant() -> None:
    def location(root: str, schedule: str) -> Topology:
        pipelines = (Pipeline(id="refresh", path=f"{root}/defs.py", schedule=schedule),)
        return Topology(scheduler="dagster", version="1", method="static", root=root, pipelines=pipelines)

    eu, us = location("eu", "0 1 * * *"), location("us", "0 1 * * *")
    found = what_is_touched((eu, us), (eu, location("us", "0 2 * * *")))
    assert list(found) == ["jobs/us/refresh"]


def test_of_very_many_differences_the_first_are_told_and_the_others_counted() -> None:
    (thing,) = what_is_touched(
        (airflow(dag("a", tasks=100)),), (airflow(dag("a", retries=1, tasks=100)),)
    ).values()
    assert (len(thing.sentences), thing.more) == (MOST_SENTENCES, 100 - MOST_SENTENCES)


def test_a_plan_touches_what_is_there() -> None:
    edits = (
        TopologyEdit(pipeline="a", node="t0", field="retries"),
        TopologyEdit(pipeline="new", node=None, field="added"),
    )
    (thing,) = touched_by_plan("shop", (airflow(dag("a")),), edits)
    assert (thing.key, thing.sentences) == (("shop", "dags", "a"), ("retries of a.t0 is to change",))
