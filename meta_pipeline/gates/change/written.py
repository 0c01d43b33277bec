"""Safeguards that no topology shows: waits on past runs, blocking checks, freshness policies and the like."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.crons import runs_between
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates.change.dbt_settings import dbt_settings
from meta_pipeline.gates.change.declared import Setting, declarations_gone, settings_apart
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_SWITCHES = {
    "depends_on_past": "a run no longer waits for the one before it, so that runs may build on what is not there",
    "wait_for_downstream": "a run no longer waits for what follows the one before it",
    "blocking": "what comes after a failed check now runs on the data that it found to be bad",
    "persist_result": "a retry has to do again what was done already",
}
"""Switches that keep something safe while they are on."""
_VALUES = {
    "freshness_policy": "nobody is told when the data gets old",
    "legacy_freshness_policy": "nobody is told when the data gets old",
    "partition_mapping": "it may read the wrong partitions",
    "failed_states": "a wait no longer ends when what it waits for fails",
}
_TIMEOUTS = {
    "timeout": "what hangs holds its slot until somebody sees it, a sensor for a week",
    "execution_timeout": "what hangs holds its slot until somebody sees it",
    "dagrun_timeout": "a run that hangs keeps later ones waiting until somebody sees it",
}
_DEADLINES = {
    "timezone": "the data may be late, or said to be, by the hours between both zones",
    "deadline_cron": "the data is looked at at other times",
}
_OF_DEADLINE = frozenset(
    {"cron", "build_last_update_freshness_checks", "build_time_partition_freshness_checks"}
)
_ZONE = re.compile(r"timezone=['\"]([\w/]+)")
_TIMED = re.compile(r"\w*(?:Sensor|SensorAsync|Operator)|task|dag|DAG|\w*(?:default|args)\w*", re.IGNORECASE)
"""What ends by a time-out of Airflow: not every call that takes one, such as a request."""
_STATES = re.compile(r"fail", re.IGNORECASE)
_LOOSE = {"soft_fail": "a sensor that fails is only skipped, and what follows it too"}
"""Switches that loosen something when they are on."""
_ON_UNLESS_SAID = {"validate_parameters": "a run starts with whatever it is given, of any type and shape"}
"""Switches that keep something safe unless they are turned off."""
_SENSORS = frozenset(
    {
        *("run_failure_sensor", "make_slack_on_run_failure_sensor", "make_email_on_run_failure_sensor"),
        *("make_teams_on_run_failure_sensor", "make_slack_on_freshness_policy_status_change_sensor"),
    }
)
_PASSED_OVER = re.compile(r"\s*(?:\|\||;)\s*(?:true\b|:(?=\W|$)|exit\s+0\b)")
_PUNCTUATION = re.compile(r"[\s,\"'()]+")
_ON_SCHEMA_CHANGE = re.compile(rb"on_schema_change['\"]?\s*[=:]\s*['\"]?(\w+)")
_FULL_REFRESH = re.compile(rb"full_refresh['\"]?\s*[=:]\s*(false)\b", re.IGNORECASE)
_DBT = (".sql", ".yml", ".yaml")


def safeguards_unwritten(change: Change) -> Iterator[Weighed]:
    """What a declaration that stays has lost of its safeguards, and alerts that are gone whole."""
    watched = frozenset(
        {*_SWITCHES, *_VALUES, *_TIMEOUTS, *_LOOSE, *_ON_UNLESS_SAID, *_DEADLINES, "allowed_states"}
    )
    kept = _added_elsewhere(change)
    # Where a policy of freshness is read as a service level, or a time-out as a limit, the topologies tell of it.
    told = {(one.field, one.path) for one in change.differences}
    for setting in settings_apart(change, watched):
        judged = _judged(setting)
        field = "timeout_s" if setting.keyword in _TIMEOUTS else "sla_s"
        is_told = setting.keyword not in _SWITCHES and (field, setting.path) in told
        if judged is not None and not is_told and not (setting.after is None and setting.keyword in kept):
            strength, why = judged
            now = f"is now {setting.after}" if setting.after else "is gone"
            yield weighed(
                strength,
                f"{setting.keyword} of {setting.of} {now} (before: {setting.before or 'not set'}); {why}",
                "restore it, or have a person confirm that it may go",
                path=setting.path,
                line=setting.line,
            )
    for gone in declarations_gone(change, _SENSORS):
        yield weighed(
            "needs_approval",
            f"{gone.of}, which told of failed or late runs, is gone; a failure goes unseen",
            "keep it, or have a person confirm who is told now",
            path=gone.path,
            line=gone.line,
        )
    yield from _failures_passed_over(change)
    for file in change.files:
        if file.path.endswith(_DBT) and file.status == "modified":
            yield from _dbt(file)
    yield from dbt_settings(change)


def _is_oftener(setting: Setting) -> bool:
    """Whether a deadline now comes more often than before, counted over a week."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    before, after = (
        runs_between(f"{side}".strip("'\""), None, start, start + timedelta(days=7))
        for side in (setting.before, setting.after)
    )
    return before is not None and after is not None and after > before


