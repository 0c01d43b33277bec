"""Detection of small repositories, as the tests of several modules need it."""

from collections.abc import Mapping

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.defaults import Detection, detect_policy

DAG = "from airflow.sdk import DAG\n\nwith DAG('daily', schedule='@daily'):\n    pass\n"
TEST = "def test_it():\n    assert True\n"


def detected(files: Mapping[str, str | bytes]) -> Detection:
    return detect_policy(MemoryTree.of(files), "sales", "main")


def doubts_about(detection: Detection, key: str) -> str:
    return " ".join(doubt.sentence for doubt in detection.doubts if doubt.key == key)
