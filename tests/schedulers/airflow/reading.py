"""Reads DAG files that are given as text."""

from meta_pipeline.delivery.topology import Pipeline, Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology

HEAD = "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
RELEASE = {"requirements.txt": "apache-airflow==2.10.5\n"}


def read(source: str | bytes, **others: str | bytes) -> Topology:
    """The topology of `dags/one.py` and other files: `dags__two` is `dags/two.py`."""
    files = {
        "dags/one.py": source,
        **RELEASE,
        **{path.replace("__", "/") + ".py": text for path, text in others.items()},
    }
    return read_topology(MemoryTree.of(files), "dags")


def only(topology: Topology) -> Pipeline:
    """The one pipeline of a topology without errors."""
    assert topology.errors == ()
    (pipeline,) = topology.pipelines
    return pipeline
