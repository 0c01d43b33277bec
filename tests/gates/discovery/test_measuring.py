import pytest

from meta_pipeline.delivery.requirements import Comparator, Expectation
from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.gates.discovery.measuring import compare, measured
from meta_pipeline.gates.specimens import Reports, criterion, measure, node, pipeline, report, topology


def parsed(*nodes: object, **fields: object) -> Reports:
    return report("parse", topologies=(topology(pipeline(*nodes, **fields), method="runtime"),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value,comparator,threshold,expected",
    [
        (2, ">=", 2, True),
        (1.9, ">=", 2, False),
        (0, "==", 0, True),
        ("0 5 * * *", "==", "0  5 * * *", True),
        ("0 5 * * *", "!=", "0 * * * *", True),
        ("true", "==", "exponential", True),
        ("false", "==", "exponential", False),
        ("none", "==", "None", True),
        ("@daily", ">=", 3, None),
    ],
)
def test_compare(
    value: float | str, comparator: Comparator, threshold: float | str, expected: bool | None
) -> None:
    assert compare(value, comparator, threshold) is expected


def test_every_node_of_a_pipeline_must_meet_a_demand_on_the_pipeline() -> None:
    demand = criterion(subject="sales_daily")

    both = measured(demand, parsed(node("a", retries=2), node("b", retries=3)))
    one = measured(demand, parsed(node("a", retries=2), node("b", retries=0)))

    assert (both.holds, one.holds, one.value) == (True, False, 0)
    assert both.chunk_id is not None


def test_a_node_is_found_though_both_ids_hold_dots() -> None:
    reports = parsed(node("group.load", retries=5), id="sales.daily")

    assert measured(criterion(subject="sales.daily.group.load"), reports).value == 5


@pytest.mark.parametrize(
    "reports",
    [
        {},
        parsed(node("load", retries=UNRESOLVED)),
        parsed(node("other")),
        report("parse", topologies=(topology(pipeline(node()), method="static"),)),
    ],
)
def test_what_the_running_scheduler_does_not_tell_is_not_measured(reports: Reports) -> None:
    assert measured(criterion(), reports).holds is None


def test_a_delay_that_is_not_set_is_not_measured() -> None:
    demand = criterion(metric="retry_delay", threshold=60, unit="s")

    assert measured(demand, parsed(node(retry_delay_s=None))).holds is None
    assert measured(demand, parsed(node(retry_delay_s=300.0))).value == 300.0


def test_a_schedule_is_compared_as_text() -> None:
    demand = criterion(
        metric="schedule", subject="sales_daily", comparator="==", threshold="0 5 * * *", unit=""
    )

    assert measured(demand, parsed(node())).holds is True
    assert measured(demand, parsed(node(), schedule=None)).holds is False
    assert measured(demand, parsed(node(), schedule=UNRESOLVED)).holds is None


def test_an_expectation_is_measured_under_its_own_type() -> None:
    between = Expectation(
        type="expect_column_values_to_be_between", dataset="daily_revenue", column="revenue"
    )
    demand = criterion(
        metric="unexpected_values",
        subject="daily_revenue.revenue",
        comparator="==",
        threshold=0,
        verification="data_quality",
        expectation=between,
    )
    subject = "daily_revenue.revenue"

    own = measure("unexpected_values", 0, subject=f"{subject}:{between.type}")
    another = measure("unexpected_values", 0, subject=f"{subject}:expect_column_values_to_not_be_null")

    assert measured(demand, report("data_quality", another, own)).holds is True
    assert measured(demand, report("data_quality", another)).holds is None


def test_a_measure_of_base_proves_nothing_about_head() -> None:
    demand = criterion(metric="lint_findings", subject="", comparator="==", threshold=0, verification="lint")

    assert measured(demand, report("lint", measure("lint_findings", 0, at="base"))).holds is None
