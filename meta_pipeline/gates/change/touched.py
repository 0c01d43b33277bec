"""The nodes that a change adds or edits and that a scheduler can retry."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.matching import paired
from meta_pipeline.delivery.running import shares_work
from meta_pipeline.delivery.topology import IMPLICIT_JOB, Node, Pipeline, SchedulerKind, Topology
from meta_pipeline.delivery.tree import text_of

_NOTHING_TO_RETRY = frozenset({"EmptyOperator", "DummyOperator"})
_WITHOUT_RETRY = frozenset(
    {"external_asset", "observable_asset", "asset_check", "dbt_model", "flow", "deployment"}
)
_DECLARED_APART: frozenset[SchedulerKind] = frozenset({"dagster", "prefect"})
"""Where a task is declared, with its retries, apart from the pipelines that call it."""
_RETRY_FIELDS = ("retries", "retry_delay_s", "retry_backoff")


@dataclass(frozen=True, slots=True)
class TouchedNode:
    """A node at head that is new or changed; `before` is None where it is new.

    What `is_called_anew` is no new node, but a new call of one that is declared as before.
    """

    scheduler: SchedulerKind
    pipeline: Pipeline
    before: Node | None
    after: Node
    is_called_anew: bool = False

    @property
    def sets_retries(self) -> bool:
        """Whether the change itself says how the node retries."""
        if self.before is None:
            return not self.is_called_anew
        return _retrying(self.before) != _retrying(self.after)


def _retrying(node: Node) -> tuple[object, ...]:
    return tuple(getattr(node, field) for field in _RETRY_FIELDS)


def _declared(topologies: tuple[Topology, ...]) -> frozenset[tuple[object, ...]]:
    """How the nodes that are declared in a file of their own right retry: file, kind, retries."""
    return frozenset(
        (node.path, node.kind, *_retrying(node))
        for topology in topologies
        if topology.scheduler in _DECLARED_APART
        for pipeline in topology.pipelines
        for node in pipeline.nodes
    )


def touched_nodes(change: Change) -> Iterator[TouchedNode]:
    """Each node once, also where several jobs run it; what only calls a declared task anew is among them."""
    pairs = paired(change.base_topologies, change.head_topologies)
    old = {id(after): before for before, after in pairs if after is not None}
    seen: set[tuple[object, ...]] = set()
    differing = {(d.pipeline, d.node) for d in change.differences if d.node and d.change != "removed"}
    gone = {file.old for file in change.files if file.status == "deleted"}
    moved = {file.path for file in change.files if file.status == "added" and file.new in gone}
    added = {
        file.path: {line.number for line in file.added} for file in change.files if file.path not in moved
    }
    declared = _declared(change.base_topologies)
    ends = cache(lambda path: _statements(text_of(change.head, path) or "") if path.endswith(".py") else ())
    for topology in change.head_topologies:
        if topology.scheduler == "dbt":
            continue
        everything = next((old.get(id(one)) for one in topology.pipelines if one.id == IMPLICIT_JOB), None)
        # The job of all assets comes last: what another job runs is judged there.
        for pipeline in sorted(topology.pipelines, key=lambda pipeline: pipeline.id == IMPLICIT_JOB):
            base = old.get(id(pipeline))
            for node in pipeline.nodes:
                if not can_retry(node) or _is_judged(topology, pipeline, node, seen):
                    continue
                before = base.node(node.id) if base else None
                if before is None and everything is not None and shares_work(topology):
                    before = everything.node(node.id)
                path = node.path or pipeline.path
                is_edited = (
                    node.line is not None
                    and path in added  # else its file need not be parsed
                    and bool(added[path] & _lines(ends(path), node.line))
                )
                is_touched = before is None or (pipeline.id, node.id) in differing or is_edited
                if is_touched:
                    is_called_anew = (
                        not is_edited
                        and topology.scheduler in _DECLARED_APART
                        and (node.path, node.kind, *_retrying(node)) in declared
                    )
                    yield TouchedNode(topology.scheduler, pipeline, before, node, is_called_anew)


def can_retry(node: Node) -> bool:
    """Whether there is anything to retry, and the scheduler can: what others make and checks look at cannot."""
    return (
        node.operator not in _NOTHING_TO_RETRY
        and node.kind not in _WITHOUT_RETRY
        and not node.kind.endswith("_assets")
    )


def _is_judged(topology: Topology, pipeline: Pipeline, node: Node, seen: set[tuple[object, ...]]) -> bool:
    """Whether the same asset was judged in another job already; remembers it where it was not."""
    if not shares_work(topology) or node.kind == "op":
        return False
    retries = (node.retries, node.retry_delay_s, node.retry_backoff)
    asset = (topology.root, node.id)
    known = asset in seen if pipeline.id == IMPLICIT_JOB else (*asset, *retries) in seen
    seen |= {asset, (*asset, *retries)}
    return known


def _statements(text: str) -> tuple[tuple[int, int], ...]:
    """First and last line of every statement of a Python module, decorators included."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        (
            min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]),
            node.end_lineno or node.lineno,
        )
        for node in ast.walk(module)
        if isinstance(node, ast.stmt)
    )


def _lines(statements: tuple[tuple[int, int], ...], line: int) -> set[int]:
    """The lines of the innermost statement around `line`; that line alone where the source is not Python."""
    around = [(first, last) for first, last in statements if first <= line <= last]
    first, last = min(around, key=lambda span: span[1] - span[0], default=(line, line))
    return set(range(first, last + 1))
