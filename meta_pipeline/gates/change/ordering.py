"""The order of work that a change loses: nodes that no longer wait for each other, or for another pipeline's run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.briefing.noticing import node_name
from meta_pipeline.delivery.briefing.waits import runs_found
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import thing_name
from meta_pipeline.delivery.differences.matching import renamed_nodes
from meta_pipeline.delivery.differences.phrases import link_name, listed, which_run
from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline, Topology, pipelines_of
from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.gates.change.lines import ChangedLines
from meta_pipeline.gates.change.reaching import function_node, module_of
from meta_pipeline.gates.change.sides import Sides
from meta_pipeline.gates.gate import Strength
from meta_pipeline.gates.weighing import Weighed, weighed

_KEEP = "restore the order, or have a person confirm that it does not matter"


def order_lost(change: Change) -> Iterator[Weighed]:
    """Pairs of nodes that both stay, of which one no longer waits for the other, not even by way of others."""
    sides, lines = Sides(change), ChangedLines(change)
    unclear = _Unclear(change.head_topologies)
    veiled = {(one.scheduler, one.root, one.pipeline) for one in change.differences if one.doubt is not None}
    for (scheduler, root, name), before in sides.base.items():
        after = sides.head.get((scheduler, root, name))
        if (
            after is None
            or after is before
            or scheduler == "dbt"
            or after in unclear
            or (scheduler, root, name) in veiled
        ):
            continue
        if {node.id: node.upstream for node in before.nodes} == {
            node.id: node.upstream for node in after.nodes
        }:
            continue
        lost = [
            (earlier, later)
            for earlier, later in _lost_pairs(before, after)
            if scheduler == "airflow"
            or later.kind == "op"
            or _is_order_alone(change, scheduler, earlier, later, before)
        ]
        if lost:
            pairs = listed([f"{later.id} for {earlier}" for earlier, later in lost])
            earlier, later = lost[0]
            spot = lines.near(
                later.path or after.path, later.line or after.line, "upstream", [earlier, later.id]
            )
            yield weighed(
                "needs_approval",
                f"in {thing_name('', after.id, None, root)} these no longer wait: {pairs}; they may now run at "
                "the same time, or the other way round",
                _KEEP,
                path=spot.path,
                line=spot.line,
                pipelines=(after.id,),
            )


class _Unclear:
    """Pipelines at head of which source does not tell all: those of a file that fails, or around what is unclear."""

    def __init__(self, topologies: tuple[Topology, ...]) -> None:
        self._errors = [error for topology in topologies for error in topology.errors]

    def __contains__(self, pipeline: object) -> bool:
        assert isinstance(pipeline, Pipeline)
        places = [(pipeline.path, pipeline.line), *((one.path, one.line) for one in pipeline.nodes)]
        own = [line for path, line in places if line is not None and path in (None, pipeline.path)]
        return any(
            error.path == pipeline.path
            and not (error.opaque and own and error.line and not min(own) <= error.line <= max(own))
            for error in self._errors
        )


def _lost_pairs(before: Pipeline, after: Pipeline) -> Iterator[tuple[str, Node]]:
    names = {node.id: node.id for node in before.nodes if after.node(node.id) is not None}
    names |= renamed_nodes(before, after)
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    for node_id, new_id in sorted(names.items()):
        if UNRESOLVED in new[new_id].upstream or UNRESOLVED in old[node_id].upstream:
            continue
        waits = {names[one] for one in _kept_before(old[node_id], old, names)} - {new_id}
        if missing := waits - _ancestors(new_id, new):
            yield from ((earlier, new[new_id]) for earlier in sorted(missing))


def _kept_before(node: Node, old: Mapping[str, Node], names: Mapping[str, str]) -> set[str]:
    """The nearest nodes before one that stay, past those that are gone."""
    found, seen, left = set(), set(), list(node.upstream)
    while left:
        one = left.pop()
        if one in names:
            found.add(one)
        elif one in old and one not in seen:
            seen.add(one)
            left += old[one].upstream
    return found


def _ancestors(node_id: str, nodes: Mapping[str, Node]) -> set[str]:
    found: set[str] = set()
    left = list(nodes[node_id].upstream)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += nodes[one].upstream if one in nodes else ()
    return found


def _is_order_alone(
    change: Change, scheduler: str | None, earlier: str, node: Node, before: Pipeline
) -> bool:
    """Whether a wait that went was for the order alone: where data came by it, the code that took it changed, too."""
    if scheduler == "prefect":
        path = before.path
        return any(
            "wait_for" in line.text for file in change.files if file.path == path for line in file.removed
        )
    former = before.node(node.id)
    if former is None or former.path is None or node.path is None or earlier not in former.upstream:
        return False
    old = _body(change.base, former.path, former.line)
    return old is not None and old == _body(change.head, node.path, node.line)


def _body(tree: Tree, path: str, line: int | None) -> str | None:
    """What a function takes and does, without its decorators."""
    found = function_node(module_of(text_of(tree, path) or ""), line)
    return None if found is None else ast.dump(found.args) + "".join(map(ast.dump, found.body))


def waits_broken(change: Change) -> Iterator[Weighed]:
    """Waits for another pipeline that are gone, look at another run, or at one that is never there."""
    old, new = pipelines_of(change.base_topologies), pipelines_of(change.head_topologies)
    for pipeline in new.values():
        before = old.get(pipeline.id)
        if before == pipeline and not any(node.links for node in pipeline.nodes):
            continue
        # A dbt project is one pipeline of thousands of nodes.
        ends = {_end(link) for node in pipeline.nodes for link in node.links}
        formers = {node.id: node for node in reversed(before.nodes)} if before else {}
        for node in pipeline.nodes:
            former = formers.get(node.id)
            links = [link for link in node.links if link.kind == "waits_for"]
            for link in links:
                judged = _other_run(pipeline, node, link, _Former(before, former, old), new)
                if judged is not None:
                    strength, message, fix = judged
                    yield weighed(
                        strength,
                        message,
                        fix,
                        path=node.path or pipeline.path,
                        line=node.line or pipeline.line,
                        pipelines=(pipeline.id,),
                    )
            if former is None:
                continue
            yield from _no_longer(pipeline, node, links, former, ends)


def _no_longer(
    pipeline: Pipeline, node: Node, links: list[Link], former: Node, ends: set[tuple[str, str | None]]
) -> Iterator[Weighed]:
    """Waits that are gone, from a node and from `ends`, those of all nodes of its pipeline.

    Where the node waits for something else instead, it is only told of.
    """
    known = {_end(link) for link in former.links}
    fresh = [link for link in links if _end(link) not in known]
    if any(UNRESOLVED in _end(link) for link in links):
        return
    for link in former.links:
        if link.kind != "waits_for" or _end(link) in ends:
            continue
        name = node_name(pipeline, node)
        if fresh:
            now = listed([link_name(one) for one in fresh])
            said = f"{name} now waits for {now} and no longer for {link_name(link)}"
        else:
            said = f"{name} no longer waits for {link_name(link)}; it may read what is not there yet"
        yield weighed(
            "warned" if fresh else "needs_approval",
            said,
            "make sure that it waits for what it needs"
            if fresh
            else "restore the wait, or have a person confirm that it may run before",
            path=node.path or pipeline.path,
            line=node.line or pipeline.line,
            pipelines=(pipeline.id,),
        )


@dataclass(frozen=True, slots=True)
class _Former:
    """A waiting node at base, its pipeline, and all pipelines there; None where it is new."""

    pipeline: Pipeline | None
    node: Node | None
    others: Mapping[str, Pipeline]


def _other_run(
    pipeline: Pipeline, node: Node, link: Link, former: _Former, others: Mapping[str, Pipeline]
) -> tuple[Strength, str, str] | None:
    """What is wrong with the run that a node waits for, and was not before: weight, message and mend."""
    known = next((one for one in former.node.links if _end(one) == _end(link)), None) if former.node else None
    is_as_before = known == link and former.pipeline == pipeline
    if is_as_before and former.others.get(link.pipeline) == others.get(link.pipeline):
        return None  # nearly all: to follow two schedules for a while takes its time
    then = runs_found(former.pipeline, known, former.others) if former.pipeline and known else None
    now = runs_found(pipeline, link, others)
    name, other = node_name(pipeline, node), link_name(link)
    meet = "let both schedules and the offset of the wait meet"
    if now is not None and now[0] == 0 and (known is None or (then is not None and then[0] > 0)):
        where = f"{which_run(link.offset_s)}, which does not exist at that time"
        return "failed", f"{name} waits for {other}, {where}: it waits until it times out", meet
    if known is None or (known == link and now == then):
        return None
    worse = now is not None and then is not None and now[0] / now[1] < then[0] / then[1]
    better = now is not None and then is not None and now[0] / now[1] > then[0] / then[1]
    if now is not None and worse:
        where = f"{which_run(link.offset_s)}, which exists for {now[0]} of {now[1]} runs only"
        return (
            "needs_approval",
            f"{name} waits for {other}, {where}",
            f"{meet}, or have a person confirm it",
        )
    if known.offset_s != link.offset_s and not better:
        runs = f"{which_run(link.offset_s)} instead of {which_run(known.offset_s)}"
        # Who moves the schedule, too, is asked by CHG005.
        is_moved = former.pipeline is not None and former.pipeline.schedule != pipeline.schedule
        return (
            "warned" if is_moved else "needs_approval",
            f"the wait of {name} for {other} now looks at {runs}; it may go on before the data is there",
            "restore the offset, or have a person confirm which run it needs",
        )
    return None


def _end(link: Link) -> tuple[str, str | None]:
    return link.pipeline, link.node