def _judged(setting: Setting) -> tuple[Strength, str] | None:
    if setting.keyword == "allowed_states":
        goes_on = _STATES.search(setting.after or "") and not _STATES.search(setting.before or "")
        return ("needs_approval", "a wait now ends well when what it waits for fails") if goes_on else None
    if setting.keyword in _LOOSE:
        return ("needs_approval", _LOOSE[setting.keyword]) if setting.after == "True" else None
    if setting.keyword in _ON_UNLESS_SAID:
        return ("needs_approval", _ON_UNLESS_SAID[setting.keyword]) if setting.after == "False" else None
    if setting.before in (None, "None", "False"):
        return None
    if setting.keyword in _TIMEOUTS:
        is_lost = setting.after in (None, "None") and _TIMED.fullmatch(setting.by) is not None
        return ("needs_approval", _TIMEOUTS[setting.keyword]) if is_lost else None
    if setting.keyword in _DEADLINES:
        weight: Strength = "warned" if _is_oftener(setting) else "needs_approval"
        return (weight, _DEADLINES[setting.keyword]) if setting.by in _OF_DEADLINE else None
    if setting.keyword in _SWITCHES:
        is_off = setting.after in (None, "False", "None")
        return ("needs_approval", _SWITCHES[setting.keyword]) if is_off else None
    zones = _ZONE.findall(f"{setting.before}"), _ZONE.findall(f"{setting.after}")
    is_lost = setting.after in (None, "None") or (zones[0] != zones[1] and zones[0] != [])
    return ("needs_approval" if is_lost or setting.keyword == "partition_mapping" else "warned"), _VALUES[
        setting.keyword
    ]


def _added_elsewhere(change: Change) -> frozenset[str]:
    """The keywords that the change also adds to a declaration: what moved into or out of defaults is not lost."""
    return frozenset(
        one.keyword
        for one in settings_apart(change, frozenset({*_SWITCHES, *_TIMEOUTS}))
        if one.before is None and (one.after == "True" or one.keyword in _TIMEOUTS)
    )


def _failures_passed_over(change: Change) -> Iterator[Weighed]:
    """Commands in code and scripts of pipelines that are as they were, but may fail now."""
    for file in change.files:
        if not file.path.endswith((".py", ".sh")) or is_test(file.path):
            continue
        former = {_PUNCTUATION.sub("", line.text) for line in file.removed}
        for line in file.added:
            plain = _PASSED_OVER.sub("", line.text)
            if plain != line.text and _PUNCTUATION.sub("", plain) in former:
                yield weighed(
                    "needs_approval",
                    "the command may now fail, and what runs it goes on as if it had not",
                    "let it fail, or have a person confirm that nothing rests on it",
                    path=file.path,
                    line=line.number,
                )


def _dbt(file: FileChange) -> Iterator[Weighed]:
    old, new = file.old or b"", file.new or b""
    lost = Counter(_ON_SCHEMA_CHANGE.findall(old)) - Counter(_ON_SCHEMA_CHANGE.findall(new))
    if lost[b"fail"]:
        yield _unset(
            file, "on_schema_change", "a model no longer stops when the columns of its sources change"
        )
    elif lost[b"append_new_columns"] or lost[b"sync_all_columns"]:
        yield _unset(file, "on_schema_change", "columns that its sources get may be left out without a word")
    fewer = {key: old.count(key) - new.count(key) for key in (b"error_after:", b"freshness:", b"name:")}
    if fewer[b"error_after:"] > 0 and fewer[b"freshness:"] == 0 and fewer[b"name:"] <= 0:
        why = "data that is too old is only warned of, and what is built on it goes on"
        yield _unset(file, "error_after", why)
    if len(_FULL_REFRESH.findall(old)) > len(_FULL_REFRESH.findall(new)):
        why = "a full refresh now rebuilds the table, and loses what its sources no longer hold"
        yield _unset(file, "full_refresh: false", why)


def _unset(file: FileChange, what: str, why: str) -> Weighed:
    key = what.partition(":")[0]
    line = next((one.number for one in file.added if key in one.text), None)
    return weighed(
        "needs_approval",
        f"{what} is loosened or gone; {why}",
        "restore it, or have a person confirm that it may go",
        path=file.path,
        line=line,
    )
