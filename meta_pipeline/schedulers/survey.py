"""The topologies of a repository at one moment, read from source, and of a change's two sides."""

import posixpath

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import SchedulerKind, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from meta_pipeline.schedulers.detect import detect

READABLE: tuple[SchedulerKind, ...] = ("airflow",)
"""The schedulers whose pipelines this version reads from source."""


def survey(tree: Tree, policy: Policy) -> tuple[Topology, ...]:
    """The static topologies of `tree`, one for each folder of pipelines, in the order of schedulers and folders.

    Folders come from the policy; where it names no scheduler, or no folder, they are detected.
    """
    imports = _import_roots(policy)
    return tuple(
        read_topology(tree, folder, imports)
        for kind, folders in _schedulers(tree, policy)
        if kind in READABLE
        for folder in folders
    )


def schedulers_without_reader(tree: Tree, policy: Policy) -> tuple[SchedulerKind, ...]:
    """The schedulers that the repository uses and that `survey` says nothing about."""
    used = {kind for kind, _ in _schedulers(tree, policy)} | {found.kind for found in detect(tree)}
    return tuple(sorted(used - set(READABLE)))


def read_change(base: Tree, head: Tree, policy_base: Policy) -> Change:
    """Both sides of a change, judged by the base's policy."""
    return Change(
        base=base,
        head=head,
        base_topologies=survey(base, policy_base),
        head_topologies=survey(head, policy_base),
    )


def _schedulers(tree: Tree, policy: Policy) -> tuple[tuple[SchedulerKind, tuple[str, ...]], ...]:
    chosen: SchedulerPolicy | None = policy.scheduler
    if chosen and chosen.paths:
        return ((chosen.kind, _outermost(chosen.paths)),)
    found = [(detected.kind, _outermost(detected.paths)) for detected in detect(tree)]
    if chosen is None:
        return tuple(found)
    return tuple(pair for pair in found if pair[0] == chosen.kind) or ((chosen.kind, ()),)


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
