"""Automation conditions as texts.

A condition with a label is its label, and any other is written as the code that makes it would be:
`missing & ~in_progress`, `newly_updated.since(newly_requested)`, `any_deps_match(missing)`.
"""

from collections.abc import Mapping
from datetime import timedelta

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.schedulers.dagster.static.settings import given
from meta_pipeline.schedulers.dagster.static.values import Condition

CUSTOM = Condition("custom condition")
_NAMED = frozenset(
    (
        *("eager", "on_missing", "any_downstream_conditions", "missing", "in_progress", "run_in_progress"),
        *("backfill_in_progress", "execution_failed", "check_passed", "check_failed", "initial_evaluation"),
        *("will_be_requested", "newly_updated", "newly_requested", "newly_missing", "code_version_changed"),
        *("data_version_changed", "freshness_passed", "freshness_warned", "freshness_failed"),
        *("any_deps_updated", "any_deps_missing", "any_deps_in_progress", "all_deps_blocking_checks_passed"),
    )
)
_OF_CRON = ("on_cron", "cron_tick_passed", "all_deps_updated_since_cron")


def condition_of(name: str, positional: list[object], named: Mapping[object, object]) -> Condition:
    """What `AutomationCondition.name(...)` makes."""
    first = positional[0] if positional else None
    if name in _OF_CRON:
        cron = first if positional else given(named, "cron_schedule")
        zone = positional[1] if len(positional) > 1 else given(named, "cron_timezone", "UTC")
        known = isinstance(cron, str) and isinstance(zone, str)
        return Condition(f"{name}({cron}, {zone})" if known else UNRESOLVED)
    if name in ("any_deps_match", "all_deps_match"):
        operand = first if positional else given(named, "condition")
        return _made(f"{name}({{}})", operand)
    if name == "in_latest_time_window":
        delta = first if positional else given(named, "lookback_delta")
        if delta is None:
            return Condition(name)
        return Condition(
            f"{name}({delta.total_seconds():g} s)" if isinstance(delta, timedelta) else UNRESOLVED
        )
    return Condition(name) if name in _NAMED else CUSTOM


def method_of(condition: Condition, name: str, positional: list[object]) -> Condition:
    """`condition.name(...)`; what changes the inside of a condition makes it the code's own."""
    match name, positional:
        case "with_label", [label]:
            own = isinstance(label, str) and label not in ("eager", "on_missing")
            return Condition(str(label)) if own else condition if condition.text == label else CUSTOM
        case "since", [reset]:
            return _made(f"{bracketed(condition)}.since({{}})", reset)
        case "newly_true", []:
            return _made("{}.newly_true()", Condition(bracketed(condition)))
        case "since_last_handled", []:
            return _made("{}.since(handled)", Condition(bracketed(condition)))
    return CUSTOM


def joined(sign: str, left: object, right: object) -> Condition:
    """`left & right` or `left | right`; parts under the same operator need no brackets."""
    texts = [
        (one.text if one.joint == sign else bracketed(one)) if isinstance(one, Condition) else UNRESOLVED
        for one in (left, right)
    ]
    return _checked(Condition(f" {sign} ".join(texts), sign))


def inverted(condition: Condition) -> Condition:
    """`~condition`."""
    return _checked(Condition(f"~{bracketed(condition)}"))


def bracketed(condition: Condition) -> str:
    """The text as a part of another one."""
    return f"({condition.text})" if condition.joint else condition.text


def _made(template: str, operand: object) -> Condition:
    return _checked(
        Condition(template.format(operand.text if isinstance(operand, Condition) else UNRESOLVED))
    )


def _checked(condition: Condition) -> Condition:
    """A condition of which any part is not known is not known itself."""
    if UNRESOLVED in condition.text:
        return Condition(UNRESOLVED)
    return CUSTOM if CUSTOM.text in condition.text else condition
