"""Time-outs, service levels, limits, pools, trigger rules and alerts that existing pipelines and nodes lose."""

import re
from collections.abc import Iterator

from meta_pipeline.delivery.briefing.folding import folded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.change.sides import Sides
from meta_pipeline.gates.change.spoken import speaks_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_MUCH = 2
_LIMITS = {
    "timeout_s": "one that hangs holds its slot until somebody sees it",
    "sla_s": "nobody is told, or only later, when it is late",
    "active_runs": "runs may overtake each other and write the same data",
    "concurrency": "what is called may be overrun, and runs may write the same data at once",
}
_WORDS = {
    "timeout_s": re.compile("time_?out|max_runtime", re.IGNORECASE),
    "sla_s": re.compile(r"fresh|sla(_|\b)|deadline", re.IGNORECASE),
    "active_runs": re.compile("active_runs|concurren", re.IGNORECASE),
    "concurrency": re.compile("concurren|active_tasks|executor|workers", re.IGNORECASE),
}
"""How source names them."""
_DOES_NOTHING = frozenset({"EmptyOperator", "DummyOperator"})
_STRICT = frozenset({"all_success", "none_failed", "none_failed_min_one_success", "none_skipped"})
_AFTER_FAILURES = frozenset({"all_done", "all_failed", "one_failed", "always", "all_done_min_one_success"})
_OF_FAILURE = ("fail", "sla", "miss")
_OF_CRASHES = ("crash",)
_UNSEEN = {
    "failure": "a failure goes unseen",
    "crash": "a run that dies with its machine or container goes unseen: no hook for failures is called then",
}


def limits_lost(change: Change) -> Iterator[Weighed]:
    """What is lost or loosened, each with its weight; what is alike is one finding."""
    sides, lines = Sides(change), ChangedLines(change)
    told: dict[tuple[Strength, str], list[Difference]] = {}
    for difference in change.differences:
        if difference.level == "field" and (judged := _judged(difference, sides)) is not None:
            told.setdefault(judged, []).append(difference)
    for (strength, why), differences in told.items():
        for one in folded(tuple(differences), change.base_topologies, change.head_topologies):
            spot = lines.of(one.differences[0])
            yield weighed(
                strength,
                f"{one.sentence}; {why}",
                "restore it"
                if strength == "warned"
                else "restore it, or have a person confirm that it may go",
                path=spot.path,
                line=spot.line,
                pipelines=(difference.pipeline for difference in one.differences),
            )


def _judged(difference: Difference, sides: Sides) -> tuple[Strength, str] | None:
    before, after = sides.nodes(difference)
    if after is not None and after.operator in _DOES_NOTHING:
        return None
    match difference.field:
        case "timeout_s" | "sla_s" | "active_runs" | "concurrency":
            strength = _loosened(difference, sides)
            if strength and difference.field == "sla_s" and _is_checked(difference, sides):
                return "warned", "a check of its freshness looks at it now"
            return (strength, _LIMITS[difference.field]) if strength else None
        case "pool":
            return _pool(difference)
        case "trigger_rule":
            return _rule(str(difference.before), str(difference.after))
        case "alerts":
            return _alerts(difference, sides.pipelines(difference)[1], before, after)
    return None


def _is_checked(difference: Difference, sides: Sides) -> bool:
    """Whether the change adds checks of freshness, of Dagster, to the asset that loses its policy."""
    return any(
        one.change == "added"
        and one.kind == "asset_check"
        and "fresh" in (one.node or "")
        and (one.node or "").startswith(f"{difference.node}:")
        for one in sides.change.differences
    )


def _loosened(difference: Difference, sides: Sides) -> Strength | None:
    """A limit that is gone or much higher needs a person; one that is a little higher is told of.

    One that source only tells more or less of is told of too, where nothing that is written of it changed.
    """
    before, after = difference.before, difference.after
    if UNRESOLVED in (before, after) and not speaks_of(sides.change, _WORDS[difference.field]):
        return "warned" if before != UNRESOLVED or after is None else None
    if before == UNRESOLVED:
        return "needs_approval" if after is None else None
    if not isinstance(before, int | float) or isinstance(before, bool):
        return None
    if after is None or after == UNRESOLVED:
        return "needs_approval"
    if not isinstance(after, int | float) or after <= before:
        return None
    return "needs_approval" if after > _MUCH * before else "warned"


def _pool(difference: Difference) -> tuple[Strength, str] | None:
    before, after = difference.before, difference.after
    if before in (None, UNRESOLVED, "default_pool"):
        return None
    if difference.scheduler == "prefect":  # a work pool is where it runs, not how much of it
        return "warned", "make sure that a worker serves where it runs now"
    why = "what the pool keeps from being overrun is no longer kept"
    return ("needs_approval" if after in (None, "default_pool") else "warned"), why


def _rule(before: str, after: str) -> tuple[Strength, str] | None:
    if UNRESOLVED in (before, after):
        return None
    if before in _STRICT and after not in _STRICT:
        return "needs_approval", "it now goes on with what a failed task left behind"
    if before in _AFTER_FAILURES and after in _STRICT:
        return "needs_approval", "what it cleans up or tells after a failure is no longer done then"
    if before == "all_success":
        return "warned", "it now goes on where something before it was skipped"
    return None


def _alerts(
    difference: Difference, pipeline: Pipeline | None, before: Node | None, after: Node | None
) -> tuple[Strength, str] | None:
    old, new = _hooks(difference.before), _hooks(difference.after)
    gone = old - new
    if not gone or pipeline is None:
        return None
    around = _hooks(pipeline.alerts) if difference.node is not None else _of_all(pipeline)
    left = new | around
    if UNRESOLVED in left:
        return "warned", "source does not tell who is told instead"
    unseen = {_event(one) for one in gone} - {_event(one) for one in left}
    for event, why in _UNSEEN.items():
        if event in unseen:
            return "needs_approval", why
    return "warned", "others are told now" if new - old else "others are told still"


def _of_all(pipeline: Pipeline) -> frozenset[str]:
    """The alerts that each node of a pipeline has."""
    every = [_hooks(node.alerts) for node in pipeline.nodes]
    return frozenset.intersection(*every) if every else frozenset()


def _hooks(value: object) -> frozenset[str]:
    return frozenset(str(one) for one in value) if isinstance(value, tuple) else frozenset()


def _event(alert: str) -> str | None:
    """What an alert tells of: a run that fails, or one that Prefect sees die without its code being asked."""
    hook = alert.partition(":")[0]
    if any(word in hook for word in _OF_CRASHES):
        return "crash"
    return "failure" if any(word in hook for word in _OF_FAILURE) else None
