"""What two readings of one repository have in common, held once: so who compares them is done where they are alike."""

from meta_pipeline.delivery.topology import Pipeline, Topology


def shared_with(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> tuple[Topology, ...]:
    """`head`, in which each pipeline and node that is equal at `base`, under its id, is the very object of `base`."""
    known = {(one.scheduler, one.root): one for one in base}
    return tuple(_topology(known.get((one.scheduler, one.root)), one) for one in head)


def _topology(before: Topology | None, after: Topology) -> Topology:
    if before is None or before is after:
        return after
    # Each is given once: the second of two with one id is a thing of its own.
    left = {pipeline.id: pipeline for pipeline in reversed(before.pipelines)}
    pipelines = tuple(_pipeline(left.pop(pipeline.id, None), pipeline) for pipeline in after.pipelines)
    return after.model_copy(update={"pipelines": pipelines})


def _pipeline(before: Pipeline | None, after: Pipeline) -> Pipeline:
    if before is None or before == after:
        return before or after
    left = {node.id: node for node in reversed(before.nodes)}
    nodes = tuple(
        former if (former := left.pop(node.id, None)) is not None and former == node else node
        for node in after.nodes
    )
    return after.model_copy(update={"nodes": nodes})
