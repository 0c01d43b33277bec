"""Every field of what Dagster says beside what source says; the places where code stands are another matter."""

from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.topology import Topology

_PLACES = frozenset(("path", "line", "nodes"))


def facts(topologies: tuple[Topology, ...]) -> Mapping[tuple[str, ...], object]:
    """The value of every field of every pipeline, node and dataset."""
    return dict(_facts(topologies))


def _facts(topologies: tuple[Topology, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for topology in topologies:
        root = topology.root
        for dataset in topology.datasets:
            yield (root, dataset.name), [(column.name, column.type) for column in dataset.columns]
        for pipeline in topology.pipelines:
            for name in type(pipeline).model_fields.keys() - _PLACES:
                yield (root, pipeline.id, name), getattr(pipeline, name)
            for node in pipeline.nodes:
                for name in type(node).model_fields.keys() - _PLACES:
                    yield (root, pipeline.id, node.id, name), getattr(node, name)
