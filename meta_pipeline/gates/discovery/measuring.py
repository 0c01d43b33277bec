"""Finds the measured value of each acceptance criterion and compares it with the threshold."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.reports import Measure, ReportKind, ValidationReport
from meta_pipeline.delivery.requirements import Comparator, Criterion
from meta_pipeline.delivery.topology import UNRESOLVED, Node, Pipeline

Reports = Mapping[ReportKind, ValidationReport]
Value = float | int | str

_COMPARE: Mapping[Comparator, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_OF_NODES: Mapping[str, str] = {
    "retries": "retries",
    "retry_delay": "retry_delay_s",
    "retry_backoff": "retry_backoff",
}
_MEASURED_AS: Mapping[str, tuple[str, ...]] = {
    # Told apart from other tests by their subject, the dbt project.
    "failed_dbt_tests": ("failed_tests",),
}
_HARNESSES: tuple[ReportKind, ...] = ("tests", "integration_tests")
_YES = frozenset({"true", "yes", "on", "exponential"})
_NO = frozenset({"false", "no", "off", "none"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A criterion with its measured value; `value` and `holds` are None where nothing measured it.

    For a pipeline whose nodes differ, `value` is that of the first node that misses the threshold.
    `chunk_id` is the evidence that the value was read from, or `path` the file of the head.
    """

    criterion: Criterion
    value: Value | None = None
    holds: bool | None = None
    chunk_id: str | None = None
    path: str | None = None


def measured(
    criterion: Criterion, reports: Reports, change: Change | None = None, contracts: tuple[str, ...] = ()
) -> Measured:
    """What the reports, or the files of a change, say of this criterion at head; `contracts` are the policy's."""
    if criterion.metric == "column_description":
        return _from_files(criterion, change, contracts)
    if criterion.metric == "schedule" or criterion.metric in _OF_NODES:
        return _from_topology(criterion, reports)
    return _from_measures(criterion, reports)


def _from_files(criterion: Criterion, change: Change | None, contracts: tuple[str, ...]) -> Measured:
    """A description is a text of the head's own files, which the change's digest already covers."""
    from meta_pipeline.contracts.descriptions import description_of  # loads parsers of SQL and of templates

    dataset, _, column = criterion.subject.rpartition(".")
    found = description_of(change.head, dataset, column, contracts) if change is not None else None
    if found is None:
        return Measured(criterion)
    same = " ".join(found.text.split()) == " ".join(str(criterion.threshold).split())
    holds = same == (criterion.comparator == "==")
    return Measured(criterion, found.text or "(none)", holds, path=found.path)


def _from_measures(criterion: Criterion, reports: Reports) -> Measured:
    # One column can have several expectations, so each is measured under its type.
    subject = criterion.subject
    if criterion.expectation is not None:
        subject = f"{subject}:{criterion.expectation.type}"
    if criterion.metric == "failed_tests" and not subject:
        return _failed_in_all_harnesses(criterion, reports)
    for name in _MEASURED_AS.get(criterion.metric, (criterion.metric,)):
        for report in reports.values():
            measure = report.measure(name, subject)
            if measure is not None:
                return _compared(criterion, measure)
    return Measured(criterion)


def _failed_in_all_harnesses(criterion: Criterion, reports: Reports) -> Measured:
    """Unit and integration tests together; unmeasured where one of them was to run and could not."""
    found: list[Measure] = []
    for kind in _HARNESSES:
        report = reports.get(kind)
        if report is not None and report.not_applicable is None:
            measure = report.measure("tests_failed")
            if measure is None:
                return Measured(criterion)
            found.append(measure)
    if not found:
        return Measured(criterion)
    # What leads to the evidence is the harness that fails, if one does.
    worst = max(found, key=lambda measure: float(measure.value))
    total = sum(float(measure.value) for measure in found)
    return _compared(criterion, worst.model_copy(update={"value": int(total)}))


def _compared(criterion: Criterion, measure: Measure) -> Measured:
    holds = compare(measure.value, criterion.comparator, criterion.threshold)
    return Measured(criterion, measure.value, holds, measure.chunk_id)


def _from_topology(criterion: Criterion, reports: Reports) -> Measured:
    report = reports.get("parse")
    if report is None:
        return Measured(criterion)
    chunk = report.head.records[0].chunk_id if report.head.records else None
    runtime = (t for t in report.topologies if t.method == "runtime")
    pipelines = {pipeline.id: pipeline for topology in runtime for pipeline in topology.pipelines}
    values = _values(criterion, pipelines)
    # One node without a known value leaves the whole pipeline unmeasured.
    if not values or None in values:
        return Measured(criterion)
    results = [
        (value, compare(value, criterion.comparator, criterion.threshold))
        for value in values
        if value is not None
    ]
    value, holds = next((result for result in results if not result[1]), results[0])
    return Measured(criterion, value, holds, chunk)


def _values(criterion: Criterion, pipelines: Mapping[str, Pipeline]) -> list[Value | None]:
    """The values of the subject, one a node; None where the scheduler does not tell."""
    whole = pipelines.get(criterion.subject)
    if criterion.metric == "schedule":
        if whole is None or whole.schedule == UNRESOLVED:
            return []
        return ["none" if whole.schedule is None else whole.schedule]
    nodes = whole.nodes if whole is not None else _node_named(criterion.subject, pipelines)
    return [_field(node, _OF_NODES[criterion.metric]) for node in nodes]


def _node_named(subject: str, pipelines: Mapping[str, Pipeline]) -> tuple[Node, ...]:
    """The node that `pipeline.node` names; both ids may hold dots."""
    found = [
        node
        for pipeline in pipelines.values()
        for node in pipeline.nodes
        if subject == f"{pipeline.id}.{node.id}"
    ]
    return tuple(found[:1])


def _field(node: Node, name: str) -> Value | None:
    value = getattr(node, name)
    if value is None or value == UNRESOLVED:
        return None
    return str(value).casefold() if isinstance(value, bool) else value


def compare(value: Value, comparator: Comparator, threshold: Value) -> bool | None:
    """Whether `value` `comparator` `threshold`: as numbers where both are, else as text; None where neither fits."""
    try:
        return _COMPARE[comparator](float(value), float(threshold))
    except ValueError:
        pass
    if comparator not in ("==", "!="):
        return None
    return (_plain(value) == _plain(threshold)) == (comparator == "==")


def _plain(value: Value) -> str:
    text = " ".join(str(value).casefold().split())
    if text in _YES:
        return "true"
    return "false" if text in _NO else text
