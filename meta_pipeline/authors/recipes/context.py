"""Finding the pipeline and task that a criterion's subject names."""

from meta_pipeline.authors.recipes.recipe import Misfit
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.topology import Pipeline


def known_pipeline(subject: str, context: RepoContext) -> tuple[Pipeline, str | None, str] | Misfit:
    """The Airflow pipeline, its task if the subject names one, and the version of Airflow.

    A pipeline's id may hold dots, so the longest id that begins the subject is taken.
    """
    found: list[tuple[Pipeline, str | None, str]] = []
    for topology in context.topologies:
        for pipeline in topology.pipelines:
            rest = subject.removeprefix(pipeline.id)
            if rest == subject and pipeline.id:
                continue
            if topology.scheduler != "airflow":
                return Misfit(f"an Airflow DAG; {pipeline.id} is run by {topology.scheduler}")
            if not rest:
                found.append((pipeline, None, topology.version))
            elif rest.startswith("."):
                found.append((pipeline, rest[1:], topology.version))
    if not found:
        return Misfit(f"a pipeline named {subject or '(none)'} in the repository")
    pipeline, node, version = max(found, key=lambda item: len(item[0].id))
    if node is not None and pipeline.nodes and pipeline.node(node) is None:
        return Misfit(f"a task {node} in {pipeline.id}")
    return pipeline, node, version
