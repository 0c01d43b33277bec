"""Pipelines, tasks, assets and tests that a change takes away or renames, and what of it only looks so."""

from collections import Counter
from collections.abc import Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.topology import Node, TopologyError, pipelines_of
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_LOOKING = frozenset({"asset_check", "test"})
"""Kinds of node that only look at data."""


def removed_topology(change: Change, plan: Plan | None) -> Iterator[Weighed]:
    """What the head's topologies no longer hold under its name, each with its weight; `plan` is None without one."""
    named = {(e.pipeline, e.node) for e in plan.edits if e.field in ("removed", "renamed")} if plan else set()
    known = {error for topology in change.base_topologies for error in topology.errors}
    new = [error for topology in change.head_topologies for error in topology.errors if error not in known]
    unreadable = {error.path for error in new if not error.opaque}
    carried_on = _carried_on(change)
    for difference in change.differences:
        if difference.change == "renamed":
            if difference.kind not in _LOOKING:
                yield _renamed(difference, is_named=not named.isdisjoint(difference.places))
            continue
        if difference.change != "removed" or difference.level not in ("pipeline", "node"):
            continue
        if (difference.pipeline, difference.node) in carried_on:
            continue
        is_named = (difference.pipeline, difference.node) in named
        cause, veiled = "", _veil(difference, new, change)
        fix = "confirm the removal" if is_named else "keep it, or have a plan approved that names the removal"
        if difference.path in unreadable:
            cause = ", as its file can no longer be read"
        elif veiled is not None:
            cause = f", unless {veiled.path}:{veiled.line or 1} makes it, which only a run can tell"
            fix = "look whether it is made there, and approve it if it is"
        yield weighed(
            strength_of(is_named=is_named or (veiled is not None and difference.path not in unreadable)),
            f"{difference.model_copy(update={'doubt': None}).sentence}{cause}; {_lost(difference)}",
            fix,
            path=difference.path,
            line=difference.line,
            pipeline=difference.pipeline or None,
        )


def _renamed(difference: Difference, *, is_named: bool) -> Weighed:
    """A renamed thing is as good as removed and made anew: the scheduler knows it by its name alone."""
    fix = (
        "confirm the new name"
        if is_named
        else "keep the name, or have a plan approved that names the renaming"
    )
    return weighed(
        strength_of(is_named=is_named),
        f"{difference.sentence}; to the scheduler it is a new one: its past runs, and who refers to it by its "
        "former name, stay behind",
        fix,
        path=difference.path,
        line=difference.line,
        pipeline=difference.pipeline or None,
    )


def _veil(difference: Difference, new: list[TopologyError], change: Change) -> TopologyError | None:
    """Code beside what was removed, of which source no longer tells what it makes: it may make that still.

    What source did not tell before either, of a file that was only moved, took nothing over.
    """
    before, after = change.base.entries(), change.head.entries()
    held = {entry.content for entry in before.values()}
    return next(
        (
            error
            for error in new
            if error.opaque
            and error.path in after
            and (error.path in before or after[error.path].content not in held)
            and _home(error.path) == _home(difference.path)
        ),
        None,
    )


def _home(path: str) -> str:
    """The outermost folder: of a repository with several projects, the project."""
    return path.partition("/")[0]


def _carried_on(change: Change) -> frozenset[tuple[str, str]]:
    """The removed tests that a new one of the same kind on the same column takes up.

    dbt names a test by its arguments, so that another list of accepted values is a test of another name.
    """
    old, new = pipelines_of(change.base_topologies), pipelines_of(change.head_topologies)
    found: set[tuple[str, str]] = set()
    for pipeline_id in old.keys() & new.keys():
        before = {node.id: node for node in old[pipeline_id].nodes if node.kind == "test"}
        after = {node.id: node for node in new[pipeline_id].nodes if node.kind == "test"}
        added = Counter(_tested(after[node_id]) for node_id in after.keys() - before.keys())
        for node_id in sorted(before.keys() - after.keys()):
            if added[_tested(before[node_id])] > 0:
                added[_tested(before[node_id])] -= 1
                found.add((pipeline_id, node_id))
    return frozenset(found)


def _tested(test: Node) -> tuple[str | None, tuple[str, ...], tuple[str, ...], str]:
    """What a generic test looks at: its kind, its models and sources, and the column, which its name tells."""
    for name in (*test.upstream, *(read.replace(".", "_") for read in test.reads)):
        _, found, rest = test.id.partition(f"_{name}_")
        if found:
            return test.operator, test.upstream, test.reads, rest.partition("__")[0]
    return test.operator, test.upstream, test.reads, test.id


def _lost(difference: Difference) -> str:
    if difference.node is not None and difference.kind in _LOOKING:
        return "what it would catch goes unseen"
    if difference.kind == "external_asset":
        return "nobody sees any more what depends on it"
    return "its runs stop and its data goes stale"


def strength_of(*, is_named: bool) -> Strength:
    """A removal that the plan names needs a person; any other is refused."""
    return "needs_approval" if is_named else "failed"
