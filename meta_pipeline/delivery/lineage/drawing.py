"""The cards of a repository's topologies: what is there, and what depends on what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from meta_pipeline.delivery.impact.flow import is_model_of_dbt, through_dbt
from meta_pipeline.delivery.joined_datasets import JoinedDataset, joined_datasets
from meta_pipeline.delivery.lineage.cards import (
    PIPELINE_KINDS,
    Card,
    Key,
    dataset_key,
    kind_of_node,
    kind_of_pipeline,
    node_key,
    pipeline_key,
    told,
)
from meta_pipeline.delivery.spots import Spot, spot_of
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, Topology

MOST_CARDS = 10_000
"""More are not kept: Dagster's pages of all assets become too slow to use."""


def cards_of(
    target: str, topologies: tuple[Topology, ...], most: int = MOST_CARDS
) -> tuple[tuple[Card, ...], int]:
    """The cards of a target in the order of their keys, and how many were left out, data before pipelines."""
    drawn = _Drawing(target)
    for topology in topologies:
        drawn.take(topology)
    drawn.join(topologies)
    ranked = sorted(drawn.cards.values(), key=lambda card: (card.kind not in PIPELINE_KINDS, card.key))
    kept = {card.key: card for card in sorted(ranked[:most], key=lambda card: card.key)}
    there = frozenset(kept)
    wanted = {key: sorted((drawn.deps[key] & there) - {key}) for key in kept}
    deps = _without_circles(wanted)
    cards = tuple(
        card.model_copy(
            update={
                "deps": tuple(deps[key]),
                "circular": tuple(sorted(set(wanted[key]) - set(deps[key]))),
            }
        )
        for key, card in kept.items()
    )
    return cards, len(ranked) - len(cards)


@dataclass
class _Drawing:
    """Collects cards and edges; datasets are joined at the end, when all of their readers and writers are known."""

    target: str
    cards: dict[Key, Card] = field(default_factory=dict)
    deps: dict[Key, set[Key]] = field(default_factory=lambda: defaultdict(set))
    nodes: dict[Spot, Node] = field(default_factory=dict)
    pages: dict[Spot, set[Key]] = field(default_factory=lambda: defaultdict(set))
    """The card that a node is told of on: its own, else those of its pipelines."""
    pipelines: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    wanted: list[tuple[Key, str]] = field(default_factory=list)
    behind: list[tuple[Key, Spot]] = field(default_factory=list)
    """Nodes that follow one without a card, which may be a model that has one as dbt's."""
    links: list[tuple[Key, str, bool]] = field(default_factory=list)

    def take(self, topology: Topology) -> None:
        for pipeline in topology.pipelines:
            key = pipeline_key(self.target, topology, pipeline)
            if key is not None:
                self.cards.setdefault(key, _pipeline_card(key, topology, pipeline))
                self.pipelines[pipeline.id].add(key)
            for node in pipeline.nodes:
                self._take_node(topology, pipeline, node, key)

    def _take_node(
        self, topology: Topology, pipeline: Pipeline, node: Node, pipeline_key_: Key | None
    ) -> None:
        spot = spot_of(topology, pipeline, node)
        self.nodes.setdefault(spot, node)
        own = node_key(self.target, topology, pipeline, node)
        if own is not None:
            self.cards.setdefault(own, _node_card(own, topology, node))
            self.by_name[node.id].add(own)
            self._take_upstream(topology, pipeline, node, own)
        at = own or pipeline_key_
        if at is None or (own is None and topology.scheduler == "dbt"):
            return  # a test reads what it tests: no data comes of it
        self.pages[spot].add(at)
        if pipeline_key_ is not None:
            self.links += [(pipeline_key_, link.pipeline, link.kind == "triggers") for link in node.links]

    def _take_upstream(self, topology: Topology, pipeline: Pipeline, node: Node, own: Key) -> None:
        here = {each.id: each for each in pipeline.nodes} if node.upstream else {}
        for name in node.upstream:
            if name == UNRESOLVED:
                continue
            known = here.get(name)
            up = node_key(self.target, topology, pipeline, known) if known else None
            if up is not None:
                self.deps[own].add(up)
            elif known is None:
                self.wanted.append((own, name))  # of another code location, or a dbt model under Dagster
            else:
                self.behind.append((own, spot_of(topology, pipeline, known)))

    def join(self, topologies: tuple[Topology, ...]) -> None:
        """Draw what reaches across pipelines: assets of elsewhere, datasets, triggers and sensors."""
        for own, name in self.wanted:
            self.deps[own] |= self.by_name.get(name, set())
        models: dict[Spot, set[Key]] = defaultdict(set)
        for before, after, _ in through_dbt(self.nodes):
            if is_model_of_dbt(after, self.nodes[after]):
                models[after] |= self.pages[before]
            for reader in self.pages[after]:
                self.deps[reader] |= self.pages[before]
        for own, spot in self.behind:
            self.deps[own] |= models.get(spot, set())
        for dataset in joined_datasets(topologies, self.nodes):
            self._join_dataset(dataset)
        for own, other, triggers in self.links:
            for there in self.pipelines.get(other, ()):
                second, first = (there, own) if triggers else (own, there)
                self.deps[second].add(first)

    def _join_dataset(self, dataset: JoinedDataset) -> None:
        """A dataset that an asset or a model makes is that one; another gets a card where it tells something."""
        columns = next((one.columns for one in dataset.known if one.columns), ())
        writers = {key for use in dataset.writers for key in self.pages[use.spot]}
        makers = {key for key in writers if self.cards[key].kind not in PIPELINE_KINDS}
        readers = {
            key
            for use in (*dataset.readers, *dataset.starts)
            if not dataset.writers or dataset.writers_for(use)
            for key in self.pages[use.spot]
        }
        for maker in makers:
            if columns and not self.cards[maker].columns:
                self.cards[maker] = self.cards[maker].model_copy(update={"columns": columns})
        if makers:
            for reader in readers:
                self.deps[reader] |= writers
            return
        if not (readers or columns):
            return
        key = dataset_key(self.target, dataset.name)
        self.cards.setdefault(key, Card(key=key, name=_clean(dataset.name), kind="dataset", columns=columns))
        self.deps[key] |= writers
        for reader in readers:
            self.deps[reader].add(key)


