"""Which pipelines and nodes of two readings are one and the same, also where they got another name.

A rename is claimed only where a reviewer would not doubt it; else there is a removal and an addition. A node that is
gone and a node that is new are one where all of this holds:

- they are of one kind, made by one operator, and at most two of their settings differ;
- they wait for the same nodes, the same nodes wait for them, and they read the same datasets, as far as these have
  kept their names; new ones may wait, too;
- their names are alike: the words of one are among the words of the other, or those that are not differ in a few
  letters, and any numbers are the same; or one is the other with the new name of a renamed neighbour put in, as in
  the tests of a dbt model.

A pipeline that is gone and one that is new are one where they belong to one scheduler, at least three quarters of
their nodes are the same, and their names are alike, or each is the only pipeline of one and the same file and has
three nodes or more. Where two matches are equally good, neither is claimed; nor is any where so many things are gone
and new that more than 40,000 pairs would have to be compared.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline, SchedulerKind, Topology

_SETTINGS = (
    *(
        "retries",
        "retry_delay_s",
        "retry_backoff",
        "retry_delay_max_s",
        "timeout_s",
        "sla_s",
        "owner",
        "tags",
    ),
    *("pool", "concurrency", "trigger_rule", "alerts", "partitions", "automation", "links"),
)
_MOST_SETTINGS = 2
_SAME_NODES = 0.75
_ENOUGH_NODES = 3
_SAME_LETTERS = 0.75
_ROUNDS = 8
_MOST_CANDIDATES = 40_000
_NAMED_BY_SUBJECT = frozenset({"test", "asset_check"})
_NOTHING = Pipeline(id="", path="")

_Place = tuple[SchedulerKind, str, str]
_Pairs = list[tuple[Pipeline | None, Pipeline | None]]
_One = TypeVar("_One", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Matched:
    """One pipeline at base and at head; None where it is not there. Its ids differ where it was renamed."""

    before: Pipeline | None
    after: Pipeline | None

    @property
    def is_renamed(self) -> bool:
        return self.before is not None and self.after is not None and self.before.id != self.after.id


def paired(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> _Pairs:
    """The pipelines of both sides that are one and the same: of one id in one place, or else of one id.

    A renamed pipeline is two here, as it is to the scheduler; see `matched`.
    """
    pairs, old, new = _by_id(base, head)
    pairs += [(before, None) for before in old.values()]
    pairs += [(None, after) for after in new.values()]
    return sorted(pairs, key=_id)


def matched(base: tuple[Topology, ...], head: tuple[Topology, ...]) -> tuple[Matched, ...]:
    """The pipelines of both sides, renamed ones too, in the order of their ids."""
    pairs, old, new = _by_id(base, head)
    lone = _lone_files(base) & _lone_files(head)
    can_be_compared = len(old) * len(new) <= _MOST_CANDIDATES
    scores = {
        (there, here): score
        for there, before in (old.items() if can_be_compared else ())
        for here, after in new.items()
        if there[0] == here[0] and (score := _pipeline_likeness(before, after, lone)) is not None
    }
    for there, here in _undoubted(scores):
        pairs.append((old.pop(there), new.pop(here)))
    pairs += [(before, None) for before in old.values()]
    pairs += [(None, after) for after in new.values()]
    return tuple(Matched(*pair) for pair in sorted(pairs, key=_id))


def renamed_nodes(before: Pipeline, after: Pipeline) -> Mapping[str, str]:
    """Former id -> new id of the nodes that kept all but their names."""
    kept = {node.id for node in before.nodes} & {node.id for node in after.nodes}
    gone = {node.id: node for node in before.nodes if node.id not in kept}
    new = {node.id: node for node in after.nodes if node.id not in kept}
    if not gone or not new or len(gone) * len(new) > _MOST_CANDIDATES:
        return {}
    around = _neighbours(before), _neighbours(after)
    found: dict[str, str] = {}
    for _ in range(_ROUNDS):
        scores = {
            (old_id, new_id): score
            for old_id, old in gone.items()
            if old_id not in found
            for new_id, one in new.items()
            if new_id not in found.values()
            and (score := _node_likeness(old, one, around, kept, found)) is not None
        }
        fresh = _undoubted(scores)
        if not fresh:
            break
        found |= dict(fresh)
    return found


def _by_id(
    base: tuple[Topology, ...], head: tuple[Topology, ...]
) -> tuple[_Pairs, dict[_Place, Pipeline], dict[_Place, Pipeline]]:
    """The pairs that ids tell, and what is left of each side."""
    old, new = _placed(base), _placed(head)
    pairs: _Pairs = [(old.pop(place), new.pop(place)) for place in sorted(old.keys() & new.keys())]
    # Those of one id that are left have moved; where there are several, to where most of their nodes are.
    by_id: dict[str, list[_Place]] = {}
    for here, after in new.items():
        by_id.setdefault(after.id, []).append(here)
    moves = sorted(
        (-_shared(before, new[here]), there, here)
        for there, before in old.items()
        for here in by_id.get(before.id, ())
    )
    for _, there, here in moves:
        if there in old and here in new:
            pairs.append((old.pop(there), new.pop(here)))
    return pairs, dict(sorted(old.items())), dict(sorted(new.items()))


def _id(pair: tuple[Pipeline | None, Pipeline | None]) -> str:
    return (pair[1] or pair[0] or _NOTHING).id


def _shared(before: Pipeline, after: Pipeline) -> int:
    """How many nodes both have."""
    return len({node.id for node in before.nodes} & {node.id for node in after.nodes})


def _placed(topologies: tuple[Topology, ...]) -> dict[_Place, Pipeline]:
    found: dict[_Place, Pipeline] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            found.setdefault((topology.scheduler, topology.root, pipeline.id), pipeline)
    return found


def _lone_files(topologies: tuple[Topology, ...]) -> frozenset[str]:
    """The files that define one pipeline only."""
    paths = [pipeline.path for topology in topologies for pipeline in topology.pipelines]
    return frozenset(path for path, count in Counter(paths).items() if count == 1)


def _pipeline_likeness(before: Pipeline, after: Pipeline, lone: frozenset[str]) -> float | None:
    old = {(node.id, node.operator) for node in before.nodes}
    new = {(node.id, node.operator) for node in after.nodes}
    same = len(old & new) / max(len(old | new), 1)
    is_lone = before.path == after.path and before.path in lone and len(old & new) >= _ENOUGH_NODES
    if same < _SAME_NODES or not (is_lone or are_alike(before.id, after.id)):
        return None
    return same + _letters(before.id, after.id)


def _neighbours(pipeline: Pipeline) -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    """For each node the ids before it and after it."""
    after: dict[str, set[str]] = {node.id: set() for node in pipeline.nodes}
    for node in pipeline.nodes:
        for one in node.upstream:
            after.setdefault(one, set()).add(node.id)
    return {node.id: (frozenset(node.upstream), frozenset(after[node.id])) for node in pipeline.nodes}


_Around = Mapping[str, tuple[frozenset[str], frozenset[str]]]


def _node_likeness(
    old: Node, new: Node, around: tuple[_Around, _Around], kept: set[str], found: Mapping[str, str]
) -> float | None:
    if (old.kind, old.operator) != (new.kind, new.operator):
        return None
    if sum(getattr(old, field) != getattr(new, field) for field in _SETTINGS) > _MOST_SETTINGS:
        return None
    said_anew = any(_put_in(old.id, *pair) == new.id for pair in found.items())
    if not said_anew and (old.kind in _NAMED_BY_SUBJECT or not are_alike(old.id, new.id)):
        return None
    taken = set(found.values())
    before, after = around[0][old.id], around[1][new.id]
    for there, here in zip(before, after, strict=True):
        # A neighbour that is gone, or new, and not yet recognised says neither yes nor no.
        known_there = {found.get(one, one) for one in there if one in kept or one in found}
        known_here = {one for one in here if one in kept or one in taken}
        if known_there != known_here:
            return None
    if len(before[0]) != len(after[0]):
        return None
    if set(old.reads) != set(new.reads) and not (set(old.reads) & set(new.reads)):
        return None
    return (2.0 if said_anew else _letters(old.id, new.id)) + (old.path == new.path)


def _put_in(name: str, old: str, new: str) -> str:
    """A name with a renamed neighbour's new name in it."""
    return re.sub(rf"(?<![a-zA-Z0-9]){re.escape(old)}(?![a-zA-Z0-9])", lambda _: new, name)


