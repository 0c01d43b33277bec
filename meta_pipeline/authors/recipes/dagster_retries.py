"""The retry policy of Dagster's assets and ops, in the decorator of each."""

from collections.abc import Mapping

import libcst as cst

from meta_pipeline.authors.recipes.bounds import Bounds
from meta_pipeline.authors.recipes.entries import argument, positional, with_entries, written_call
from meta_pipeline.authors.recipes.library_source import DAGSTER, LibrarySource
from meta_pipeline.authors.recipes.python_source import LONGEST_LINE, Splice, dotted
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Topology
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dagster.static.reader import read_topologies

_DECORATORS = ("asset", "multi_asset", "op", "asset_check", "dbt_assets")
_PLACES = ("max_retries", "delay", "backoff")


class DagsterRetries(Frozen):
    """What one asset or op of a job shall do, or every one of them; delays are in seconds."""

    root: str
    job: str
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


def set_policies(tree: Tree, wanted: DagsterRetries) -> Mapping[str, bytes]:
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
                f"a retry policy on `{short[0].id}` does not take effect here; its use gives it another one.",
            )
    return after.written


def topology_of(tree: Tree, root: str) -> Topology | None:
    """The code location whose folder is `root`, read from source."""
    return next((one for one in read_topologies(tree, "") if one.root == root), None)


def edits_of(tree: Tree, after: Tree, root: str) -> tuple[TopologyEdit, ...]:
    """What the edit changes of every node that its code makes, in whatever job."""
    before, now = topology_of(tree, root), topology_of(after, root)
    found = differences((before,) if before else (), (now,) if now else ())
    return tuple(TopologyEdit(pipeline=d.pipeline, node=d.node, field=d.field) for d in found)


def _nodes(tree: Tree, wanted: DagsterRetries) -> list[Node]:
    topology = topology_of(tree, wanted.root)
    pipelines = topology.pipelines if topology else ()
    pipeline = next((one for one in pipelines if one.id == wanted.job), None)
    if pipeline is None:
        raise RecipeError(wanted.root, 1, f"no job {wanted.job} is read from source here.")
    kinds = ("asset", "op")
    found = [
        node
        for node in pipeline.nodes
        if (node.id == wanted.node if wanted.node is not None else node.kind in kinds)
    ]
    if not found:
        what = wanted.node or "asset or op"
        raise RecipeError(
            pipeline.path,
            pipeline.line or 1,
            f"no {what} of {wanted.job} is read from source; write it plainly.",
        )
    return found


def _edited(tree: Tree, node: Node, wanted: DagsterRetries) -> Mapping[str, bytes]:
    path, line = node.path or wanted.root, node.line or 1
    file = LibrarySource.open(tree, DAGSTER, path)
    source = file.source
    decorator = file.decorator_at(line, *_DECORATORS)
    if decorator is None:
        raise RecipeError(
            path,
            line,
            f"`{node.id}` is not made by a decorator that takes a retry_policy; give it one by hand.",
        )
    target = decorator.decorator
    if not isinstance(target, cst.Call):
        end = source.span(target)[1]
        policy = _policy(file, node, wanted, source.indent_at(end) + source.indent)
        return {
            path: source.spliced(
                [Splice(end, end, written_call(source, [f"retry_policy={policy}"], end)), *file.needs()]
            )
        }
    given = argument(target, "retry_policy")
    if given is None:
        if any(arg.star == "**" for arg in target.args):
            raise source.error(target, "`**` may hold the retry_policy; write it as a keyword.")
        indent = source.indent_at(source.span(target)[0]) + source.indent
        splices = with_entries(source, target, {"retry_policy": _policy(file, node, wanted, indent)})
        return {path: source.spliced([*splices, *file.needs()])}
    return {path: source.spliced([*_replaced(file, given.value, node, wanted), *file.needs()])}


def _replaced(
    file: LibrarySource, value: cst.BaseExpression, node: Node, wanted: DagsterRetries
) -> list[Splice]:
    """The policy that is there, with what falls short of the demand written anew."""
    source = file.source
    at = file.own_literal(value)
    if isinstance(at, cst.Call) and dotted(at.func)[-1:] == ("RetryPolicy",):
        if any(arg.star for arg in at.args):
            raise source.error(
                at, "a star hides what this retry policy is given; write its arguments as keywords."
            )
        texts = _arguments(file, node, wanted)
        there = {name: argument(at, name) or positional(at, number) for number, name in enumerate(_PLACES)}
        changed = [(arg.value, texts.pop(name)) for name, arg in there.items() if arg and name in texts]
        return with_entries(source, at, texts, changed)
    if file.is_last_use(value):
        raise source.error(
            value, f"`{source.code(value)}` would be left unused; change it where it is defined."
        )
    start, end = source.span(value)
    return [Splice(start, end, _policy(file, node, wanted, source.indent_at(start)))]


def _policy(file: LibrarySource, node: Node, wanted: DagsterRetries, indent: str) -> str:
    """A whole policy: what the demand asks for, and what is in force of all else.

    `indent` is that of the line which it will stand on, behind its keyword.
    """
    texts = _arguments(file, node, wanted)
    if "max_retries" not in texts:
        texts = {"max_retries": str(node.retries or 1), **texts}
    if "delay" not in texts and isinstance(node.retry_delay_s, float):
        texts["delay"] = _number(node.retry_delay_s)
    if "backoff" not in texts and node.retry_backoff is True:
        texts["backoff"] = f"{file.spelled('Backoff')}.EXPONENTIAL"
    ordered = [f"{name}={texts[name]}" for name in _PLACES if name in texts]
    flat = f"{file.spelled('RetryPolicy')}({', '.join(ordered)})"
    if len(indent) + len("retry_policy=,") + len(flat) <= LONGEST_LINE:
        return flat
    newline, inner = file.source.newline, indent + file.source.indent
    lines = "".join(f"{inner}{part},{newline}" for part in ordered)
    return f"{file.spelled('RetryPolicy')}({newline}{lines}{indent})"


def _arguments(file: LibrarySource, node: Node, wanted: DagsterRetries) -> dict[str, str]:
    """The arguments of a policy that fall short of the demand, as they should be."""
    if UNRESOLVED in (node.retries, node.retry_delay_s, node.retry_backoff):
        raise RecipeError(
            node.path or wanted.root,
            node.line or 1,
            f"the retries of `{node.id}` cannot be told from source; write them as literals.",
        )
    texts: dict[str, str] = {}
    if wanted.retries is not None and not _holds(wanted.retries, node.retries):
        texts["max_retries"] = str(int(wanted.retries.nearest(float(node.retries))))
    delay = node.retry_delay_s if isinstance(node.retry_delay_s, float) else 0.0
    if wanted.delay is not None and not wanted.delay.holds(delay):
        texts["delay"] = _number(wanted.delay.nearest(delay))
    if wanted.backoff and node.retry_backoff is not True:
        texts["backoff"] = f"{file.spelled('Backoff')}.EXPONENTIAL"
    return texts


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
