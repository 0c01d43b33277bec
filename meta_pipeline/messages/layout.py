"""Where the boxes of a layered graph go: every arrow from left to right, few crossings, the same for equal input.

The steps are those of Sugiyama: break circles, give each box the layer after all that it follows, put a bend into
each layer that an arrow passes, and order the layers by the middle of the neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Layout:
    """`places` gives each key its layer and its height, in rows; `ways` the places that each arrow passes."""

    places: Mapping[str, tuple[int, float]]
    ways: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    layers: int
    rows: float


def layout(keys: Sequence[str], arrows: Sequence[tuple[str, str]]) -> Layout:
    """The places of boxes with these keys and arrows between them."""
    forward, turned = _without_circles(keys, arrows)
    depth = _depths(keys, forward)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in keys:
        layers[depth[key]].append(key)
    bends, short = _with_bends(forward, depth, layers)
    _order(layers, short)
    most = max(map(len, layers), default=0)
    places = {
        key: (number, row + (most - len(layer)) / 2)
        for number, layer in enumerate(layers)
        for row, key in enumerate(layer)
    }
    ways = {}
    for arrow in arrows:
        start, end = (arrow[1], arrow[0]) if arrow in turned else arrow
        way = tuple(places[stop] for stop in (start, *bends[start, end], end))
        ways[arrow] = way[::-1] if arrow in turned else way
    return Layout({key: places[key] for key in keys}, ways, len(layers), float(most))


def _without_circles(
    keys: Sequence[str], arrows: Sequence[tuple[str, str]]
) -> tuple[list[tuple[str, str]], set[tuple[str, str]]]:
    """The arrows, those turned round that would close a circle, and which these are."""
    after: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in arrows:
        after[start].append(end)
    state: dict[str, int] = {}
    turned: set[tuple[str, str]] = set()
    for root in keys:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            key, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                state[key] = 2
                stack.pop()
            elif state.get(step) == 1:
                turned.add((key, step))
            elif step not in state:
                state[step] = 1
                stack.append((step, iter(after[step])))
    forward = [(end, start) if (start, end) in turned else (start, end) for start, end in arrows]
    return list(dict.fromkeys(forward)), turned


def _depths(keys: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each key: one more than the deepest that it follows."""
    before: dict[str, list[str]] = {key: [] for key in keys}
    after: dict[str, list[str]] = {key: [] for key in keys}
    for start, end in arrows:
        before[end].append(start)
        after[start].append(end)
    depth: dict[str, int] = {}
    left = {key: len(before[key]) for key in keys}
    ready = [key for key in keys if not left[key]]
    while ready:
        key = ready.pop(0)
        depth[key] = max((depth[one] + 1 for one in before[key]), default=0)
        for one in after[key]:
            left[one] -= 1
            if not left[one]:
                ready.append(one)
    return depth


_Bends = dict[tuple[str, str], tuple[str, ...]]


def _with_bends(
    arrows: Sequence[tuple[str, str]], depth: Mapping[str, int], layers: list[list[str]]
) -> tuple[_Bends, list[tuple[str, str]]]:
    """A bend for each arrow in each layer that it passes; the arrows cut at their bends."""
    bends: _Bends = {}
    short: list[tuple[str, str]] = []
    for number, (start, end) in enumerate(arrows):
        names = tuple(f"\0{number}.{layer}" for layer in range(depth[start] + 1, depth[end]))
        for layer, name in enumerate(names, start=depth[start] + 1):
            layers[layer].append(name)
        bends[start, end] = names
        stops = (start, *names, end)
        short += list(pairwise(stops))
    return bends, short


def _order(layers: list[list[str]], arrows: Sequence[tuple[str, str]]) -> None:
    """Sort each layer by the middle of its neighbours, to and fro."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for start, end in arrows:
        before.setdefault(end, []).append(start)
        after.setdefault(start, []).append(end)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        numbers = range(1, len(layers)) if forth else range(len(layers) - 2, -1, -1)
        for number in numbers:
            beside = layers[number - 1 if forth else number + 1]
            rows = {key: row for row, key in enumerate(beside)}
            known = before if forth else after
            own = {key: row for row, key in enumerate(layers[number])}
            layers[number].sort(
                key=lambda key: (_middle([rows[one] for one in known.get(key, ())], own[key]), own[key])
            )


def _middle(rows: Sequence[int], own: int) -> float:
    return sum(rows) / len(rows) if rows else float(own)
