"""What a change means, told to people: like changes in one sentence, by importance, and what on-call must know."""

from collections.abc import Iterable
from datetime import datetime

from meta_pipeline.delivery.briefing.folding import Told, folded
from meta_pipeline.delivery.briefing.notices import notices
from meta_pipeline.delivery.briefing.statement import WEIGHTS, Statement, Weight
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.topology import UNRESOLVED, Topology

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
_FIELDS: tuple[tuple[Weight, frozenset[str]], ...] = (("runs", _RUNS), ("failing", _FAILING), ("data", _DATA))
_LOOKING = frozenset({"test", "asset_check"})


class Briefing(Frozen):
    """`must_know` is what an on-call engineer must know; `statements` are all changes. Both by importance."""

    must_know: tuple[Statement, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def others(self) -> tuple[Statement, ...]:
        """The statements of which `must_know` says nothing."""
        known = {matter for one in self.must_know for matter in one.matters}
        said = {one.sentence for one in self.must_know}
        rest = (one for one in self.statements if one.sentence not in said)
        return tuple(one for one in rest if not (one.matters and one.matters <= known))


def briefing(
    base: tuple[Topology, ...],
    head: tuple[Topology, ...],
    differences: tuple[Difference, ...],
    at: datetime,
) -> Briefing:
    """All differences as statements, and what follows from them; `at` is the time until which missed runs count."""
    told = _by_weight(map(_statement, folded(differences, base, head)))
    derived = notices(base, head, differences, at)
    covered = {matter for notice in derived for matter in notice.matters}
    plain = [one for one in told if one.is_urgent and not (one.matters and one.matters <= covered)]
    return Briefing(must_know=_by_weight([*derived, *plain]), statements=told)


def weight_of(difference: Difference) -> Weight:
    """How much a person who is on call cares."""
    if difference.level == "error":
        return "stops" if difference.change == "added" and difference.field == "error" else "other"
    if difference.change == "added":
        return "data" if difference.kind in _LOOKING or difference.level == "column" else "new"
    if difference.level == "column":
        return "data"
    if difference.change in ("removed", "renamed"):
        return "data" if difference.kind in _LOOKING else "stops"
    return next((weight for weight, fields in _FIELDS if difference.field in fields), "other")


def _by_weight(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda one: WEIGHTS.index(one.weight)))


def _is_urgent(difference: Difference) -> bool:
    """Whether whoever is on call must know: what stops, when things run, and what fails sooner or more quietly."""
    weight = weight_of(difference)
    if not difference.is_known:
        is_lost = difference.after == UNRESOLVED
        return is_lost and weight in ("runs", "failing") and difference.level != "scheduler"
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


def _statement(told: Told) -> Statement:
    first = told.differences[0]
    return Statement(
        weight=weight_of(first),
        sentence=told.sentence,
        is_urgent=any(map(_is_urgent, told.differences)),
        pipelines=tuple(dict.fromkeys(one.pipeline for one in told.differences if one.pipeline)),
        matters=frozenset((one.pipeline, one.node, one.field) for one in told.differences if one.pipeline),
        path=first.path,
        line=first.line,
        count=len(told.differences),
    )
