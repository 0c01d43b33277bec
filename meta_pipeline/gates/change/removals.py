"""Pipelines, tasks and assets that a change takes away or renames, and what of it only looks so."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.briefing.folding import folded
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference, thing_name
from meta_pipeline.delivery.differences.phrases import listed
from meta_pipeline.delivery.plan import Plan
from meta_pipeline.delivery.topology import TopologyError
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates.change.going_on import GoingOn, Places
from meta_pipeline.gates.change.handwork import is_work
from meta_pipeline.gates.change.reaching import is_broken, module_of, statement_at
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_LOOKING = frozenset({"asset_check", "test"})
"""Kinds of node that only look at data: of those, CHG013 tells."""
_MANY_PIPELINES = 5
_LARGE_SHARE = 0.2


def removed_topology(change: Change, plan: Plan | None) -> Iterator[Weighed]:
    """What the head's topologies no longer hold under its name, each with its weight; `plan` is None without one.

    What is alike is one finding. Many pipelines at once are no longer a removal that a person confirms at a glance.
    """
    judged = [_judged(*removal, plan) for removal in _removals(change)]
    for alike in _alike(judged):
        first = alike[0]
        for told in folded(
            tuple(one.difference for one in alike), change.base_topologies, change.head_topologies
        ):
            yield weighed(
                first.strength,
                f"{told.sentence}{first.cause}; "
                + first.lost.replace("{its}", "their" if len(told.differences) > 1 else "its"),
                first.fix,
                path=told.differences[0].path,
                line=told.differences[0].line,
                pipelines=[one.pipeline for one in told.differences],
            )
    yield from _mass(change, [one for one in judged if one.strength == "needs_approval"], plan)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A removed or renamed thing with its weight, and what is said beside it, where `{its}` may be `their`."""

    difference: Difference
    strength: Strength
    cause: str
    lost: str
    fix: str


def _removals(change: Change) -> Iterator[tuple[Difference, str, Strength | None, GoingOn | None]]:
    """What is gone or renamed, why, the weight that this gives it beside the plan, and where its work goes on."""
    known = {error for topology in change.base_topologies for error in topology.errors}
    new = [error for topology in change.head_topologies for error in topology.errors if error not in known]
    unreadable = {error.path for error in new if not error.opaque}
    places = Places(change)
    for difference in change.differences:
        if difference.node is not None and difference.kind in _LOOKING:
            continue
        if difference.change == "renamed":
            yield difference, "", None, places.of(difference)
        elif not is_work(difference.path):
            continue  # a copy that a build made
        elif difference.change != "removed" or difference.level not in ("pipeline", "node"):
            continue
        elif (going_on := places.of(difference)) is not None and going_on.is_sure:
            yield difference, "", None, going_on
        elif difference.path in unreadable or is_broken(
            text_of(change.head, difference.path), difference.path
        ):
            yield difference, ", as its file can no longer be read", "failed", None
        elif (veiled := _veil(difference, new, change)) is not None:
            place = f"{veiled.path}:{veiled.line or 1}"
            # Where what makes it is written as before, only the reader of source has lost sight of it.
            strength: Strength = "warned" if _stands(difference, change) else "needs_approval"
            yield difference, f", unless {place} makes it, which only a run can tell", strength, None
        else:
            yield difference, "", None, going_on


def _judged(
    difference: Difference,
    cause: str,
    strength: Strength | None,
    going_on: GoingOn | None,
    plan: Plan | None,
) -> _Judged:
    bare = difference.model_copy(update={"doubt": None})
    places = frozenset({(difference.pipeline, difference.node)})
    if going_on is not None and going_on.is_sure:
        return _Judged(bare, "warned", "", going_on.where, "look whether it does there what it did before")
    if difference.change == "renamed":
        return _Judged(
            difference,
            strength_of(difference.places, plan),
            "",
            "to the scheduler a new name is a new thing: {its} past runs, and who refers to the former name, "
            "stay behind",
            "confirm the new name" if _names(plan, difference.places) else _confirm(plan, "renaming"),
        )
    if strength in ("needs_approval", "warned"):
        fix = "look whether it is made there, and approve it if it is"
        return _Judged(bare, strength, cause, _lost(difference), fix)
    if strength is None or _names(plan, places):
        strength = strength_of(places, plan)
    lost = f"{_lost(difference)}, and {going_on.where}" if going_on else _lost(difference)
    fix = "confirm the removal" if _names(plan, places) else _confirm(plan, "removal")
    if cause:
        fix = "mend the file; where the removal is meant, remove it there"
    return _Judged(bare, strength, cause, lost, fix)


def _names(plan: Plan | None, places: frozenset[tuple[str, str | None]]) -> bool:
    named = {(e.pipeline, e.node) for e in plan.edits if e.field in ("removed", "renamed")} if plan else set()
    return not named.isdisjoint(places)


def _confirm(plan: Plan | None, what: str) -> str:
    """What mends a removal: without a plan a person confirms it, with one the plan has to name it."""
    if plan is None:
        return f"keep it, or have a person confirm the {what} who knows that nobody needs it any more"
    return f"keep it, or have a plan approved that names the {what}"


def _alike(judged: list[_Judged]) -> list[list[_Judged]]:
    """Those of which the same is said, in the order of the first of each."""
    found: dict[tuple[str, ...], list[_Judged]] = {}
    for one in judged:
        found.setdefault((one.strength, one.cause, one.lost, one.fix), []).append(one)
    return list(found.values())


def _mass(change: Change, judged: list[_Judged], plan: Plan | None) -> Iterator[Weighed]:
    """Many pipelines that go at once without a plan: nobody can look at each."""
    gone = [one.difference for one in judged if one.difference.node is None and not one.cause]
    gone = [one for one in gone if one.change == "removed"]
    names = [thing_name("", one.pipeline, None, one.root).removeprefix("pipeline ") for one in gone]
    held = sum(len(topology.pipelines) for topology in change.base_topologies)
    if plan is None and len(gone) >= _MANY_PIPELINES and len(gone) > _LARGE_SHARE * held:
        yield weighed(
            "failed",
            f"{len(gone)} of {held} pipelines are removed at once, such as {listed(names)}; "
            "nobody can confirm so many at a glance",
            "remove them in smaller steps, or have a plan approved that names each",
            path=gone[0].path,
            line=gone[0].line,
            pipelines=[one.pipeline for one in gone],
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


def _stands(difference: Difference, change: Change) -> bool:
    """Whether the statement that made what is gone is still there, word for word."""
    path = difference.path
    if difference.line is None or not path.endswith(".py"):
        return False
    before, after = text_of(change.base, path), text_of(change.head, path)
    former = statement_at(module_of(before or ""), difference.line)
    if former is None or after is None:
        return False
    told = ast.unparse(former)
    return any(
        isinstance(one, type(former)) and ast.unparse(one) == told for one in ast.walk(module_of(after))
    )


def _home(path: str) -> str:
    """The outermost folder: of a repository with several projects, the project."""
    return path.partition("/")[0]


def _lost(difference: Difference) -> str:
    if difference.kind == "external_asset":
        return "nobody sees any more what depends on it"
    if difference.kind == "exposure":
        return "who reads the data is no longer told of its changes"
    return "{its} runs stop and {its} data goes stale"


def strength_of(places: frozenset[tuple[str, str | None]], plan: Plan | None) -> Strength:
    """A removal needs a person; where there is a plan that does not name it, it goes beyond what was meant."""
    return "needs_approval" if plan is None or _names(plan, places) else "failed"
