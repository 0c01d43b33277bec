"""Finding the pipeline and task that a criterion's subject names."""

from meta_pipeline.authors.recipes.recipe import Misfit
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.topology import Pipeline, Topology

SUPPORTED = ("airflow", "dagster", "prefect")
"""The schedulers whose code recipes can edit."""


def known_pipeline(subject: str, context: RepoContext) -> tuple[Pipeline, str | None, Topology] | Misfit:
    """The pipeline of Airflow, Dagster or Prefect, its node if the subject names one, and the topology that holds it.

    A pipeline's id may hold dots, so the longest id that begins the subject is taken.
    """
    found: list[tuple[Pipeline, str | None, Topology]] = []
    for topology in context.topologies:
        for pipeline in topology.pipelines:
            rest = subject.removeprefix(pipeline.id)
            if rest == subject and pipeline.id:
                continue
            if topology.scheduler not in SUPPORTED:
                return Misfit(
                    f"a pipeline of Airflow, Dagster or Prefect; {pipeline.id} is run by {topology.scheduler}"
                )
            if not rest:
                found.append((pipeline, None, topology))
            elif rest.startswith("."):
                found.append((pipeline, rest[1:], topology))
    if not found:
        return Misfit(f"a pipeline named {subject or '(none)'} in the repository")
    pipeline, node, topology = max(found, key=lambda item: len(item[0].id))
    if node is not None and pipeline.nodes and pipeline.node(node) is None:
        kind = "an asset or op" if topology.scheduler == "dagster" else "a task"
        return Misfit(f"{kind} {node} in {pipeline.id}")
    return pipeline, node, topology