def _pipeline_card(key: Key, topology: Topology, pipeline: Pipeline) -> Card:
    return Card(
        key=key,
        name=_clean(pipeline.id),
        kind=kind_of_pipeline(topology.scheduler),
        scheduler=topology.scheduler,
        path=_clean(pipeline.path),
        line=pipeline.line,
        schedule=pipeline.schedule,
        timezone=pipeline.timezone,
        owner=pipeline.owner,
        tags=pipeline.tags,
        nodes=len(pipeline.nodes),
        retries=told(node.retries for node in pipeline.nodes),
    )


def _node_card(key: Key, topology: Topology, node: Node) -> Card:
    return Card(
        key=key,
        name=_clean(node.id),
        kind=kind_of_node(topology.scheduler, node) or "asset",
        scheduler=topology.scheduler,
        path=_clean(node.path) if node.path else None,
        line=node.line,
        schedule=node.automation,
        owner=node.owner,
        tags=node.tags,
    )


def _clean(text: str) -> str:
    """The text without what UTF-8 cannot hold: an id in source may be any string."""
    return text.encode("utf-8", "replace").decode()


def _without_circles(deps: Mapping[Key, Iterable[Key]]) -> dict[Key, list[Key]]:
    """The edges without those that lead back to where they came from, found in the order of the keys."""
    kept: dict[Key, list[Key]] = {key: [] for key in deps}
    done: set[Key] = set()
    for start in deps:
        if start in done:
            continue
        open_: set[Key] = {start}
        walk: list[tuple[Key, Iterator[Key]]] = [(start, iter(deps[start]))]
        while walk:  # no recursion: a chain may be thousands long
            key, upstream = walk[-1]
            up = next(upstream, None)
            if up is None:
                walk.pop()
                open_.discard(key)
                done.add(key)
            elif up not in open_:
                kept[key].append(up)
                if up not in done:
                    open_.add(up)
                    walk.append((up, iter(deps[up])))
    return kept
