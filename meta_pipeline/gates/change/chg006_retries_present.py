"""CHG006: what is new or changed retries."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from meta_pipeline.delivery.differences.difference import called
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.topology import IMPLICIT_JOB, UNRESOLVED, Node
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.instance_settings import instance_retries_lost
from meta_pipeline.gates.change.lines import ChangedLines, Spot
from meta_pipeline.gates.change.retry_habits import below_habit, retries_lost, waits_lost
from meta_pipeline.gates.change.touched import TouchedNode, touched_nodes
from meta_pipeline.gates.change.unseen_settings import unseen_retries_lost
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy, RetryPolicy


class RetriesPresent(Gate):
    """New nodes retry as the policy asks, or else as the repository's own do, and no node loses its retries.

    Most failed runs end well when they are tried again. What counts is the value in force, wherever it is set. Where
    the policy says how often, with how much delay and with what backoff, each new or changed node must retry so;
    one that a change leaves as poor in retries as it found it only warns, and so does a task or op that was there
    before and is called from one more place. What the policy says nothing of, such as backoff, stays as it was.

    Where no policy says it, the repository at base is the measure: a new node without retries needs a person where at
    least half of its kind retry, and is only told of elsewhere, or where the change itself writes that it is not
    retried. A node that retried and does not any more is refused;
    one that retries less often, or at once where it waited, needs a person. dbt models, assets that others make
    and checks, which cannot retry by themselves, and nodes that do nothing are left out.
    """

    id: ClassVar[str] = "CHG006"
    name: ClassVar[str] = "retries-present"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "retries-dropped",
        "backoff-dropped",
    )

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        touched = tuple(touched_nodes(case.change))
        if (asked := case.policy.retries) is not None:
            lines = ChangedLines(case.change)
            found = [item for node in touched for item in _by_policy(node, asked, lines)]
            found += waits_lost(case.change, _not_asked(asked))
            places = {(one.finding.path, one.finding.line) for one in found}
            # What a policy does not ask to retry may have retried all the same, as the models of a dbt project do.
            found += [
                one
                for one in retries_lost(case.change)
                if asked.minimum and one.strength == "failed"
                if (one.finding.path, one.finding.line) not in places
            ]
            measure = "as the policy asks"
        else:
            found = [*retries_lost(case.change), *below_habit(case.change, touched)]
            measure = "as those of the repository do"
        found += [*instance_retries_lost(case.change), *unseen_retries_lost(case.change)]
        if not touched and not found:
            return self.not_applicable("no node is new or changed")
        return weigh(self, found, f"each of the {len(touched)} new or changed node(s) retries {measure}")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        strict = Policy(retries=RetryPolicy(minimum=2, delay_seconds=60, backoff=True))
        one = Policy(retries=RetryPolicy(minimum=1))
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
                "a new task without retries where the policy asks for one",
                _case(None, specimens.node(retries=0), one),
                "failed",
                "has 0 retries",
            ),
            Example(
                "a new task without retries beside tasks that retry",
                _beside(specimens.node("clean"), specimens.node("load", retries=0)),
                "needs_approval",
                "task sales_daily.load is not retried, as 1 of 1 others are",
            ),
            Example(
                "a new task without retries beside tasks that never do",
                _beside(specimens.node("clean", retries=0), specimens.node("load", retries=0)),
                "warned",
                "is not retried",
            ),
            Example(
                "a task loses its retries",
                _case(specimens.node(), specimens.node(retries=0)),
                "failed",
                "is no longer retried (before: twice)",
            ),
            Example(
                "a task retries less often",
                _case(specimens.node(retries=5), specimens.node(retries=1)),
                "needs_approval",
                "is now retried once instead of 5 times",
            ),
            Example(
                "a task no longer waits before it retries",
                _case(patient, patient.model_copy(update={"retry_delay_s": 0.0})),
                "needs_approval",
                "before a retry",
            ),
            Example(
                "retries at once where the policy asks for a growing delay",
                _case(specimens.node(), specimens.node(retries=3, retry_delay_s=0.0), strict),
                "failed",
                "no backoff",
            ),
            Example(
                "retries that cannot be known from source where the policy asks for one",
                _case(None, specimens.node(retries=UNRESOLVED), one),
                "needs_approval",
                "cannot be known",
            ),
            Example(
                "another field of a task that never had retries",
                _case(specimens.node(retries=0), specimens.node(retries=0, timeout_s=60.0), one),
                "warned",
                "as before",
            ),
        )


def _case(before: Node | None, after: Node, policy: Policy | None = None) -> Case:
    base = specimens.pipeline(*([before] if before else []))
    return Case(policy or Policy(), change=specimens.change(base=(base,), head=(specimens.pipeline(after),)))


def _beside(there: Node, new: Node) -> Case:
    base, head = specimens.pipeline(there), specimens.pipeline(there, new)
    return Case(Policy(), change=specimens.change(base=(base,), head=(head,)))


def _by_policy(touched: TouchedNode, policy: RetryPolicy, lines: ChangedLines) -> Iterator[Weighed]:
    known = touched.before or (touched.after if touched.is_called_anew else None)
    before = _shortfalls(known, policy) if known else {}
    for field, (says, is_known) in _shortfalls(touched.after, policy).items():
        thing = called(touched.after.kind, touched.pipeline.id, touched.after.id)
        fix = _fix(touched, field)
        spot = Spot(touched.after.path or touched.pipeline.path, touched.after.line or touched.pipeline.line)
        if touched.before is not None:
            spot = lines.near(spot.path, spot.line, field, [touched.after.id, touched.pipeline.id])
        finding = partial(
            weighed,
            path=spot.path,
            line=spot.line,
            pipelines=[touched.pipeline.id],
        )
        if field in before and not touched.sets_retries:
            yield finding("warned", f"{thing} {says}, as before the change", fix)
        elif is_known:
            why = "a passing fault fails the whole run"
            yield finding("failed", f"{thing} {says}: {why}", fix)
        else:
            yield finding("needs_approval", f"{thing} {says}", f"{fix}, or approve it")


def _not_asked(policy: RetryPolicy) -> frozenset[str]:
    """The fields of which a policy says nothing: there, what was is the measure."""
    asked = {"retry_delay_s": policy.delay_seconds > 0, "retry_backoff": policy.backoff}
    return frozenset(field for field, is_asked in asked.items() if not is_asked)


def _fix(touched: TouchedNode, field: str) -> str:
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
