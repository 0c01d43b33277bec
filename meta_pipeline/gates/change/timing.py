"""What a change does to when existing pipelines and assets run, and in which partitions."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from meta_pipeline.delivery.briefing.folding import folded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.crons import runs_between, same_cron
from meta_pipeline.delivery.differences.difference import Difference, thing_name
from meta_pipeline.delivery.topology import UNRESOLVED, Pipeline
from meta_pipeline.gates.change.declared import settings_apart
from meta_pipeline.gates.change.expressions import resting_on
from meta_pipeline.gates.change.sides import Sides
from meta_pipeline.gates.change.spoken import speaks_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_FIELDS = frozenset({"schedule", "timezone", "start_date", "catchup", "paused"})
_OF_SCHEDULE = frozenset({"timezone", "paused"})
_NODE_FIELDS = frozenset({"partitions", "automation"})
_ARGUMENTS = {
    "schedule": ("schedule", "schedule_interval", "timetable", "cron", "interval", "rrule"),
    "timezone": ("start_date", "timezone"),
    "start_date": ("start_date",),
    "catchup": ("catchup",),
    "paused": ("is_paused_upon_creation", "paused"),
    "partitions": ("partitions_def",),
    "automation": ("automation_condition", "auto_materialize_policy"),
}
"""Under which arguments source gives a field."""
_TIMING = re.compile(
    r"cron|schedul|interval|timetable|rrule|partition|automation|auto_?materializ|eager|catchup|start_date|timezone"
    r"|tz\b|paused",
    re.IGNORECASE,
)
_FRESHNESS = re.compile("fresh", re.IGNORECASE)
"""Of how late data may be, CHG018 tells."""
_UTC = frozenset({None, "UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "utc"})


def timing_changed(change: Change) -> Iterator[Weighed]:
    """What is known to change, and what source tells on one side alone; what is alike is one finding."""
    sides = Sides(change)
    told: dict[tuple[Strength, str], list[Difference]] = {}
    for difference in _changed(change):
        if not _is_same(difference) and not (not difference.is_known and _rests_on_same(difference, sides)):
            told.setdefault(_judged(difference, sides), []).append(difference)
    for (strength, consequence), differences in told.items():
        for one in folded(tuple(differences), change.base_topologies, change.head_topologies):
            first = one.differences[0]
            known = "" if first.is_known else "; whether it stays the same cannot be known"
            restored = "take it away again" if first.before is None else f"restore {first.before}"
            what = first.node or first.pipeline if len(one.differences) == 1 else "they"
            runs = "run" if what == "they" else "runs"
            yield weighed(
                strength,
                f"{one.sentence}{consequence}{known}",
                f"{restored}, or approve when and how often {what} {runs}",
                path=first.path,
                line=first.line,
                pipelines=[difference.pipeline for difference in one.differences],
            )


def _changed(change: Change) -> Iterator[Difference]:
    told = {d.pipeline for d in change.differences if d.node is None and d.field == "schedule"}
    for difference in change.differences:
        if difference.node is not None:
            if difference.field in _NODE_FIELDS:
                yield difference
        elif difference.field in _FIELDS:
            # A pipeline without a schedule has neither a zone nor a state; they come and go with it.
            follows = None in (difference.before, difference.after) and difference.pipeline in told
            if difference.field not in _OF_SCHEDULE or not follows:
                yield difference


def _is_same(difference: Difference) -> bool:
    """Whether both values are one in two spellings."""
    before, after = difference.before, difference.after
    match difference.field:
        case "schedule":
            return isinstance(before, str) and isinstance(after, str) and same_cron(before, after)
        case "timezone":
            return before in _UTC and after in _UTC
        case "start_date":
            moments = _moment(before), _moment(after)
            return moments[0] is not None and moments[0] == moments[1]
    return False


def _rests_on_same(difference: Difference, sides: Sides) -> bool:
    """Whether what source does not tell on one side has one text on both: then only the reader knows more or less."""
    arguments = _ARGUMENTS.get(difference.field, ())
    before, after = sides.nodes(difference) if difference.node is not None else sides.pipelines(difference)
    if before is None or after is None or not before.path or not after.path:
        return False
    old = resting_on(sides.change.base, before.path, before.line, arguments)
    new = resting_on(sides.change.head, after.path, after.line, arguments)
    # Where neither side gives catchup, it is the scheduler's default, which only the reader knows better now.
    return old == new and (old is not None or difference.field == "catchup")


def _judged(difference: Difference, sides: Sides) -> tuple[Strength, str]:
    """The weight of a change, and what follows from it."""
    pipeline = sides.pipelines(difference)[1]
    if not difference.is_known and not speaks_of(sides.change, _TIMING, but=_FRESHNESS):
        return "warned", ""
    if difference.field == "catchup" and difference.after is True and pipeline is not None:
        return "needs_approval", _missed(pipeline)
    if difference.field != "start_date" or pipeline is None:
        return "needs_approval", ""
    old, new = _moment(difference.before), _moment(difference.after)
    if old is None or new is None:
        return "needs_approval", ""
    if new > old:
        return "needs_approval", "; until then, no run starts by itself"
    if pipeline.catchup is False:
        return "warned", ", which starts no run by itself"
    runs = _runs(pipeline, new, old)
    return "needs_approval", f", and it may make up for about {runs} more runs" if runs else ""


def _missed(pipeline: Pipeline) -> str:
    """How many runs a year catchup may start, since the start date."""
    start = _moment(pipeline.start_date)
    if start is None:
        return ""
    runs = _runs(pipeline, start, start + timedelta(days=365))
    return f", {start.date()}: about {runs} runs for each year in which none was made" if runs else ""


def _runs(pipeline: Pipeline, start: datetime, end: datetime) -> int | None:
    if not pipeline.schedule or pipeline.schedule == UNRESOLVED:
        return None
    return runs_between(pipeline.schedule, pipeline.timezone, start, end)


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def unseen_changes(change: Change) -> Iterator[Weighed]:
    """Values that source does not tell on either side, while what they are made of changes."""
    if not any(file.path.endswith(".py") for file in change.files):
        return
    sides = Sides(change)
    for place, after in sides.head.items():
        before = sides.base.get(place)
        for field in _FIELDS if before is not None else ():
            if not UNRESOLVED == getattr(before, field) == getattr(after, field):
                continue
            assert before is not None
            texts = (
                resting_on(change.base, before.path, before.line, _ARGUMENTS[field]),
                resting_on(change.head, after.path, after.line, _ARGUMENTS[field]),
            )
            if None not in texts and texts[0] != texts[1]:
                what = field.replace("_", " ")
                yield weighed(
                    "needs_approval",
                    f"what the {what} of {thing_name('', after.id, None)} is made of changes, and source does not "
                    "tell which value comes out",
                    f"look which {what} the scheduler sees, and approve it",
                    path=after.path,
                    line=after.line,
                    pipelines=[after.id],
                )


def ends_moved(change: Change) -> Iterator[Weighed]:
    """DAGs that get an end date, or another one: after it, no run starts."""
    for setting in settings_apart(change, frozenset({"end_date"})):
        if setting.by in ("DAG", "dag") or setting.by.endswith("args"):
            said = f"now has the end date {setting.after}" if setting.after else "has no end date any more"
            was = f" (before: {setting.before})" if setting.before else ""
            yield weighed(
                "needs_approval",
                f"{setting.of} {said}{was}; after an end date, no run starts",
                "restore it, or approve until when it runs",
                path=setting.path,
                line=setting.line,
            )
