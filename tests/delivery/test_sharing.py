"""What both sides of a change have in common is one object, and nothing else is changed by it."""

from meta_pipeline.delivery.sharing import shared_with
from meta_pipeline.delivery.topology import Node, Pipeline, Topology


def topology(*pipelines: Pipeline, root: str = "dags") -> Topology:
    return Topology(scheduler="airflow", version="2", method="static", root=root, pipelines=pipelines)


def pipeline(name: str, *nodes: Node, line: int = 1) -> Pipeline:
    return Pipeline(id=name, path=f"dags/{name}.py", line=line, nodes=nodes)


def load(retries: int = 0) -> Node:
    return Node(id="load", kind="task", retries=retries)


def test_what_is_alike_is_the_object_of_the_base_and_what_differs_is_not() -> None:
    clean = Node(id="clean", kind="task")
    base = (topology(pipeline("a", load()), pipeline("b", load(), clean)),)
    head = (
        topology(
            pipeline("a", load()),
            pipeline("b", load(2), clean.model_copy()),
            pipeline("c", load()),
        ),
    )
    (shared,) = shared_with(base, head)
    assert (shared,) == head
    assert shared.pipelines[0] is base[0].pipelines[0]
    assert shared.pipelines[1].nodes[1] is clean
    assert shared.pipelines[1].nodes[0].retries == 2
    assert shared.pipelines[2] is head[0].pipelines[2]


def test_two_of_one_id_stay_two() -> None:
    base = (topology(pipeline("a", load())),)
    head = (topology(pipeline("a", load()), pipeline("a", load())),)
    (shared,) = shared_with(base, head)
    assert (shared,) == head
    assert shared.pipelines[0] is not shared.pipelines[1]


def test_a_pipeline_of_another_folder_is_not_that_of_the_base() -> None:
    base, head = (topology(pipeline("a")),), (topology(pipeline("a"), root="jobs"),)
    assert shared_with(base, head)[0].pipelines[0] is head[0].pipelines[0]
