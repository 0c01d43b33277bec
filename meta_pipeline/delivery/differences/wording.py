"""How a change of one field is said: durations, crons and switches as a person would put them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from meta_pipeline.delivery.differences.crons import in_words
from meta_pipeline.delivery.differences.phrases import Thing, duration, link_name, listed
from meta_pipeline.delivery.differences.wording_lists import change_of_list
from meta_pipeline.delivery.topology import UNRESOLVED, Link

Value: TypeAlias = str | int | float | bool | tuple[str, ...] | tuple[Link, ...] | None
Saying: TypeAlias = Callable[[Thing, Value, Value], str]

_TIMES = {1: "once", 2: "twice"}
_RULES = {
    "all_success": "once all before it succeeded",
    "all_failed": "once all before it failed",
    "all_done": "once all before it are done, failed or not",
    "all_done_min_one_success": "once all before it are done and one succeeded",
    "all_skipped": "once all before it were skipped",
    "one_failed": "as soon as one before it failed",
    "one_success": "as soon as one before it succeeded",
    "one_done": "as soon as one before it is done",
    "none_failed": "once none before it failed",
    "none_failed_min_one_success": "once none before it failed and one succeeded",
    "none_skipped": "once none before it was skipped",
    "always": "at once, whatever is before it",
}
_TOPICS = {
    "schedule": "when {} {run}",
    "timezone": "in which time zone the schedule of {} is read",
    "start_date": "from when on {} {run}",
    "catchup": "whether {} {make} up for missed runs",
    "paused": "whether {} {start} out paused",
    "owner": "who owns {}",
    "tags": "which tags {} {have}",
    "timeout_s": "after what time {} {be} ended",
    "concurrency": "how often {} may run at once",
    "nodes_at_once": "how many nodes of {} may run at once",
    "active_runs": "how many runs of {} may go on at once",
    "pool": "in which pool {} {run}",
    "alerts": "who is told of what happens to {}",
    "kind": "what kind of node {} {be}",
    "operator": "what makes {}",
    "retries": "how often {} {be} retried",
    "retry_delay_s": "how long {} {wait} before a retry",
    "retry_backoff": "whether the wait before a retry of {} grows",
    "retry_delay_max_s": "how long the wait before a retry of {} may grow",
    "sla_s": "within what time {} should be done",
    "trigger_rule": "under which condition {} {start}",
    "group": "to which group {} {belong}",
    "upstream": "what {} {wait} for",
    "reads": "what {} {read}",
    "writes": "what {} {write}",
    "links": "which other pipelines {} {start} or {wait} for",
    "partitions": "how {} {be} partitioned",
    "automation": "when {} {run} by itself",
    "columns": "which columns {} {have}",
}

_LABELS = {"timezone": "time zone"}


def in_clear(field: str, value: Value) -> str:
    """A value as it stands in a sentence or a table."""
    if value is None:
        return "none"
    if value == UNRESOLVED:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return listed([link_name(one) if isinstance(one, Link) else one for one in value])
    if field.endswith("_s") and isinstance(value, int | float):
        return duration(value)
    if field == "start_date":
        return str(value).removesuffix("T00:00:00+00:00")
    return in_words(value) if field in ("schedule", "partitions") and isinstance(value, str) else str(value)


def change_of_field(thing: Thing, field: str, before: Value, after: Value) -> str:
    """What a changed field means, in one sentence without a full stop.

    Where a value cannot be known from source, before or after, the sentence says that, and claims no change.
    """
    topic = thing.fill(_TOPICS.get(field, f"the {field.replace('_', ' ')} of {{}}"))
    if after == UNRESOLVED:
        return f"it can no longer be known from source {topic} (before: {in_clear(field, before)})"
    if before == UNRESOLVED:
        return f"source now tells {topic}: {in_clear(field, after)}"
    if isinstance(before, tuple) or isinstance(after, tuple):
        return change_of_list(thing, field, _items(before), _items(after), topic)
    say = _SAYINGS.get(field)
    return say(thing, before, after) if say else _plain(thing, field, before, after)


def _items(value: Value) -> tuple[str | Link, ...]:
    return value if isinstance(value, tuple) else ()


def _plain(thing: Thing, field: str, before: Value, after: Value) -> str:
    what, old, new = (
        _LABELS.get(field, field.replace("_", " ")),
        in_clear(field, before),
        in_clear(field, after),
    )
    if before is None:
        return thing.fill(f"{{}} now {{have}} the {what} {{}}", new)
    if after is None:
        return thing.fill(f"{{}} no longer {{have}} the {what} {{}}", old)
    return f"the {what} of {thing.name} is {new} instead of {old}"


def _switch(on: str, off: str) -> Saying:
    def say(thing: Thing, before: Value, after: Value) -> str:
        return thing.fill(on if after else off)

    return say


def _limit(unit: str, now: str, gone: str, before_it: str) -> Saying:
    """A number or a duration that something is held to: `now` says which, `gone` that there is none any more."""

    def say(thing: Thing, before: Value, after: Value) -> str:
        old, new = in_clear(unit, before), in_clear(unit, after)
        if after is None:
            return f"{thing.fill(gone)} (before: {old})"
        said = thing.fill(now, new)
        return f"{said} instead of {old}" if before is not None else f"{said}; {before_it}"

    return say


def _schedule(thing: Thing, before: Value, after: Value) -> str:
    old, new = in_clear("schedule", before), in_clear("schedule", after)
    if before is None:
        return thing.fill("{} now {run} by itself, {}; before, it had no schedule", new)
    if after is None:
        return thing.fill("{} no longer {run} by itself (before: {})", old)
    return thing.fill("{} now {run} {} instead of {}", new, old)


def _retries(thing: Thing, before: Value, after: Value) -> str:
    if not after:
        return thing.fill("{} {be} no longer retried (before: {})", _times(before))
    if not before:
        return thing.fill("{} {be} now retried {}; before, a failure was final", _times(after))
    return thing.fill("{} {be} now retried {} instead of {}", _times(after), _times(before))


def _times(count: Value) -> str:
    return _TIMES.get(count, f"{count} times") if isinstance(count, int) else str(count)


def _rule(thing: Thing, before: Value, after: Value) -> str:
    old, new = (f"{_RULES[str(one)]} ({one})" if str(one) in _RULES else str(one) for one in (before, after))
    return thing.fill("{} now {start} {} instead of {}", new, old)


def _automation(thing: Thing, before: Value, after: Value) -> str:
    if before is None:
        return thing.fill("{} now {run} by itself: {}", str(after))
    if after is None:
        return thing.fill("{} no longer {run} by itself (before: {})", str(before))
    return f"what makes {thing.name} run by itself is now {after} instead of {before}"


def _partitions(thing: Thing, before: Value, after: Value) -> str:
    old, new = in_clear("partitions", before), in_clear("partitions", after)
    if before is None:
        return thing.fill("{} {be} now partitioned: {}", new)
    if after is None:
        return thing.fill("{} {be} no longer partitioned (before: {})", old)
    return f"the partitions of {thing.name} are {new} instead of {old}"


def _paused(thing: Thing, before: Value, after: Value) -> str:
    if after is None:
        return thing.fill("whether {} {start} out paused is no longer said")
    if after:
        return thing.fill("{} now {start} out paused")
    return thing.fill("{} no longer {start} out paused" if before else "{} now {start} out active")


_UNLIMITED = "before, there was no limit"
_SAYINGS: Mapping[str, Saying] = {
    "schedule": _schedule,
    "catchup": _switch(
        "{} now {make} up for runs that it missed since its start date",
        "{} no longer {make} up for runs that it missed",
    ),
    "paused": _paused,
    "retries": _retries,
    "retry_delay_s": _limit(
        "_s",
        "{} now {wait} {} before a retry",
        "{} no longer {wait} before a retry",
        "before, it did not wait",
    ),
    "retry_backoff": _switch(
        "the wait before a retry of {} now grows with each try",
        "the wait before a retry of {} no longer grows with each try",
    ),
    "retry_delay_max_s": _limit(
        "_s",
        "the wait before a retry of {} now grows to {} at most",
        "the wait before a retry of {} may grow without end",
        "before, it could grow without end",
    ),
    "timeout_s": _limit(
        "_s",
        "{} {be} now ended after {}",
        "{} {be} no longer ended by a time-out",
        "before, it could run for any time",
    ),
    "sla_s": _limit(
        "_s",
        "{} should now be done within {}",
        "no service level is set for {} any more",
        "before, no service level was set",
    ),
    "trigger_rule": _rule,
    "automation": _automation,
    "partitions": _partitions,
    "active_runs": _limit(
        "",
        "{} may now have {} of its runs at once",
        "the runs at once of {} are no longer limited",
        _UNLIMITED,
    ),
    "nodes_at_once": _limit(
        "",
        "{} may now run {} of its nodes at once",
        "the nodes at once of {} are no longer limited",
        _UNLIMITED,
    ),
    "concurrency": _limit(
        "", "{} may now run {} times at once", "how often {} {run} at once is no longer limited", _UNLIMITED
    ),
}
