"""DSC006: no two demands contradict each other or the policy."""

from collections.abc import Iterator
from itertools import combinations
from typing import ClassVar

from meta_pipeline.delivery.requirements import Criterion, Expectation, Requirements
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.discovery.ranges import Range, allowed_values, range_of
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy, RetryPolicy


class NoConflict(Gate):
    """No two demands contradict each other, and none contradicts the policy.

    Of two demands that cannot both hold, whoever writes the change would drop one in silence. A demand for a pipeline
    holds for its tasks too. What the policy asks of every new or changed task, no issue may undercut.
    """

    id: ClassVar[str] = "DSC006"
    name: ClassVar[str] = "no-conflict"
    stage: ClassVar[StageId] = "discovery"
    subject: ClassVar[str] = "requirements"
    needs: ClassVar[tuple[str, ...]] = ("requirements",)

    def judge(self, case: Case) -> Opinion:
        assert case.requirements is not None
        found = [
            *_contradictions(case.requirements),
            *_too_long_to_retry(case.requirements),
            *_against_policy(case.requirements, case.policy.retries or RetryPolicy(minimum=0)),
        ]
        return weigh(self, found, f"the {len(case.requirements.criteria)} demands can all hold together")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        def case(*criteria: Criterion, **policy: object) -> Case:
            return Case(Policy.model_validate(policy), requirements=specimens.requirements(*criteria))

        def amounts(identity: str, low: float, high: float) -> Criterion:
            return specimens.criterion(
                id=identity,
                metric="unexpected_values",
                subject="orders.amount",
                comparator="==",
                threshold=0,
                expectation=Expectation(
                    type="expect_column_values_to_be_between",
                    dataset="orders",
                    column="amount",
                    kwargs=(("max_value", high), ("min_value", low)),
                ),
            )

        often = specimens.criterion(id="c1", threshold=3)
        hourly = specimens.criterion(
            id="c1",
            metric="schedule",
            subject="sales_daily",
            comparator="==",
            threshold="0 * * * *",
            unit="cron",
        )
        slow = specimens.criterion(id="c1", metric="retry_delay", threshold=600, unit="seconds")
        quick = specimens.criterion(
            id="c2", metric="runtime", subject="sales_daily", comparator="<=", threshold=900, unit="seconds"
        )
        few = {"comparator": "<=", "threshold": 1}
        return (
            Example("a lower bound and a higher one", case(often, specimens.criterion(id="c2")), "passed"),
            Example(
                "different tasks",
                case(often, specimens.criterion(id="c2", subject="sales_daily.clean", **few)),
                "passed",
            ),
            Example("ranges that overlap", case(amounts("c1", 0, 100), amounts("c2", 50, 200)), "passed"),
            Example(
                "at least three retries and at most one",
                case(often, specimens.criterion(id="c2", **few)),
                "failed",
                "cannot both hold",
            ),
            Example(
                "at most one retry of the pipeline, and three of its task",
                case(often, specimens.criterion(id="c2", subject="sales_daily", **few)),
                "failed",
                "cannot both hold",
            ),
            Example(
                "two schedules",
                case(hourly, hourly.model_copy(update={"id": "c2", "threshold": "0 5 * * *"})),
                "failed",
                "cannot both hold",
            ),
            Example(
                "ranges apart", case(amounts("c1", 0, 10), amounts("c2", 50, 200)), "failed", "orders.amount"
            ),
            Example(
                "retries that take longer than the run may",
                case(slow, often.model_copy(update={"id": "c3"}), quick),
                "warned",
                "1800 s",
            ),
            Example(
                "fewer retries than the policy asks for",
                case(specimens.criterion(id="c1", comparator="==", threshold=1), retries={"minimum": 2}),
                "failed",
                "the policy",
            ),
        )


def _contradictions(requirements: Requirements) -> Iterator[Weighed]:
    for one, other in combinations(requirements.criteria, 2):
        if one.metric != other.metric or not _covers(one.subject, other.subject):
            continue
        if one.expectation is not None or other.expectation is not None:
            clash = _values_clash(one.expectation, other.expectation)
        else:
            clash = range_of((one, other)).is_empty
        if clash:
            yield _found(
                other,
                f"{_shown(one)} and {_shown(other)} cannot both hold.",
                "Keep one of the two in the issue; name the task or pipeline where each is meant for another.",
            )


def _too_long_to_retry(requirements: Requirements) -> Iterator[Weighed]:
    """A run that must end within less time than its demanded retries wait; it may be meant without a retry."""
    criteria = requirements.criteria
    for runtime in (c for c in criteria if c.metric == "runtime"):
        most = range_of((runtime,)).high
        for delay in (
            c for c in criteria if c.metric == "retry_delay" and _covers(runtime.subject, c.subject)
        ):
            retries = [c for c in criteria if c.metric == "retries" and _covers(c.subject, delay.subject)]
            waited = range_of((delay,)).low * max((range_of((c,)).low for c in retries), default=0)
            if most < waited < float("inf"):
                yield _found(
                    delay,
                    f"{_shown(delay)} lets a task wait {waited:g} s between its tries, and {_shown(runtime)} leaves "
                    f"the whole run {most:g} s.",
                    "Ask for fewer retries, a shorter delay or a longer run time, unless it is meant without a retry.",
                    "warned",
                )


def _against_policy(requirements: Requirements, policy: RetryPolicy) -> Iterator[Weighed]:
    for criterion in requirements.criteria:
        least = {"retries": policy.minimum, "retry_delay": policy.delay_seconds}.get(criterion.metric, 0)
        if criterion.metric == "retry_backoff" and policy.backoff and _refuses(criterion):
            least_said = "a growing delay"
        elif range_of((criterion,)).high < least:
            least_said = f"at least {least:g} {criterion.unit}"
        else:
            continue
        yield _found(
            criterion,
            f"{_shown(criterion)}, and the policy asks for {least_said} of every new or changed task.",
            "Ask for no less than the policy does, or have the policy changed first, in a change of its own.",
        )


def _refuses(criterion: Criterion) -> bool:
    return criterion.comparator == "==" and str(criterion.threshold).casefold() in ("none", "no", "false")


def _covers(one: str, other: str) -> bool:
    """Whether both speak of one thing, or one of a pipeline and the other of a task in it."""
    return one == other or other.startswith(f"{one}.") or one.startswith(f"{other}.")


def _values_clash(one: Expectation | None, other: Expectation | None) -> bool:
    if one is None or other is None or (one.dataset, one.column) != (other.dataset, other.column):
        return False
    opposite = {one.type, other.type} == {
        "expect_column_values_to_be_null",
        "expect_column_values_to_not_be_null",
    }
    return opposite or _apart(allowed_values(one), allowed_values(other))


def _apart(one: Range | frozenset[object] | None, other: Range | frozenset[object] | None) -> bool:
    if isinstance(one, Range) and isinstance(other, Range):
        return one.within(other).is_empty
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return not one & other
    if isinstance(other, frozenset) and isinstance(one, Range):
        one, other = other, one
    if isinstance(one, frozenset) and isinstance(other, Range):
        return not any(_holds(value, other) for value in one)
    return False


def _holds(value: object, within: Range) -> bool:
    return not isinstance(value, int | float) or within.low <= value <= within.high


def _shown(criterion: Criterion) -> str:
    return f"{criterion.id} ({criterion.sentence})"


def _found(criterion: Criterion, message: str, fix: str, strength: Strength = "failed") -> Weighed:
    return weighed(strength, message, fix, path=criterion.span.source, line=criterion.span.line)
