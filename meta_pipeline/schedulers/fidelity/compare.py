"""How true a static topology is: compared with the runtime topology of the same commit, field by field.

Both are taken apart into facts, pairs of a place and a value. The field `pipelines` has one fact for each
pipeline, `nodes` one for each node, `edges` one for each pair of neighbours; every other field of a pipeline or a
node has one fact for each place, or, where it is a tuple, one for each entry. Of each field:

- recall: the facts of the runtime topology that static states equally, over all facts of the runtime topology;
- precision: the facts of static that runtime has, over all facts that static states. An invented pipeline, node,
  edge or value counts against it, and so does every fact below an invented one;
- unresolved: the facts of runtime of which static says that it cannot know them, over all facts of runtime: the
  value is `unresolved`, or the whole pipeline or node is missing and an entry of `errors` names its file. They count
  against recall, never against precision;
- what is neither the same nor unresolved is `wrong` (static states another value) or `missing` (static is silent).

Where the scheduler could not load a file (or a code location) it has no word on it: what static says of such a file is
set aside, neither right nor wrong, and the file is listed with the scheduler's own error. Where the scheduler
itself says of a pipeline that only a run tells what is in it, its nodes are left out on both sides, and it is listed.

Most values of most fields are defaults, which are easily right, so recall is also given over the facts whose value
is not the default of the field.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.delivery.topology import Pipeline, Topology, TopologyError
from meta_pipeline.schedulers.fidelity.facts import (
    DEFAULTS,
    OPEN,
    Facts,
    Place,
    facts_of,
    is_open,
    may_be,
    roots_of,
)

Outcome = Literal["same", "unresolved", "wrong", "missing", "invented"]

FIRST_FIELDS = ("pipelines", "nodes", "edges", "pipeline.schedule", "node.retries")
"""What an operator looks at first; all other fields follow by name."""

_NOTHING_SAID = "static gives no reason"


@dataclass
class Tally:
    """The facts of one field, counted. `told` are those of runtime whose value is not the default."""

    runtime: int = 0
    static: int = 0
    same: int = 0
    unresolved: int = 0
    wrong: int = 0
    missing: int = 0
    invented: int = 0
    told: int = 0
    told_same: int = 0

    @property
    def recall(self) -> float | None:
        """None where runtime has no such fact."""
        return self.same / self.runtime if self.runtime else None

    @property
    def told_recall(self) -> float | None:
        """The recall of what is not the default; None where everything is."""
        return self.told_same / self.told if self.told else None

    @property
    def precision(self) -> float | None:
        """None where static states nothing."""
        return self.same / self.static if self.static else None

    @property
    def unresolved_share(self) -> float | None:
        return self.unresolved / self.runtime if self.runtime else None

    def add(self, other: "Tally") -> None:
        """Count the facts of another one too."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Mismatch:
    """One fact that static has not, or has not so; values are JSON, None where a side states nothing.

    `reason` is what static said in `errors` of the file. What lies below a missing or invented pipeline or node is
    counted and not listed.
    """

    field: str
    place: Place
    outcome: Outcome
    runtime: str | None
    static: str | None
    path: str
    reason: str

    @property
    def key(self) -> str:
        """What a note on this mismatch is kept by; it changes with either value."""
        return f"{self.field} {self.place}: {self.runtime} / {self.static}"


@dataclass(frozen=True)
class SetAside:
    """A file or code location that the scheduler could not load, and how many pipelines static sees there."""

    path: str
    error: str
    pipelines: int


@dataclass(frozen=True)
class Untold:
    """A pipeline whose content the scheduler cannot tell, with its reason, and how many nodes each side has there."""

    path: str
    pipeline: str
    reason: str
    runtime: int
    static: int


@dataclass(frozen=True)
class Comparison:
    """What came out; `literal` counts the facts of those files alone whose source is literal."""

    fields: Mapping[str, Tally]
    literal: Mapping[str, Tally]
    mismatches: tuple[Mismatch, ...]
    set_aside: tuple[SetAside, ...]
    untold: tuple[Untold, ...] = ()


