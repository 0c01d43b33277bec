"""Automation conditions as texts; a part of `probe.py`.

A condition with a label is its label, and any other is written as the code that makes it would be:
`missing & ~in_progress`, `newly_updated.since(newly_requested)`, `any_deps_match(missing)`.
"""

from __future__ import annotations

import re
from typing import Any

CUSTOM = "custom condition"
_LABELLED_PLAINLY = ("eager", "on_missing")
_CRON = re.compile(r"on_cron\((?P<cron>.*), (?P<zone>[^,]+)\)")
_OF_TESTS = {"AnyDepsCondition": "any_deps_match", "AllDepsCondition": "all_deps_match"}


def automation_of(asset: Any) -> str | None:
    condition = getattr(asset, "automation_condition", None) or getattr(
        asset, "auto_materialize_policy", None
    )
    if condition is None:
        return None
    kind = getattr(__import__("dagster"), "AutomationCondition", None)
    if kind is None or not hasattr(condition, "get_label") or hasattr(condition, "rules"):
        return CUSTOM
    text = Writer(kind).text(condition, inside=False)
    return CUSTOM if CUSTOM in text else text


class Writer:
    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def text(self, condition: Any, *, inside: bool = True) -> str:
        label = condition.get_label()
        if label:
            return str(label) if self.is_what_it_says(label, condition) else CUSTOM
        name = type(condition).__name__
        for ending, sign in (("AndAutomationCondition", " & "), ("OrAutomationCondition", " | ")):
            if name == ending:
                joined = sign.join(self.flat(condition, name))
                return f"({joined})" if inside else joined
        if name == "NotAutomationCondition":
            return f"~{self.text(condition.operand)}"
        if name == "SinceCondition":
            reset = self.text(condition.reset_condition, inside=False)
            return f"{self.text(condition.trigger_condition)}.since({reset})"
        if name == "NewlyTrueCondition":
            return f"{self.text(condition.operand)}.newly_true()"
        if name in _OF_TESTS:
            if condition.allow_selection is not None or condition.ignore_selection is not None:
                return CUSTOM
            return f"{_OF_TESTS[name]}({self.text(condition.operand, inside=False)})"
        return self.leaf(condition, name)

    def leaf(self, condition: Any, name: str) -> str:
        if name == "CronTickPassedCondition":
            return f"cron_tick_passed({condition.cron_schedule}, {condition.cron_timezone})"
        if name == "AnyDownstreamConditionsCondition":
            return "any_downstream_conditions"
        if name == "InLatestTimeWindowCondition":
            delta = getattr(condition, "lookback_timedelta", None)
            seconds = f"({delta.total_seconds():g} s)" if delta is not None else ""
            return f"in_latest_time_window{seconds}"
        own = type(condition).__module__.startswith("dagster.")
        plain = own and not condition.children and re.fullmatch(r"[a-z_]+", condition.name)
        return str(condition.name) if plain else CUSTOM

    def flat(self, condition: Any, name: str) -> list[str]:
        """The parts of `a & b & c`, however they were bracketed."""
        found: list[str] = []
        for part in condition.operands:
            if type(part).__name__ == name and not part.get_label():
                found += self.flat(part, name)
            else:
                found.append(self.text(part))
        return found

    def is_what_it_says(self, label: str, condition: Any) -> bool:
        """Whether a condition with one of Dagster's own labels is still as Dagster makes it."""
        cron = _CRON.fullmatch(label)
        if cron:
            return bool(self.kind.on_cron(cron["cron"], cron["zone"]) == condition)
        return label not in _LABELLED_PLAINLY or bool(getattr(self.kind, label)() == condition)
