"""Removed pipelines and tasks whose work goes on elsewhere: what was only refactored is no loss."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.differences.phrases import listed
from meta_pipeline.delivery.topology import UNRESOLVED, Link, Node, Pipeline, Topology
from meta_pipeline.gates.change.reaching import function_at, reaches
from meta_pipeline.gates.change.sides import Sides

_DOES_NOTHING = frozenset({"EmptyOperator", "DummyOperator", "ExternalTaskMarker"})
_MADE_BY_OTHERS = frozenset({"external_asset", "observable_asset"})
_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class GoingOn:
    """Where the work of something removed goes on, as the end of a sentence.

    It `is_sure` where the work itself is seen at head, or one thing became several of its kind and name, or several
    one; else its new place is a good guess that a person confirms.
    """

    where: str
    is_sure: bool = True


@dataclass(frozen=True)
class Places:
    """Both sides of a change, and where on the head's side the work of what is gone is done now."""

    change: Change

    def of(self, removed: Difference) -> GoingOn | None:
        """Where the work of a removed pipeline or node goes on; None where it is not seen to.

        A node with a new name is no loss where it came out of a group of that name, or went into one, where it does no
        work of which runs could stay behind, and in a flow of Prefect, whose runs are by flows.
        """
        if removed.change == "renamed":
            return self._renamed(removed)
        if removed.node is None:
            return self._of_subdag(removed)
        before, after = self._sides.pipelines(removed)
        node = before.node(removed.node) if before else None
        if before is None or after is None or node is None:
            return None
        found = list(self._of_node(removed, node, before, after))
        return next((one for one in found if one.is_sure), found[0] if found else None)

    def _of_node(
        self, removed: Difference, node: Node, before: Pipeline, after: Pipeline
    ) -> Iterator[GoingOn]:
        if node.operator in _DOES_NOTHING and not _only_order(node, after):
            yield GoingOn("it did nothing by itself")
        known = {one.id for one in before.nodes}
        fresh = [one for one in after.nodes if one.id not in known]
        if node.id.startswith(UNRESOLVED) and fresh:
            yield GoingOn("source tells now what it makes")
        yield from _in_place(node, fresh)
        if node.links and set(node.links) <= _links(after):
            yield GoingOn("other tasks of it link to the same pipelines")
        yield from self._elsewhere(removed, node)
        if removed.scheduler == "prefect":
            yield from self._called(node, after)
        alike = [one.id for one in fresh if _is_of(node, one)]
        if alike:
            kept = {one.id for one in after.nodes}
            merged = [
                one for one in before.nodes if one.id not in kept and _is_of(one, _one(fresh, alike[0]))
            ]
            several = max(len(alike), len(merged)) > 1
            yield GoingOn(f"{{its}} work seems to be done by {listed(alike)}", is_sure=several)

    def _renamed(self, removed: Difference) -> GoingOn | None:
        node = self._sides.nodes(removed)[1]
        if node is not None and removed.scheduler == "prefect":
            return GoingOn("Prefect keeps nothing by the name of a task from one run to the next")
        if node is not None and (node.kind == "sensor" or node.operator in _DOES_NOTHING):
            return GoingOn("it makes no data, so that nothing stays behind but its name")
        return _regrouped(removed.node_before, removed.node)

    def _of_subdag(self, removed: Difference) -> GoingOn | None:
        """A SubDAG is a pipeline `parent.task`; a task of that name in its parent replaces it."""
        parent, _, task = removed.pipeline.rpartition(".")
        after = self._sides.head.get((removed.scheduler, removed.root, parent)) if parent else None
        if after is None or (after.node(task) is None and not _group(task, after.nodes)):
            return None
        return GoingOn(f"the task {task} of {parent} is there in its place")

    def _elsewhere(self, removed: Difference, node: Node) -> Iterator[GoingOn]:
        """An asset or model has one name in the whole repository: in another root it is the same."""
        if removed.scheduler not in ("dagster", "dbt"):
            yield from (
                GoingOn(f"{pipeline_id} has one of that name now", is_sure=False)
                for pipeline_id in self._newcomers.get((removed.scheduler, node.id, node.operator), ())
            )
            return
        for topology in self.change.head_topologies:
            if topology.scheduler == removed.scheduler and topology.root != removed.root:
                there = _node_of(topology, node.id)
                if there is not None and not self._was_in(topology, node.id):
                    yield GoingOn(f"{topology.root} makes it now")

    def _was_in(self, topology: Topology, node_id: str) -> bool:
        return any(
            (one.scheduler, one.root) == (topology.scheduler, topology.root)
            and _node_of(one, node_id) is not None
            for one in self.change.base_topologies
        )

    def _called(self, node: Node, after: Pipeline) -> Iterator[GoingOn]:
        """A flow of Prefect reaches the same function through a subflow or a task, or calls it fewer times."""
        first = re.sub(r"-\d+$", "", node.id)
        if first != node.id and after.node(first) is not None:
            yield GoingOn("the flow still calls it, fewer times")
        name = function_at(self.change.base, node.path, node.line)
        if name is not None and reaches(self.change.head, after.path, after.line, name):
            if (node.retries or node.timeout_s) and self._is_called_bare(after.path, name):
                where = f"{name} is still called, as a plain function: without its retries and its time-out"
                yield GoingOn(where, is_sure=False)
                return
            yield GoingOn(f"the flow still reaches {name} through what it calls")

    def _is_called_bare(self, path: str, name: str) -> bool:
        """Whether a file now calls the function of a task past Prefect, by `.fn`, where it did not before."""
        bare = re.compile(rf"\b{re.escape(name)}\.fn\(")
        return any(
            file.path == path
            and len(bare.findall((file.new or b"").decode("utf-8", "replace")))
            > len(bare.findall((file.old or b"").decode("utf-8", "replace")))
            for file in self.change.files
        )

    @cached_property
    def _newcomers(self) -> Mapping[tuple[str | None, str, str | None], list[str]]:
        """The pipelines that got a node, by scheduler, name and operator of the node."""
        found: dict[tuple[str | None, str, str | None], list[str]] = {}
        for place, pipeline in self._sides.head.items():
            before = self._sides.base.get(place)
            known = {node.id for node in before.nodes} if before else set()
            for node in pipeline.nodes:
                if node.id not in known:
                    found.setdefault((place[0], node.id, node.operator), []).append(pipeline.id)
        return found

    @cached_property
    def _sides(self) -> Sides:
        return Sides(self.change)


