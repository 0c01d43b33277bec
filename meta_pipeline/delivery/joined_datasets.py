"""Which nodes write and read one and the same dataset, in whatever pipeline and scheduler.

`dataset_names` says when two names are one. A dataset of Dagster is an asset too, whose id is its name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from meta_pipeline.delivery.impact.dataset_names import normal_form, same_dataset
from meta_pipeline.delivery.spots import Spot, spot_of
from meta_pipeline.delivery.topology import Dataset, Node, Pipeline, Topology

RUNS_DBT = frozenset({"dbt_assets"})
"""The kinds of node that run a dbt project as a whole."""
_ASSETS = "assets: "
_MADE_BY_OTHERS = frozenset({"external_asset", "observable_asset"})


class Use(NamedTuple):
    """A node that uses a dataset, and what it calls it."""

    spot: Spot
    name: str


@dataclass
class JoinedDataset:
    """One dataset: who uses it, the first nodes of the pipelines that start when it is updated, what is known of it."""

    writers: list[Use] = field(default_factory=list)
    readers: list[Use] = field(default_factory=list)
    starts: list[Use] = field(default_factory=list)
    known: list[Dataset] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of most parts that it goes by."""
        names = {use.name for use in (*self.writers, *self.readers, *self.starts)}
        names |= {one.name for one in self.known}
        return min(names, key=lambda name: (-len(normal_form(name)), name))

    def writers_for(self, reader: Use) -> list[Use]:
        """Who writes what a node reads; a dbt project reads its own models by `ref`, which are edges."""
        here = reader.spot
        return [
            one
            for one in self.writers
            if not (one.spot.scheduler == "dbt" == here.scheduler and one.spot.root == here.root)
        ]


def joined_datasets(
    topologies: tuple[Topology, ...], nodes: Mapping[Spot, Node]
) -> tuple[JoinedDataset, ...]:
    """The datasets of these topologies; `nodes` are all of their nodes."""
    writes = [Use(spot, name) for spot, node in nodes.items() for name in _written(spot, node)]
    reads = [Use(spot, name) for spot, node in nodes.items() for name in _read(spot, node)]
    starts = list(_starts(topologies))
    known = [(topology.scheduler, dataset) for topology in topologies for dataset in topology.datasets]
    keys = same_dataset(
        [
            *((use.spot.scheduler, use.name) for use in (*writes, *reads, *starts)),
            *((scheduler, dataset.name) for scheduler, dataset in known),
        ]
    )
    found: dict[object, JoinedDataset] = {}

    def of(scheduler: str, name: str) -> JoinedDataset:
        key = keys.get((scheduler, name))
        return found.setdefault(key, JoinedDataset()) if key is not None else JoinedDataset()

    for use in writes:
        of(use.spot.scheduler, use.name).writers.append(use)
    for use in reads:
        of(use.spot.scheduler, use.name).readers.append(use)
    for use in starts:
        of(use.spot.scheduler, use.name).starts.append(use)
    for scheduler, dataset in known:
        of(scheduler, dataset.name).known.append(dataset)
    return tuple(found.values())


def datasets_in(schedule: str | None) -> tuple[str, ...]:
    """The datasets that a schedule such as `assets: orders and (users or s3://b/k)` waits for."""
    if schedule is None or not schedule.startswith(_ASSETS):
        return ()
    names = re.split(r",\s+|\s+and\s+|\s+or\s+", schedule.removeprefix(_ASSETS))
    return tuple(name for each in names if (name := each.strip().strip("()")))


def first_nodes(topology: Topology, pipeline: Pipeline) -> Iterable[Spot]:
    """The nodes that a run of the pipeline begins with."""
    ids = {node.id for node in pipeline.nodes}
    return [spot_of(topology, pipeline, node) for node in pipeline.nodes if ids.isdisjoint(node.upstream)]


def _written(spot: Spot, node: Node) -> tuple[str, ...]:
    is_made = _names_dataset(spot, node) and node.kind not in _MADE_BY_OTHERS
    return (*node.writes, *((spot.node,) if is_made else ()))


def _read(spot: Spot, node: Node) -> tuple[str, ...]:
    is_seen = _names_dataset(spot, node) and node.kind in _MADE_BY_OTHERS
    return (*node.reads, *((spot.node,) if is_seen else ()))


def _names_dataset(spot: Spot, node: Node) -> bool:
    """Whether the node's id is the name of the dataset that it stands for."""
    return spot.scheduler == "dagster" and not spot.pipeline and node.kind not in ("asset_check", *RUNS_DBT)


def _starts(topologies: tuple[Topology, ...]) -> Iterator[Use]:
    """The first nodes of each pipeline that runs by datasets, and the name of each of these."""
    for topology in topologies:
        for pipeline in topology.pipelines:
            for name in datasets_in(pipeline.schedule):
                for spot in first_nodes(topology, pipeline):
                    yield Use(spot, name)
