"""DAGs that gusty builds from folders, read from source."""

from meta_pipeline.delivery.topology import Pipeline, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from tests.schedulers.airflow.yaml_forms import GUSTY_FILES

RELEASE = {"requirements.txt": "apache-airflow==2.10.5\n"}
FAR = ("wait_for_far_dag_t1", "wait_for_far_dag_t2")


def read(files: dict[str, str]) -> Topology:
    return read_topology(MemoryTree.of({**RELEASE, **files}), "dags")


def shop() -> Pipeline:
    topology = read(GUSTY_FILES)
    assert topology.errors == ()
    return next(pipeline for pipeline in topology.pipelines if pipeline.id == "shop")


def test_a_folder_is_a_dag_and_its_files_are_tasks() -> None:
    pipeline = shop()
    assert (pipeline.schedule, pipeline.owner, pipeline.tags) == ("0 4 * * *", "shop", ("gusty",))
    assert {node.id: node.upstream for node in pipeline.nodes} == {
        "latest_only": (),
        "wait_for_DAG_upstream_dag": ("latest_only",),
        "begin": ("wait_for_DAG_upstream_dag",),
        "wait_for_other_dag_one_task": ("begin",),
        **dict.fromkeys(FAR, ("begin",)),
        "extract": ("begin",),
        "clean": ("extract",),
        "report": ("extract", "wait_for_other_dag_one_task"),
        "copy": ("clean",),
        "inner.inner_deep_one": ("clean",),
        "inner.inner_deep_two": ("clean",),
        "check": ("clean", "copy", "inner.inner_deep_one", "inner.inner_deep_two", *FAR),
        "finish": ("check", "report"),
    }


def test_each_file_says_how_its_task_runs() -> None:
    pipeline = shop()
    found = {node.id: node for node in pipeline.nodes}
    assert (found["report"].retries, found["report"].retry_delay_s) == (9, 420.0)
    assert (found["extract"].retries, found["extract"].pool) == (4, "small")
    assert (found["extract"].path, found["extract"].line) == ("dags/shop/Extract.yml", 1)
    assert (found["clean"].operator, found["copy"].group) == ("PythonOperator", "load")
    assert found["inner.inner_deep_two"].retries == 6
    (link,) = found["wait_for_far_dag_t1"].links
    assert (link.pipeline, link.node, link.offset_s) == ("far_dag", "t1", 3600.0)


def test_a_folder_of_folders_makes_a_dag_of_each() -> None:
    found = {pipeline.id: pipeline for pipeline in read(GUSTY_FILES).pipelines}
    assert sorted(found) == ["a", "b", "shop"]
    assert [(node.id, node.upstream) for node in found["a"].nodes] == [("t", ()), ("u", ("t",))]
    assert (found["b"].schedule, found["b"].owner) == ("0 0 * * 0", "bee")


def test_a_file_that_gusty_cannot_read_is_an_error_and_the_rest_stands() -> None:
    broken = {"dags/many/a/t.yml": "operator: [\n", "dags/many/a/v.yml": "word: x\n"}
    topology = read({**GUSTY_FILES, **broken})
    assert [(error.path, error.line) for error in topology.errors] == [
        ("dags/many/a/t.yml", 2),
        ("dags/many/a/v.yml", 1),
    ]
    assert len(topology.pipelines) == 3
