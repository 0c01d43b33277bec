"""A target with as many surveyed pipelines as wanted, each waiting for the one before it."""

from pathlib import Path

from meta_pipeline.delivery.lineage.cards import Lineage
from meta_pipeline.delivery.lineage.drawing import cards_of
from meta_pipeline.delivery.topology import Link, Node, Pipeline, Topology
from meta_pipeline.evidence.lineage import LineageStore
from meta_pipeline.settings import Home, Target

BARE = """
import sys
import dagster as dg
count = int(sys.argv[1])
keys = [dg.AssetKey(["shop", "dags", f"load_{n}"]) for n in range(count)]
specs = [
    dg.AssetSpec(key, deps=keys[n - 1 : n], group_name="shop", kinds={"airflow"}, owners=["team:data"],
                 tags={"target": "shop"}, description="A DAG.", metadata={"schedule": "0 5 * * *", "tasks": 2})
    for n, key in enumerate(keys)
]
dg.Definitions(assets=specs).get_repository_def().get_all_jobs()
"""
"""A program that loads as many external assets of the same form into Dagster, and nothing else."""


def surveyed(home: Path, target: str, count: int) -> None:
    """Watch a target and keep the survey of `count` DAGs of two tasks."""
    Home(home).watch(Target(name=target, repository=str(home / f"{target}.git")))
    pipelines = tuple(
        Pipeline(
            id=f"load_{number}",
            path=f"dags/team_{number % 40}/load_{number}.py",
            line=12,
            schedule="0 5 * * *",
            timezone="UTC",
            owner="data",
            nodes=(
                Node(
                    id="wait",
                    kind="sensor",
                    links=(Link(kind="waits_for", pipeline=f"load_{number - 1}", offset_s=0.0),),
                ),
                Node(id="load", kind="task", retries=2, upstream=("wait",)),
            ),
        )
        for number in range(count)
    )
    topology = Topology(scheduler="airflow", version="2", method="static", root="dags", pipelines=pipelines)
    cards, left_out = cards_of(target, (topology,))
    lineage = Lineage(target=target, commit="a" * 40, at="", cards=cards, left_out=left_out)
    LineageStore(home, target).write(lineage)
