"""What the settings of a Dagster instance keep safe: limits of runs at once, the watch over runs, and their retries.

They stand in `dagster.yaml`, in the settings of a deployment of Dagster+, or in the values of its Helm chart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_documents
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_MUCH = 2
_FILE = re.compile(r"(?:^|/)dagster[\w.-]*\.ya?ml$")
_SECTION = re.compile(
    rb"^\s*(?:run_coordinator|runCoordinator|run_queue|run_monitoring|runMonitoring|run_retries|runRetries"
    rb"|tag_concurrency_limits|tagConcurrencyLimits)\s*:",
    re.MULTILINE,
)
_LIMITS = {
    "max_concurrent_runs": "more runs at once reach for what bears only so many",
    "tag_concurrency_limits": "runs that were kept apart may now write the same data at once",
    "default_op_concurrency_limit": "more work at once reaches for what bears only so much",
    "default_limit": "more work at once reaches for what bears only so much",
    "max_runtime_seconds": "a run that hangs holds its slot until somebody sees it",
    "start_timeout_seconds": "a run that never starts waits until somebody sees it",
}
_ALL = "-1"
_MONITORING, _RETRIES, _COORDINATOR = "run_monitoring", "run_retries", "run_coordinator"
_QUEUED = "QueuedRunCoordinator"


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    line: int


_Values = dict[tuple[str, ...], _Value]


def instance_loosened(change: Change) -> Iterator[Weighed]:
    """Limits of an instance that are gone or much higher, and a watch over its runs that is off."""
    for file, before, after in _sides(change):
        for key, old in before.items():
            new = _same(key, after)
            strength: Strength | None = None
            if why := _LIMITS.get(key[-2] if key[-1].startswith("(") else key[-1], ""):
                strength = _raised(old.text, new.text if new else None)
            elif key[-2:] == (_MONITORING, "enabled"):
                strength = "needs_approval" if _is_switched_off(old, new) else None
                why = "nobody sees that a run's process is gone"
            elif key[-2:] == (_COORDINATOR, "class") and old.text == _QUEUED:
                strength = "needs_approval" if new is not None and new.text != _QUEUED else None
                why = "runs start at once, and no limit of runs holds"
            if strength is not None:
                yield _told(file, key, old, new, strength, why)


def instance_retries_lost(change: Change) -> Iterator[Weighed]:
    """Runs that an instance tried again, and does not any more, or less often."""
    why = "a passing fault of the machinery now fails the whole run"
    for file, before, after in _sides(change):
        for key, old in before.items():
            if key[-2:] != (_RETRIES, "enabled") or not _is_on(old):
                continue
            many = (*key[:-1], "max_retries")
            new, most, most_now = _same(key, after), before.get(many), _same(many, after)
            if _is_switched_off(old, new):
                yield _told(file, key, old, new, "failed", why)
            elif most is not None and (_number(most_now.text if most_now else "0") or 0) < (
                _number(most.text) or 0
            ):
                yield _told(file, many, most, most_now, "needs_approval", why)


def _same(key: tuple[str, ...], after: _Values) -> _Value | None:
    """The value under a key, or under the same last names elsewhere: releases of Dagster moved their sections."""
    last = -2 if key[-1].startswith("(") or key[-1] in ("enabled", "class", "max_retries") else -1
    return after.get(key) or next(
        (value for other, value in after.items() if other[last:] == key[last:]), None
    )


def _told(
    file: FileChange, key: tuple[str, ...], old: _Value, new: _Value | None, strength: Strength, why: str
) -> Weighed:
    now = f"is now {new.text}" if new is not None else "is gone"
    return weighed(
        strength,
        f"{'.'.join(key)} of the Dagster instance {now} (before: {old.text}): {why}",
        "restore it" if strength == "failed" else "restore it, or have a person confirm that it may go",
        path=file.path,
        line=new.line if new is not None else old.line,
    )


def _is_on(value: _Value | None) -> bool:
    return value is not None and value.text.lower() == "true"


def _is_switched_off(old: _Value, new: _Value | None) -> bool:
    return _is_on(old) and not _is_on(new)


def _raised(before: str, after: str | None) -> Strength | None:
    """A limit that is gone or much higher needs a person; one that is a little higher is told of."""
    old = _number(before)
    if old is None or before == _ALL:
        return None
    new = _number(after) if after is not None else None
    if new is None or after == _ALL:
        return "needs_approval"
    if new <= old:
        return None
    return "needs_approval" if new > _MUCH * old else "warned"


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _sides(change: Change) -> Iterator[tuple[FileChange, _Values, _Values]]:
    added = {PurePosixPath(file.path).name for file in change.files if file.status == "added"}
    for file in change.files:
        if not file.path.endswith((".yaml", ".yml")) or not file.old or is_apart(file.path):
            continue
        is_moved = file.new is None and PurePosixPath(file.path).name in added
        if is_moved or not (_FILE.search(file.path) or _SECTION.search(file.old)):
            continue
        before, after = _values(file.path, file.old), _values(file.path, file.new or b"")
        if before is not None and after is not None:
            yield file, before, after


def _values(path: str, data: bytes) -> _Values | None:
    """Each watched value under the names around it, those of the chart written as the instance has them."""
    read = read_documents(data.decode("utf-8", errors="replace"), path)
    if isinstance(read, Unreadable):
        return None
    found: _Values = {}
    for document in read:
        _collect(document, (), found)
    return found


def _collect(value: Located, around: tuple[str, ...], found: _Values) -> None:
    for key, held in value.pairs():
        name = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower()
        if name == "tag_concurrency_limits":
            for one in held.each():
                of = "=".join(filter(None, (one.get("key").text, _flat(one.get("value")))))
                found[*around, name, f"({of})"] = _Value(one.get("limit").text, one.line)
        elif held.text:
            found[*around, name] = _Value(held.text, held.line)
        else:
            _collect(held, (*around, name), found)


def _flat(value: Located) -> str:
    return value.text or " ".join(f"{key}: {held.text}" for key, held in value.pairs())
