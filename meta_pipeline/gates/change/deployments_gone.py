"""Deployments of Prefect that a change takes away or renames: what starts a flow without a schedule goes with them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import FileChange, Tree
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.weighing import Weighed, weighed

if TYPE_CHECKING:  # the reader of flows is loaded where a changed file deploys some
    from meta_pipeline.schedulers.prefect.deployed import Deployed

_DEPLOYS = (b"serve(", b"deploy(", b"to_deployment(", b"RunnerDeployment", b"entrypoint")


def deployments_gone(change: Change) -> Iterator[Weighed]:
    """The deployments of changed files that no changed file makes any more; those of flows that go too are told there.

    Prefect keeps a deployment until somebody deletes it: one that is gone from source still takes runs, of code that
    nobody deploys again, or is missed by what starts it by name once it is deleted.
    """
    files = [file for file in change.files if _may_deploy(file)]
    if not files:
        return
    base = _read(change.base, [file.path for file in files if file.old is not None])
    head = _read(change.head, [file.path for file in files if file.new is not None])
    removed = {one.path for one in change.differences if one.change == "removed" and one.level == "pipeline"}
    removed |= {one.pipeline for one in change.differences if one.change == "removed" and one.node is None}
    known = {one.name for one in base}
    names = {one.name for one in head}
    fresh = [one for one in head if one.name not in known]
    # Where source does not tell a new name, it may be the one that is missed.
    unnamed = len([one for one in head if one.name == UNRESOLVED]) - sum(
        one.name == UNRESOLVED for one in base
    )
    for one in base:
        flow = one.entry.flow or one.entry.function
        is_kept = one.name in names and any(_is_of(other, one) or other in fresh for other in head)
        if one.name == UNRESOLVED or is_kept or {flow, *_paths(one)} & removed:
            continue
        heir = next((other for other in fresh if _has_flow_of(other, one)), None)
        if unnamed > 0:
            unnamed -= 1
            continue
        if heir is not None:
            fresh.remove(heir)
            told = (
                f"the deployment {one.name} of {flow} is now called {heir.name}; Prefect keeps the former one with its "
                "schedules, and what starts it by name does not find the new one"
            )
            place = heir.path, heir.line
        else:
            told = (
                f"the deployment {one.name} of {flow} is gone; what starts it by name finds nothing, or old code that "
                "nobody deploys again"
            )
            place = one.path, one.line
        yield weighed(
            "needs_approval",
            told,
            "keep it, or have a person confirm that nothing starts it any more and delete it in Prefect",
            path=place[0],
            line=place[1],
        )


def _may_deploy(file: FileChange) -> bool:
    from meta_pipeline.schedulers.prefect.static.project_files import is_project_file

    if file.is_binary or is_apart(file.path):
        return False
    if not is_project_file(file.path) and not file.path.endswith(".py"):
        return False
    return any(mark in side for side in (file.old or b"", file.new or b"") for mark in _DEPLOYS)


def _read(tree: Tree, paths: Sequence[str]) -> list["Deployed"]:
    from meta_pipeline.schedulers.prefect.static.reader import deployments_in

    return list(deployments_in(tree, paths))


def _paths(one: "Deployed") -> set[str]:
    return {one.entry.path} - {""}


def _is_of(one: "Deployed", other: "Deployed") -> bool:
    return one.name == other.name and (_has_flow_of(one, other) or not one.entry.path)


def _has_flow_of(one: "Deployed", other: "Deployed") -> bool:
    """Whether both are of one flow, by its function or its name; of an unknown flow, any may be meant."""
    if one.entry.function and other.entry.function:
        return one.entry.function == other.entry.function
    return one.entry.flow == other.entry.flow
