"""Retries of Prefect's tasks and subflows, in the decorator of each."""

from collections.abc import Mapping

import libcst as cst

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.entries import argument, with_entries, written_call
from meta_pipeline.authors.recipes.library_source import PREFECT_TASKS, LibrarySource
from meta_pipeline.authors.recipes.python_source import Splice
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.prefect.static.reader import read_topology

_DECORATORS = ("task", "flow", "materialize")
_WORKS = ("task", "mapped_task")


class PrefectRetries(Frozen):
    """What one task or subflow of a flow shall do, or every task of it; delays are in seconds."""

    root: str
    flow: str
    node: str | None = None
    retries: Bounds | None = None
    delay: Bounds | None = None
    backoff: bool = False

    def meets(self, node: Node) -> bool:
        """Whether the values in force for a node meet the demand already."""
        return (
            _holds(self.retries, node.retries)
            and _holds(self.delay, node.retry_delay_s or 0.0)
            and (not self.backoff or node.retry_backoff is True)
        )


def _holds(bounds: Bounds | None, value: object) -> bool:
    return bounds is None or (isinstance(value, int | float) and bounds.holds(float(value)))


def set_task_retries(tree: Tree, wanted: PrefectRetries) -> Mapping[str, bytes]:
    """New content by path; raises `RecipeError` on a form that is not supported."""
    after = OverlayTree(tree)
    for _ in range(len(_nodes(tree, wanted)) + 1):
        # Lines move with each edit, so the source is read again before the next one.
        short = [node for node in _nodes(after, wanted) if not wanted.meets(node)]
        if not short:
            return after.written
        written = _edited(after, short[0], wanted)
        after = after.over(written)
        again = next((node for node in _nodes(after, wanted) if node.id == short[0].id), None)
        if not written or again is None or not wanted.meets(again):
            raise RecipeError(
                short[0].path or wanted.root,
                short[0].line or 1,
                f"retries in the decorator of `{short[0].id}` do not take effect here; its call gives it others.",
            )
    return after.written


def flow_edits(tree: Tree, after: Tree, root: str) -> tuple[TopologyEdit, ...]:
    """What an edit changes of every flow that its code makes."""
    found = differences((_topology(tree, root),), (_topology(after, root),))
    return tuple(TopologyEdit(pipeline=d.pipeline, node=d.node, field=d.field) for d in found)


def _topology(tree: Tree, root: str) -> Topology:
    return read_topology(tree, root)


def _nodes(tree: Tree, wanted: PrefectRetries) -> list[Node]:
    topology = _topology(tree, wanted.root)
    pipeline = next((one for one in topology.pipelines if one.id == wanted.flow), None)
    if pipeline is None:
        raise RecipeError(wanted.root, 1, f"no flow {wanted.flow} is read from source here.")
    found = [
        node
        for node in pipeline.nodes
        if (node.id == wanted.node if wanted.node is not None else node.kind in _WORKS)
    ]
    if not found:
        what = wanted.node or "task"
        raise RecipeError(
            pipeline.path,
            pipeline.line or 1,
            f"no {what} of {wanted.flow} is read from source; call it plainly.",
        )
    return found


def _edited(tree: Tree, node: Node, wanted: PrefectRetries) -> Mapping[str, bytes]:
    path, line = node.path or wanted.root, node.line or 1
    file = LibrarySource.open(tree, PREFECT_TASKS, path)
    source = file.source
    decorator = file.decorator_at(line, *_DECORATORS)
    if decorator is None:
        raise RecipeError(
            path, line, f"`{node.id}` is not made by a decorator that takes retries; give it some by hand."
        )
    texts = _arguments(file, node, wanted)
    target = decorator.decorator
    if not isinstance(target, cst.Call):
        end = source.span(target)[1]
        pieces = [f"{name}={text}" for name, text in texts.items()]
        splices = [Splice(end, end, written_call(source, pieces, end))]
        return {path: source.spliced([*splices, *file.needs()])}
    replaced: list[tuple[cst.CSTNode, str]] = []
    for name in list(texts):
        given = argument(target, name)
        if given is not None:
            at = file.own_literal(given.value)
            if at is given.value and file.is_last_use(at):
                raise source.error(
                    given, f"`{source.code(at)}` would be left unused; change it where it is defined."
                )
            replaced.append((at, texts.pop(name)))
    if texts and any(arg.star == "**" for arg in target.args):
        raise source.error(target, "`**` may hold the retries; write them as keywords.")
    inside = [(at, text) for at, text in replaced if _is_within(file, target, at)]
    outside = [Splice(*source.span(at), text) for at, text in replaced if (at, text) not in inside]
    splices = with_entries(source, target, texts, inside)
    return {path: source.spliced([*splices, *outside, *file.needs()])}


def _is_within(file: LibrarySource, call: cst.Call, at: cst.CSTNode) -> bool:
    (start, end), (first, last) = file.source.span(call), file.source.span(at)
    return start <= first and last <= end


def _arguments(file: LibrarySource, node: Node, wanted: PrefectRetries) -> dict[str, str]:
    """The keywords that fall short of the demand, as they should be."""
    if UNRESOLVED in (node.retries, node.retry_delay_s, node.retry_backoff):
        raise RecipeError(
            node.path or wanted.root,
            node.line or 1,
            f"the retries of `{node.id}` cannot be told from source; write them as literals.",
        )
    texts: dict[str, str] = {}
    if wanted.retries is not None and not _holds(wanted.retries, node.retries):
        texts["retries"] = str(int(wanted.retries.nearest(float(node.retries))))
    delay = node.retry_delay_s if isinstance(node.retry_delay_s, float) else 0.0
    bounds = wanted.delay or Bounds()
    grows = node.retry_backoff is True
    if not bounds.holds(delay) or (wanted.backoff and not grows):
        # Delays that double begin with something to double.
        number = bounds.nearest(delay) or (1.0 if wanted.backoff else 0.0)
        written = str(int(number)) if number == int(number) else str(number)
        if wanted.backoff or grows:
            written = f"{file.spelled('exponential_backoff')}(backoff_factor={written})"
        texts["retry_delay_seconds"] = written
    return texts