def _regrouped(before: str | None, after: str | None) -> GoingOn | None:
    """A task that only went into a group of its own name, or came out of one."""
    if before and after and (before.startswith(f"{after}.") or after.startswith(f"{before}.")):
        return GoingOn("it is there in place of its group, or the other way round")
    return None


def _node_of(topology: Topology, node_id: str) -> Node | None:
    found = (pipeline.node(node_id) for pipeline in topology.pipelines)
    return next((node for node in found if node is not None and node.kind not in _MADE_BY_OTHERS), None)


def _links(pipeline: Pipeline) -> set[Link]:
    return {link for node in pipeline.nodes for link in node.links}


def _only_order(node: Node, after: Pipeline) -> bool:
    """Whether a node that does nothing tied together two that stay: then it was there for their order."""
    stays = {one.id for one in after.nodes}
    return not node.links and not stays.isdisjoint(node.upstream)


def _in_place(node: Node, fresh: list[Node]) -> Iterator[GoingOn]:
    """A task group gives way to a task of its name, or a task to a group; where the name stays, the place does."""
    group, _, _ = node.id.rpartition(".")
    if group and any(one.id == group for one in fresh):
        yield GoingOn(f"the task {group} is there in place of its group")
    if inside := _group(node.id, fresh):
        yield GoingOn(f"a group of its name is there in its place, with {listed(inside)}")


def _group(name: str, nodes: list[Node] | tuple[Node, ...]) -> list[str]:
    return [one.id for one in nodes if one.id.startswith(f"{name}.")]


def _is_of(old: Node, new: Node) -> bool:
    """Whether a new node may do an old one's work: the same operator, and the words of one name in the other's."""
    if old.operator != new.operator:
        return False
    words, others = _words(old.id), _words(new.id)
    return bool(words and others) and (words <= others or others <= words)


def _one(nodes: list[Node], node_id: str) -> Node:
    return next(node for node in nodes if node.id == node_id)


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in _WORDS.findall(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).casefold()))