def are_alike(one: str, other: str) -> bool:
    """Whether two names are so alike that one may be the other's new form."""
    if UNRESOLVED in (one, other):
        return False
    words, others = _words(one), _words(other)
    if not words or not others or _numbers(words) != _numbers(others):
        return False
    # Words that both have say little: siblings in a pipeline share most of theirs.
    left = " ".join(word for word in words if word not in others)
    right = " ".join(word for word in others if word not in words)
    return not left or not right or _letters(left, right) >= _SAME_LETTERS


def _words(name: str) -> tuple[str, ...]:
    """The words of `loadOrders_v2`: load, orders, v2."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[a-z0-9]+", apart.casefold()))


def _numbers(words: tuple[str, ...]) -> list[str]:
    """The numbers among the words: what differs in them is mostly another one of a row."""
    return [word for word in words if word.isdigit()]


def _letters(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _undoubted(scores: Mapping[tuple[_One, _One], float]) -> list[tuple[_One, _One]]:
    """The pairs of which each side is the other's best, with no other as good."""
    best_of_old = _bests(scores, lambda pair: pair[0])
    best_of_new = _bests(scores, lambda pair: pair[1])
    return [pair for pair in scores if best_of_old.get(pair[0]) == pair and best_of_new.get(pair[1]) == pair]


def _bests(
    scores: Mapping[tuple[_One, _One], float], side: Callable[[tuple[_One, _One]], _One]
) -> Mapping[_One, tuple[_One, _One] | None]:
    """The best pair of each; None where two are as good."""
    found: dict[_One, tuple[float, tuple[_One, _One] | None]] = {}
    for pair, score in scores.items():
        known = found.get(side(pair))
        if known is None or score > known[0]:
            found[side(pair)] = (score, pair)
        elif score == known[0]:
            found[side(pair)] = (score, None)
    return {one: pair for one, (_, pair) in found.items()}
