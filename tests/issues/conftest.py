"""A sales team's repository as a context, and issues about it."""

from collections.abc import Callable

import pytest

from meta_pipeline.delivery.context import Dataset, RepoContext
from meta_pipeline.delivery.issue import Issue
from meta_pipeline.delivery.topology import Node, Pipeline, Topology
from meta_pipeline.issues.inbox import read_issue
from meta_pipeline.policy import CheckpointPolicy, DataQualityPolicy, FollowUpPolicy, Policy

PATH = ".meta-pipeline/issues/0007-change.md"

WriteIssue = Callable[..., Issue]


def pipeline(name: str, *tasks: str, writes: tuple[str, ...] = (), timezone: str | None = None) -> Pipeline:
    nodes = tuple(Node(id=task, kind="task", writes=writes if task == tasks[-1] else ()) for task in tasks)
    return Pipeline(id=name, path=f"dags/{name}.py", nodes=nodes, timezone=timezone)


@pytest.fixture
def context() -> RepoContext:
    return RepoContext(
        base="b" * 40,
        topologies=(
            Topology(
                scheduler="airflow",
                version="3",
                method="static",
                root="dags",
                pipelines=(
                    pipeline("sales_daily", "extract", "load", "build.publish", writes=("daily_revenue",)),
                    pipeline("store_inventory", "stage", "publish_snapshot"),
                    pipeline("rollup_north", "roll_up"),
                    pipeline("rollup_south", "roll_up", timezone="Europe/Berlin"),
                ),
            ),
        ),
        datasets=(
            Dataset(
                name="daily_revenue",
                contract="contracts/daily_revenue.odcs.yaml",
                columns=("revenue", "region"),
            ),
        ),
        manifests=(),
        files=("contracts/daily_revenue.odcs.yaml", "dags/sales_daily.py", "sales/load.py"),
    )


@pytest.fixture
def policy() -> Policy:
    checkpoints = CheckpointPolicy(project="gx", checkpoints=("daily_revenue",))
    return Policy(
        data_quality=DataQualityPolicy(great_expectations=(checkpoints,)),
        follow_ups=FollowUpPolicy(
            upstream_schema="It stays.", environments="All.", dashboards="As they are.", backfill="None."
        ),
    )


@pytest.fixture
def write_issue() -> WriteIssue:
    """`write_issue("- a criterion", wish="...", pipelines="- `x`", **other sections)`."""

    def write(criteria: str = "", *, wish: str = "The DAG needs a change", **sections: str) -> Issue:
        named = {"What should change": wish, "Acceptance criteria": criteria} | {
            heading.replace("_", " ").capitalize(): text for heading, text in sections.items()
        }
        body = "".join(f"### {heading}\n\n{text}\n\n" for heading, text in named.items())
        return read_issue(f"---\ntitle: A change\nrequester: sales-data\n---\n\n{body}", PATH)

    return write
