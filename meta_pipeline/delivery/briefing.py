"""What a change means, told to people: like changes in one sentence, by importance, and what on-call must know."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from meta_pipeline.delivery.difference import Difference, thing_name
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.notices import notices
from meta_pipeline.delivery.phrases import Thing, counted, listed
from meta_pipeline.delivery.statement import WEIGHTS, Statement, Weight
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Pipeline, Topology
from meta_pipeline.delivery.wording import Value

_RUNS = frozenset(
    {
        "schedule",
        "timezone",
        "start_date",
        "catchup",
        "paused",
        "partitions",
        "automation",
        "active_runs",
        "version",
    }
)
_FAILING = frozenset(
    {"retries", "retry_delay_s", "retry_backoff", "retry_delay_max_s", "timeout_s", "sla_s", "alerts"}
)
_DATA = frozenset({"upstream", "reads", "writes", "links", "columns", "trigger_rule", "operator", "kind"})
_LOOKING = frozenset({"test", "asset_check"})
_TASKS = frozenset({"task", "sensor", "branch", "mapped_task"})
_PIPELINES_NAMED = 8
_NAMES_APART = 4


class Briefing(Frozen):
    """`must_know` is what an on-call engineer must know; `statements` are all changes. Both by importance."""

    must_know: tuple[Statement, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def others(self) -> tuple[Statement, ...]:
        """The statements of which `must_know` says nothing."""
        known = {matter for one in self.must_know for matter in one.matters}
        return tuple(one for one in self.statements if not one.matters <= known)


def briefing(
    base: tuple[Topology, ...],
    head: tuple[Topology, ...],
    differences: tuple[Difference, ...],
    at: datetime,
) -> Briefing:
    """All differences as statements, and what follows from them; `at` is the time until which missed runs count."""
    told = _by_weight(_folded(differences, base, head))
    derived = notices(base, head, differences, at)
    covered = {matter for notice in derived for matter in notice.matters}
    plain = [one for one in told if one.is_urgent and not (one.matters and one.matters <= covered)]
    return Briefing(must_know=_by_weight([*derived, *plain]), statements=told)


def weight_of(difference: Difference) -> Weight:
    """How much a person who is on call cares."""
    if difference.level == "error":
        return "stops" if difference.change == "added" and difference.field == "error" else "other"
    if difference.change == "added":
        return "data" if difference.kind in _LOOKING else "data" if difference.level == "column" else "new"
    if difference.level == "column":
        return "data"
    if difference.change in ("removed", "renamed"):
        return "data" if difference.kind in _LOOKING else "stops"
    for weight, fields in (("runs", _RUNS), ("failing", _FAILING), ("data", _DATA)):
        if difference.field in fields:
            return WEIGHTS[WEIGHTS.index(weight)]
    return "other"


def _by_weight(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda one: WEIGHTS.index(one.weight)))


def _is_urgent(difference: Difference) -> bool:
    """Whether whoever is on call must know: what stops, when things run, and what fails sooner or more quietly."""
    weight = weight_of(difference)
    if not difference.is_known:
        return weight in ("runs", "failing") and difference.level != "scheduler"
    if weight in ("stops", "runs"):
        return True
    before, after = difference.before, difference.after
    if difference.field in ("alerts", "columns"):
        lost = isinstance(before, tuple) and isinstance(after, tuple) and bool(set(before) - set(after))
        return lost or difference.change == "removed"
    if difference.field == "retries":
        return isinstance(before, int) and isinstance(after, int) and after < before
    if difference.field in ("timeout_s", "sla_s"):
        shorter = isinstance(before, float) and isinstance(after, float) and after < before
        return shorter or before is None
    return False


_Alike = tuple[object, ...]


def _folded(
    differences: tuple[Difference, ...], base: tuple[Topology, ...], head: tuple[Topology, ...]
) -> Iterator[Statement]:
    """Like changes of several nodes or pipelines as one statement, in the order of the first of each."""
    sizes = _sizes(base) | _sizes(head)
    of_pipelines = {(d.pipeline, d.field, d.before, d.after) for d in differences if d.node is None}
    groups: dict[_Alike, list[Difference]] = {}
    for difference in differences:
        own = (difference.pipeline, difference.field, difference.before, difference.after)
        if difference.node is not None and difference.field == "owner" and own in of_pipelines:
            continue  # what a pipeline gives to its nodes is said once, of the pipeline
        groups.setdefault(_alike(difference), []).append(difference)
    for group in groups.values():
        yield from _told(group, sizes)


def _alike(difference: Difference) -> _Alike:
    """What is equal for differences that can be said in one sentence."""
    if difference.level in ("error", "column", "scheduler") or difference.doubt is not None:
        return (difference.sentence,)
    kind = _plural(difference.kind)
    what = (difference.level, difference.change, difference.field, difference.node is None, kind)
    if difference.change == "changed":
        return (*what, *_came_and_went(difference.before, difference.after))
    return (*what, difference.pipeline if difference.node is not None else "")


def _came_and_went(before: Value, after: Value) -> _Alike:
    """Both values; of lists what came and what went, as that is what is said of them."""
    if not (isinstance(before, tuple) and isinstance(after, tuple)) or UNRESOLVED in (*before, *after):
        return before, after
    kept = set(before) & set(after)
    return tuple(one for one in before if one not in kept), tuple(one for one in after if one not in kept)


def _plural(kind: str) -> str:
    """What several nodes of a kind are called; whatever a DAG runs is a task."""
    return "tasks" if kind in _TASKS else kind.replace("_", " ").removesuffix("s") + "s"


def _told(group: list[Difference], sizes: Mapping[tuple[str, str], int]) -> Iterator[Statement]:
    first = group[0]
    if first.change == "moved" or (first.change == "renamed" and len(group) <= _NAMES_APART):
        for one in group:
            yield _statement([one], one.sentence)
    elif len(group) == 1:
        yield _statement(group, first.sentence)
    elif first.change == "renamed":
        names = _common_name(group, sizes)
        such = thing_name(first.kind, first.pipeline_before or first.pipeline, first.node_before)
        yield _statement(
            group, f"{names} have new names, such as {such}, now called {first.node or first.pipeline}"
        )
    else:
        yield _statement(group, first.said_of(Thing(_common_name(group, sizes), many=True)))


def _common_name(group: list[Difference], sizes: Mapping[tuple[str, str], int]) -> str:
    """`all 5 tasks of sales`, `tasks a and b of sales`, `tasks of sales, stock and 3 more pipelines`."""
    first = group[0]
    pipelines = list(dict.fromkeys(one.pipeline for one in group))
    if first.node is None:
        return f"pipelines {listed(pipelines, _PIPELINES_NAMED)}"
    kinds = _plural(first.kind)
    if len(pipelines) > 1:
        return f"{len(group)} {kinds} in {counted(len(pipelines), 'pipeline')} ({listed(pipelines, _PIPELINES_NAMED)})"
    nodes = [one.node for one in group if one.node is not None]
    inside = "" if first.pipeline == IMPLICIT_JOB else f" of {first.pipeline}"
    if first.change == "changed" and len(nodes) == sizes.get((first.pipeline, kinds)) and len(nodes) > 2:
        return f"all {len(nodes)} {kinds}{inside}"
    return f"{kinds} {listed(nodes)}{inside}"


def _sizes(topologies: tuple[Topology, ...]) -> dict[tuple[str, str], int]:
    """How many nodes of each kind a pipeline has."""
    found: dict[tuple[str, str], int] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            found |= _kinds(pipeline)
    return found


def _kinds(pipeline: Pipeline) -> dict[tuple[str, str], int]:
    kinds = [_plural(node.kind) for node in pipeline.nodes]
    return {(pipeline.id, kind): kinds.count(kind) for kind in kinds}


def _statement(group: list[Difference], sentence: str) -> Statement:
    first = group[0]
    return Statement(
        weight=weight_of(first),
        sentence=sentence,
        is_urgent=any(map(_is_urgent, group)),
        pipelines=tuple(dict.fromkeys(one.pipeline for one in group if one.pipeline)),
        matters=frozenset((one.pipeline, one.node, one.field) for one in group),
        path=first.path,
        line=first.line,
        count=len(group),
    )