def compare(
    static: tuple[Topology, ...], runtime: tuple[Topology, ...], literal: Collection[str] = ()
) -> Comparison:
    """Compare the static topologies of one commit with the runtime ones.

    `literal` are the paths of files whose source is literal, by an independent judgement.
    """
    silent = _not_loaded(runtime)
    theirs = [(topology, pipeline) for topology in runtime for pipeline in topology.pipelines]
    known = {(topology.scheduler, pipeline.id, pipeline.path) for topology, pipeline in theirs}
    aside: Counter[str] = Counter()
    judged: list[tuple[Topology, Pipeline]] = []
    for topology in static:
        for pipeline in topology.pipelines:
            where = next((place for place in (pipeline.path, topology.root) if place in silent), None)
            if where is not None and (topology.scheduler, pipeline.id, pipeline.path) not in known:
                aside[where] += 1
            else:
                judged.append((topology, pipeline))
    roots = roots_of(judged, runtime)
    said = _Said([error for topology in static for error in topology.errors])
    untold = _untold(runtime)
    stated = facts_of(judged, roots, untold)
    counting = _Counting(stated, facts_of(theirs, roots, untold), said, frozenset(literal))
    counting.count()
    return Comparison(
        fields=counting.fields,
        literal=counting.literal_fields,
        mismatches=tuple(sorted(counting.mismatches, key=lambda each: (each.field, each.place))),
        set_aside=tuple(SetAside(path, silent[path], aside[path]) for path in sorted(silent)),
        untold=tuple(
            Untold(
                pipeline.path, pipeline.id, untold[place], len(pipeline.nodes), stated.untold.get(place, 0)
            )
            for topology, pipeline in theirs
            if (place := Place(topology.scheduler, topology.root, pipeline.id)) in untold
        ),
    )


def ordered(fields: Collection[str]) -> tuple[str, ...]:
    """The fields as a reader wants them: the first ones first."""
    return (*(name for name in FIRST_FIELDS if name in fields), *sorted(set(fields) - {*FIRST_FIELDS}))


def _not_loaded(runtime: tuple[Topology, ...]) -> dict[str, str]:
    """The files that the scheduler could not load, and the roots of which it loaded nothing, with its error."""
    found: dict[str, str] = {}
    for topology in runtime:
        for error in topology.errors:
            if error.opaque:  # nothing is wrong with it, and what is known of it was loaded
                continue
            found.setdefault(error.path, error.message)
            if not topology.pipelines:
                found.setdefault(topology.root, error.message)
    return found


def _untold(runtime: tuple[Topology, ...]) -> dict[Place, str]:
    """The pipelines whose nodes the scheduler does not know, with its words on it.

    What it says of the line of a pipeline is about that one; what it says of another line of the file is about all
    those in it of which it knows no node.
    """
    found: dict[Place, str] = {}
    for topology in runtime:
        for error in filter(lambda one: one.opaque, topology.errors):
            there = [pipeline for pipeline in topology.pipelines if pipeline.path == error.path]
            meant = [pipeline for pipeline in there if error.line is not None and pipeline.line == error.line]
            for pipeline in meant or [one for one in there if not one.nodes]:
                place = Place(topology.scheduler, topology.root, pipeline.id)
                found.setdefault(place, error.message)
    return found


class _Said:
    """What static said of files in `errors`."""

    def __init__(self, errors: list[TopologyError]) -> None:
        self._messages: dict[str, list[str]] = {}
        for error in errors:
            where = f"{error.path}:{error.line}" if error.line else error.path
            self._messages.setdefault(error.path, []).append(f"{where}: {error.message}")

    def around(self, root: str) -> str | None:
        """The first that it said of another file below a folder; a reader may then guess at the reason."""
        prefix = "" if root in ("", ".") else f"{root}/"
        first = next((said[0] for path, said in self._messages.items() if path.startswith(prefix)), None)
        return f"{_NOTHING_SAID} for this file; of another below {root} it says {first}" if first else None

    def of(self, path: str) -> str | None:
        found = list(dict.fromkeys(self._messages.get(path, ())))
        more = f"; and {len(found) - 2} more" if len(found) > 2 else ""
        return "; ".join(found[:2]) + more if found else None


