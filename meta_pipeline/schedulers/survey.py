"""The topologies of a repository at one moment, read from source, and of a change's two sides."""

import posixpath
from collections.abc import Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.detect import Detected, detect
from meta_pipeline.schedulers.registry import READERS

_NAMES: Mapping[SchedulerKind, str] = {
    "airflow": "Airflow",
    "dagster": "Dagster",
    "prefect": "Prefect",
    "dbt": "dbt",
}


def survey(tree: Tree, policy: Policy) -> tuple[Topology, ...]:
    """The static topologies of `tree`, one for each folder of pipelines, in the order of schedulers and folders.

    Folders come from the policy; where it names no scheduler, or no folder, they are detected.
    """
    imports = _import_roots(policy)
    return tuple(
        topology
        for kind, folders in _schedulers(detect(tree), policy)
        if kind in READERS
        for folder in folders
        for topology in READERS[kind](tree, folder, imports)
    )


def schedulers_without_reader(tree: Tree, policy: Policy) -> tuple[SchedulerKind, ...]:
    """The schedulers that the repository uses and that `survey` says nothing about."""
    detected = detect(tree)
    used = {kind for kind, _ in _schedulers(detected, policy)} | {found.kind for found in detected}
    return tuple(sorted(used - READERS.keys()))


def not_read(tree: Tree, policy: Policy) -> tuple[str, ...]:
    """One sentence on the schedulers whose pipelines this version does not read; none where it reads all."""
    kinds = schedulers_without_reader(tree, policy)
    if not kinds:
        return ()
    names = " and ".join(_NAMES[kind] for kind in kinds)
    verb, their = ("is", "its") if len(kinds) == 1 else ("are", "their")
    sentence = (
        f"{names} {verb} used here, and this version does not read {their} pipelines yet: changes are judged "
        "by their files (secrets, removals, SQL, lint, tests), but not by schedules, retries and the like."
    )
    return (sentence,)


def read_change(base: Tree, head: Tree, policy_base: Policy) -> Change:
    """Both sides of a change, judged by the base's policy."""
    return Change(
        base=base,
        head=head,
        base_topologies=survey(base, policy_base),
        head_topologies=survey(head, policy_base),
    )


def _schedulers(
    detected: tuple[Detected, ...], policy: Policy
) -> tuple[tuple[SchedulerKind, tuple[str, ...]], ...]:
    """Each scheduler with its folders: the policy's own words first, what is detected where it is silent.

    A policy names one scheduler; dbt projects run under any.
    """
    chosen: SchedulerPolicy | None = policy.scheduler
    found = {each.kind: each.paths for each in detected}
    if chosen is not None:
        kept = {chosen.kind: chosen.paths or found.get(chosen.kind, ())}
        found = kept | ({"dbt": found["dbt"]} if "dbt" in found and chosen.kind != "dbt" else {})
    if policy.dbt:
        found["dbt"] = tuple(project.project for project in policy.dbt)
    return tuple((kind, _outermost(folders)) for kind, folders in found.items())


def _outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that lie in no other one, so that no file is read twice."""
    folders = sorted({posixpath.normpath(path.strip("/") or ".") for path in paths})
    return tuple(
        folder
        for folder in folders
        if not any(other == "." or folder.startswith(f"{other}/") for other in folders if other != folder)
    )


def _import_roots(policy: Policy) -> tuple[str, ...]:
    """The folders of `PYTHONPATH` that lie in the repository."""
    entries = policy.environment.variables.get("PYTHONPATH", "").split(":")
    return tuple(entry for entry in entries if entry and not entry.startswith(("/", "..")))
