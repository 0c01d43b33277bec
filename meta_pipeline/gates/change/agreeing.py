"""What no longer agrees among the manifests and locks that a change touches."""

import re
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.dependencies.agreement import (
    Disagreement,
    disagreements,
    lock_of,
    manifest_at,
    touched_manifests,
)
from meta_pipeline.delivery.dependencies.kinds import kind_of_lock
from meta_pipeline.delivery.dependencies.locks import read_lock
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_CONSTRAINTS = re.compile(r"/constraints-(?P<version>\d[\w.]*)/")


def unagreed(change: Change) -> Iterator[Weighed]:
    """Requirements that a lock does not hold, locks that are broken or gone, constraints for another release."""
    paths = frozenset(file.path for file in change.files)
    yield from _stale(change, paths)
    yield from _unreadable(change)
    yield from _lost_locks(change)
    yield from _other_constraints(change)


def _stale(change: Change, paths: frozenset[str]) -> Iterator[Weighed]:
    for path in touched_manifests(change.head, paths):
        known = {(one.wanted.name, bool(one.held)) for one in disagreements(change.base, path)}
        for one in disagreements(change.head, path):
            if (one.wanted.name, bool(one.held)) not in known:
                yield _weighed(one)


def _weighed(one: Disagreement) -> Weighed:
    if one.held:
        message = (
            f"'{one.wanted.asks}' of {one.manifest} and its lock disagree: {one.lock} holds "
            f"{' and '.join(one.held)}, which is installed instead or not at all"
        )
    else:
        message = f"'{one.wanted.asks}' of {one.manifest} is not in {one.lock}: who installs by the lock goes without"
    # A group that only some install is missed later, by somebody who sees why.
    strength: Strength = "needs_approval" if one.wanted.conditional and not one.held else "failed"
    fix = f"make {one.lock} again and commit it too"
    return weighed(strength, message, fix, path=one.manifest, line=one.wanted.line)


def _unreadable(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.new is None or not kind_of_lock(file.path) or file.path.endswith(".in"):
            continue
        readable = read_lock(file.path, text_of(change.head, file.path) or "") is not None
        was = file.old is None or read_lock(file.path, text_of(change.base, file.path) or "") is not None
        if was and not readable:
            yield weighed(
                "failed",
                f"{file.path} can no longer be read, so that nothing can be installed by it",
                "make the lock again",
                path=file.path,
                line=1,
            )


def _lost_locks(change: Change) -> Iterator[Weighed]:
    for file in change.files:
        if file.status != "deleted" or not kind_of_lock(file.path):
            continue
        for path in touched_manifests(change.base, frozenset({file.path})):
            before = manifest_at(change.base, path)
            after = manifest_at(change.head, path)
            lock = lock_of(change.base, before) if before else None
            if lock is None or lock.path != file.path or after is None:
                continue
            if after.wanted and lock_of(change.head, after) is None:
                yield weighed(
                    "needs_approval",
                    f"{file.path} is deleted, so that nothing holds the releases that {path} leaves open",
                    "keep the lock",
                    path=file.path,
                    line=1,
                )
                break


def _other_constraints(change: Change) -> Iterator[Weighed]:
    """A constraint file of Airflow is made for one release of it."""
    for file in change.files:
        after = manifest_at(change.head, file.path) if file.new is not None else None
        if after is None:
            continue
        airflow = next((one for one in after.wanted if one.name == "apache-airflow"), None)
        pins = [s.version for s in (airflow.allows or ()) if s.operator == "=="] if airflow else []
        for name, value, line in after.options:
            made_for = _CONSTRAINTS.search(value)
            if airflow is None or not pins or name not in ("-c", "--constraint") or not made_for:
                continue
            if made_for["version"] != pins[0] and not _disagreed(change, file.path):
                yield weighed(
                    "failed",
                    f"{file.path} installs Airflow {pins[0]} with the constraints of {made_for['version']}: its "
                    "providers are then of releases that were never tried together",
                    f"use the constraints of {pins[0]}",
                    path=file.path,
                    line=line,
                )


def _disagreed(change: Change, path: str) -> bool:
    before = manifest_at(change.base, path)
    if before is None:
        return False
    pins = {s.version for one in before.wanted if one.name == "apache-airflow" for s in one.allows or ()}
    made_for = {m["version"] for _, value, _ in before.options if (m := _CONSTRAINTS.search(value))}
    return bool(pins and made_for and not pins & made_for)