class _Counting:
    """Goes through the facts of both sides."""

    def __init__(self, static: Facts, runtime: Facts, said: _Said, literal: frozenset[str]) -> None:
        self.static = static
        self.runtime = runtime
        self.said = said
        self.literal = literal
        self.fields: dict[str, Tally] = {}
        self.literal_fields: dict[str, Tally] = {}
        self.mismatches: list[Mismatch] = []

    def count(self) -> None:
        for (name, place), value in self.runtime.single.items():
            stated = self.static.single.get((name, place))
            self._judge(name, place, value, stated, open_=stated == OPEN)
        for (name, place), value in self.static.single.items():
            if (name, place) not in self.runtime.single and value != OPEN:
                self._tally(name, place, "invented", value)
                self._note(name, place, "invented", None, value)
        for (name, place), values in self.runtime.many.items():
            stated_values = self.static.many.get((name, place), frozenset())
            for value in sorted(values):
                stated = value if value in stated_values else None
                self._judge(name, place, value, stated, open_=_is_open(value, stated_values))
        for (name, place), values in self.static.many.items():
            theirs = self.runtime.many.get((name, place), frozenset())
            for value in sorted(each for each in values - theirs if not is_open(each)):
                self._tally(name, place, "invented", value)
                self._note(name, place, "invented", None, value)

    def _judge(self, name: str, place: Place, value: str, stated: str | None, *, open_: bool) -> None:
        if stated == value:
            outcome: Outcome = "same"
        elif open_:
            outcome = "unresolved"
        elif stated is not None:
            outcome = "wrong"
        else:
            absent = place not in self.static.paths
            outcome = "unresolved" if absent and self.said.of(self._path(place)) else "missing"
        self._tally(name, place, outcome, value)
        if outcome != "same":
            self._note(name, place, outcome, value, OPEN if open_ else stated)

    def _tally(self, name: str, place: Place, outcome: Outcome, value: str) -> None:
        tallies = [self.fields.setdefault(name, Tally())]
        if self._path(place) in self.literal:
            tallies.append(self.literal_fields.setdefault(name, Tally()))
        told = value not in DEFAULTS.get(name, ())
        for tally in tallies:
            setattr(tally, outcome, getattr(tally, outcome) + 1)
            tally.static += outcome in ("same", "wrong", "invented")
            if outcome != "invented":
                tally.runtime += 1
                tally.told += told
                tally.told_same += told and outcome == "same"

    def _note(
        self, name: str, place: Place, outcome: Outcome, runtime: str | None, static: str | None
    ) -> None:
        """List a mismatch, unless the place itself, or the pipeline around it, is missing on one side."""
        whole = Place(place.scheduler, place.root, place.pipeline)
        both = self.static.paths.keys() & self.runtime.paths.keys()
        alone = place not in both
        if alone and (name not in ("pipelines", "nodes") or (place.node and whole not in both)):
            return
        path = self._path(place)
        reason = self.said.of(path) or self.said.around(place.root) or _NOTHING_SAID
        self.mismatches.append(Mismatch(name, place, outcome, runtime, static, path, reason))

    def _path(self, place: Place) -> str:
        return self.runtime.paths.get(place) or self.static.paths.get(place) or ""


def _is_open(value: str, stated: Collection[str]) -> bool:
    """Whether a tuple of static says that it may hold more, or holds this very entry but for what it does not know."""
    return any(is_open(each) and may_be(each, value) for each in stated)
