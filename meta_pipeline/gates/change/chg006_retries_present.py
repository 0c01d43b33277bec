"""CHG006: what is new or changed retries."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import called
from meta_pipeline.delivery.differences.matching import paired
from meta_pipeline.delivery.running import shares_work
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Node, Pipeline, SchedulerKind, Topology
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy, RetryPolicy

_NOTHING_TO_RETRY = frozenset({"EmptyOperator", "DummyOperator"})
_WITHOUT_RETRY = frozenset(
    {"external_asset", "observable_asset", "asset_check", "dbt_model", "flow", "deployment"}
)
_DECLARED_APART: frozenset[SchedulerKind] = frozenset({"dagster", "prefect"})
"""Where a task is declared, with its retries, apart from the pipelines that call it."""
_RETRY_FIELDS = ("retries", "retry_delay_s", "retry_backoff")


class RetriesPresent(Gate):
    """Every new or changed node retries as often, and with as much delay and backoff, as the policy asks.

    Most failed runs end well when they are tried again. What counts is the value in force, wherever it is
    set. A node that a change leaves as poor in retries as it found it only warns, and so does a task or op that
    was there before and is called from one more place; dbt models, assets that
    others make and checks, which cannot retry by themselves, and nodes that do nothing are left out.
    """

    id: ClassVar[str] = "CHG006"
    name: ClassVar[str] = "retries-present"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        touched = tuple(_touched(case.change))
        if not touched:
            return self.not_applicable("no node is new or changed")
        found = [item for node in touched for item in _judged(node, case.policy.retries)]
        return weigh(
            self, found, f"each of the {len(touched)} new or changed node(s) retries as the policy asks"
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        strict = Policy(retries=RetryPolicy(minimum=2, delay_seconds=60, backoff=True))
        patient = specimens.node(retries=3, retry_delay_s=300.0, retry_backoff=True)
        return (
            Example("a new task with retries", _case(None, specimens.node()), "passed", "1 new or changed"),
            Example("a new task as a strict policy asks", _case(None, patient, strict), "passed"),
            Example(
                "nothing changes",
                _case(specimens.node(retries=0), specimens.node(retries=0)),
                "not_applicable",
            ),
            Example(
                "a new task without retries",
                _case(None, specimens.node(retries=0)),
                "failed",
                "has 0 retries",
            ),
            Example(
                "a task loses its retries",
                _case(specimens.node(), specimens.node(retries=0)),
                "failed",
                "has 0 retries",
            ),
            Example(
                "retries at once where the policy asks for a growing delay",
                _case(specimens.node(), specimens.node(retries=3, retry_delay_s=0.0), strict),
                "failed",
                "no backoff",
            ),
            Example(
                "retries that cannot be known from source",
                _case(None, specimens.node(retries=UNRESOLVED)),
                "needs_approval",
                "cannot be known",
            ),
            Example(
                "another field of a task that never had retries",
                _case(specimens.node(retries=0), specimens.node(retries=0, timeout_s=60.0)),
                "warned",
                "as before",
            ),
        )


def _case(before: Node | None, after: Node, policy: Policy | None = None) -> Case:
    base = specimens.pipeline(*([before] if before else []))
    return Case(policy or Policy(), change=specimens.change(base=(base,), head=(specimens.pipeline(after),)))


@dataclass(frozen=True, slots=True)
class _Touched:
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


def _touched(change: Change) -> Iterator[_Touched]:
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
                    yield _Touched(topology.scheduler, pipeline, before, node, is_called_anew)


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


def _judged(touched: _Touched, policy: RetryPolicy) -> Iterator[Weighed]:
    known = touched.before or (touched.after if touched.is_called_anew else None)
    before = _shortfalls(known, policy) if known else {}
    for field, (says, is_known) in _shortfalls(touched.after, policy).items():
        thing = called(touched.after.kind, touched.pipeline.id, touched.after.id)
        fix = _fix(touched, field)
        finding = partial(
            weighed,
            path=touched.after.path or touched.pipeline.path,
            line=touched.after.line or touched.pipeline.line,
            pipeline=touched.pipeline.id,
        )
        if field in before and not touched.sets_retries:
            yield finding("warned", f"{thing} {says}, as before the change", fix)
        elif is_known:
            why = "a passing fault fails the whole run"
            yield finding("failed", f"{thing} {says}: {why}", fix)
        else:
            yield finding("needs_approval", f"{thing} {says}", f"{fix}, or approve it")


def _fix(touched: _Touched, field: str) -> str:
    if touched.scheduler == "prefect":
        argument = {"retries": "retries", "retry_delay": "retry_delay_seconds"}.get(field)
        given = argument or "retry_delay_seconds=exponential_backoff(...)"
        return f"give {given} in the decorator of the task {touched.after.id}"
    if touched.scheduler != "dagster":
        return f"set {field} on the node or in the defaults of {touched.pipeline.id}"
    job = touched.pipeline.id
    elsewhere = "" if job == IMPLICIT_JOB else f", or in the op_retry_policy of the job {job}"
    argument = {"retries": "max_retries", "retry_delay": "delay", "retry_backoff": "backoff"}[field]
    return f"give {argument} in a RetryPolicy as the retry_policy of the {touched.after.kind}{elsewhere}"


def _shortfalls(node: Node, policy: RetryPolicy) -> dict[str, tuple[str, bool]]:
    """Field -> (what is wrong with it, whether its value is known)."""
    found: dict[str, tuple[str, bool]] = {}
    if node.retries == UNRESOLVED:
        found["retries"] = ("retries a number of times that cannot be known from source", False)
    elif node.retries < policy.minimum:
        found["retries"] = (f"has {node.retries} retries; the policy asks for {policy.minimum}", True)
    if policy.delay_seconds > 0:
        if node.retry_delay_s == UNRESOLVED:
            found["retry_delay"] = (
                "waits between retries for a time that cannot be known from source",
                False,
            )
        elif node.retry_delay_s is None or node.retry_delay_s < policy.delay_seconds:
            waits = node.retry_delay_s or 0
            says = f"waits {waits:g} s between retries; the policy asks for {policy.delay_seconds:g} s"
            found["retry_delay"] = (says, True)
    if policy.backoff:
        if node.retry_backoff == UNRESOLVED:
            found["retry_backoff"] = ("retries with a backoff that cannot be known from source", False)
        elif not node.retry_backoff:
            found["retry_backoff"] = ("retries with no backoff; the policy asks for a growing delay", True)
    return found
