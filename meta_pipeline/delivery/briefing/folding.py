"""Like changes of several nodes, pipelines or files, said in one sentence."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.differences.difference import Difference, thing_name
from meta_pipeline.delivery.differences.phrases import Thing, counted, listed
from meta_pipeline.delivery.differences.wording import Value
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Topology

_TASKS = frozenset({"task", "sensor", "branch", "mapped_task"})
_PIPELINES_NAMED = 8
_NAMES_APART = 4
_ALL = 3
_THINGS = "{} things that only a run can tell"

_Alike = tuple[object, ...]
_Sizes = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Told:
    """Differences that one sentence tells of."""

    differences: tuple[Difference, ...]
    sentence: str


def folded(
    differences: tuple[Difference, ...], base: tuple[Topology, ...], head: tuple[Topology, ...]
) -> Iterator[Told]:
    """Every difference in a sentence, its own or that of all that are like it, in the order of the first of each."""
    sizes = _sizes(base) | _sizes(head)
    of_pipelines = {(d.pipeline, d.field, d.before, d.after) for d in differences if d.node is None}
    groups: dict[_Alike, list[Difference]] = {}
    for difference in differences:
        own = (difference.pipeline, difference.field, difference.before, difference.after)
        if difference.node is not None and difference.field == "owner" and own in of_pipelines:
            continue  # what a pipeline gives to its nodes is said once, of the pipeline
        groups.setdefault(_alike(difference), []).append(difference)
    for group in groups.values():
        yield from _told(group, sizes)


def _alike(difference: Difference) -> _Alike:
    """What is equal for differences that can be said in one sentence."""
    if difference.change == "moved":
        return (difference.level, "moved", *_folders(difference))
    if difference.field == "opaque":
        return (difference.field, difference.change, difference.path)
    if difference.level in ("error", "column", "scheduler") or difference.doubt is not None:
        return (difference.sentence,)
    kind = _plural(difference.kind)
    what = (difference.level, difference.change, difference.field, difference.node is None, kind)
    if difference.change == "changed":
        return (*what, *_came_and_went(difference.before, difference.after))
    return (*what, difference.root, difference.pipeline) if difference.node is not None else what


def _came_and_went(before: Value, after: Value) -> _Alike:
    """Both values; of lists what came and what went, as that is what is said of them."""
    if not (isinstance(before, tuple) and isinstance(after, tuple)) or UNRESOLVED in (*before, *after):
        return before, after
    kept = set(before) & set(after)
    return tuple(one for one in before if one not in kept), tuple(one for one in after if one not in kept)


def _folders(difference: Difference) -> tuple[str, str]:
    """The folders that a file left and came to, without the end that both paths have."""
    old, new = (str(path).split("/") for path in (difference.before, difference.after))
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return posixpath.join("", *old), posixpath.join("", *new)


def _told(group: list[Difference], sizes: _Sizes) -> Iterator[Told]:
    first, every = group[0], tuple(group)
    if len(group) == 1:
        yield Told(every, first.sentence)
    elif first.change == "moved":
        old, new = (folder or "the top folder" for folder in _folders(first))
        what = _common_name(group, sizes) if first.level == "pipeline" else _THINGS.format(len(group))
        yield Told(every, f"{what}, defined in {old}, are now defined in {new}")
    elif first.field == "opaque":
        such = f"such as {first.item}" + (f" (line {first.line})" if first.line else "")
        made = "makes" if first.change == "added" else "no longer makes"
        yield Told(every, f"{first.path} {made} {_THINGS.format(len(group))}, {such}")
    elif first.change == "renamed" and len(group) <= _NAMES_APART:
        yield from (Told((one,), one.sentence) for one in group)
    elif first.change == "renamed":
        such = thing_name(first.kind, first.pipeline_before or first.pipeline, first.node_before)
        names = _common_name(group, sizes)
        yield Told(
            every, f"{names} have new names, such as {such}, now called {first.node or first.pipeline}"
        )
    else:
        yield Told(every, first.said_of(Thing(_common_name(group, sizes), many=True)))


def _common_name(group: list[Difference], sizes: _Sizes) -> str:
    """`all 5 tasks of sales`, `tasks a and b of sales`, `12 tasks in 2 pipelines (sales and stock)`, `assets a and b`.

    Whatever is in the job of all assets is known by its own name.
    """
    first = group[0]
    if first.node is None:
        own = [one.pipeline for one in group if one.pipeline != IMPLICIT_JOB]
        jobs = [one.root or "" for one in group if one.pipeline == IMPLICIT_JOB]
        said = [f"pipeline{'s' if len(own) > 1 else ''} {listed(own, _PIPELINES_NAMED)}"] if own else []
        said += [f"the job of all assets of {listed(jobs, _PIPELINES_NAMED)}"] if jobs else []
        return " and ".join(said)
    kinds = _plural(first.kind)
    pipelines = list(dict.fromkeys(one.pipeline for one in group))
    nodes = list(dict.fromkeys(one.node for one in group if one.node is not None))
    if first.scheduler == "dagster" and first.kind != "op":
        return f"{kinds} {listed(nodes)}"  # an asset is the same in every job
    if len(pipelines) > 1:
        within = f"{counted(len(pipelines), 'pipeline')} ({listed(pipelines, _PIPELINES_NAMED)})"
        return f"{len(group)} {kinds} in {within}"
    if first.change == "changed" and len(nodes) == sizes.get((first.pipeline, kinds)) and len(nodes) >= _ALL:
        return f"all {len(nodes)} {kinds} of {first.pipeline}"
    return f"{kinds} {listed(nodes)} of {first.pipeline}"


def _plural(kind: str) -> str:
    """What several nodes of a kind are called; whatever a DAG runs is a task."""
    return "tasks" if kind in _TASKS else kind.replace("_", " ").removesuffix("s") + "s"


def _sizes(topologies: tuple[Topology, ...]) -> dict[tuple[str, str], int]:
    """How many nodes of each kind a pipeline has."""
    found: dict[tuple[str, str], int] = {}
    for topology in topologies:
        for pipeline in topology.pipelines:
            kinds = [_plural(node.kind) for node in pipeline.nodes]
            found |= {(pipeline.id, kind): kinds.count(kind) for kind in kinds}
    return found
