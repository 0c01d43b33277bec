"""How people word acceptance criteria, and what is read from it."""

from typing import Any

import pytest

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.metrics import METRICS
from meta_pipeline.issues.digestion import digest_issue
from meta_pipeline.policy import Policy

LOAD = "sales_daily.load"
REVENUE = "daily_revenue.revenue"
BETWEEN = "expect_column_values_to_be_between"

TOPOLOGY = [
    ("Retries of `sales_daily.load` are at least 3", [("retries", LOAD, ">=", 3)]),
    ("`load` retries 3 times", [("retries", LOAD, "==", 3)]),
    ("load task retries three times", [("retries", LOAD, "==", 3)]),
    ("`load` retries at least twice", [("retries", LOAD, ">=", 2)]),
    ("The task `load` has 3 or more retries", [("retries", LOAD, ">=", 3)]),
    ("`load` must be retried no fewer than 2 times", [("retries", LOAD, ">=", 2)]),
    ("retries of sales_daily.load >= 2", [("retries", LOAD, ">=", 2)]),
    ("`sales_daily.load`: retries = 4", [("retries", LOAD, "==", 4)]),
    ("`retries` of `load` ≥ 3", [("retries", LOAD, ">=", 3)]),
    ("Number of retries of `load` is at most five", [("retries", LOAD, "<=", 5)]),
    ("More than 2 retries on `load`", [("retries", LOAD, ">", 2)]),
    ("`load` in `sales_daily` retries 3 times", [("retries", LOAD, "==", 3)]),
    ("`load` retries up to 3 times", [("retries", LOAD, "==", 3)]),
    ("`publish` retries 3 times", [("retries", "sales_daily.build.publish", "==", 3)]),
    (
        "`load` and `extract` retry at least 3 times",
        [("retries", LOAD, ">=", 3), ("retries", "sales_daily.extract", ">=", 3)],
    ),
    (
        "set retries to 3 with a 5 minute delay on `sales_daily`",
        [("retries", "sales_daily", "==", 3), ("retry_delay", "sales_daily", "==", 300)],
    ),
    (
        "`load` retries 3 times and waits five minutes between retries",
        [("retries", LOAD, "==", 3), ("retry_delay", LOAD, "==", 300)],
    ),
    (
        "`load` retries at least three times, 90s apart, with exponential backoff",
        [
            ("retries", LOAD, ">=", 3),
            ("retry_delay", LOAD, "==", 90),
            ("retry_backoff", LOAD, "==", "exponential"),
        ],
    ),
    (
        "`load` retries 3 times and `extract` retries 5 times",
        [("retries", LOAD, "==", 3), ("retries", "sales_daily.extract", "==", 5)],
    ),
    ("Retry delay of `load` >= 5 minutes", [("retry_delay", LOAD, ">=", 300)]),
    ("Retry delay of `load` is at least half an hour", [("retry_delay", LOAD, ">=", 1800)]),
    ("Delay between retries of `load` is at least 1 h 30 min", [("retry_delay", LOAD, ">=", 5400)]),
    ("`load` waits five minutes between retries", [("retry_delay", LOAD, "==", 300)]),
    ("`load` waits a minute before each retry", [("retry_delay", LOAD, "==", 60)]),
    ("`load` is retried every 10 minutes", [("retry_delay", LOAD, "==", 600)]),
    ("retry_delay of `load` is 1.5 minutes", [("retry_delay", LOAD, "==", 90)]),
    ("Retry delay in seconds of `load` is at least 120", [("retry_delay", LOAD, ">=", 120)]),
    ("`load` uses exponential backoff", [("retry_backoff", LOAD, "==", "exponential")]),
    ("Backoff of `sales_daily.load` is exponential", [("retry_backoff", LOAD, "==", "exponential")]),
    ("`load` backs off exponentially", [("retry_backoff", LOAD, "==", "exponential")]),
    ("No exponential backoff on `load`", [("retry_backoff", LOAD, "!=", "exponential")]),
]

INVENTORY = "store_inventory"
SCHEDULES = [
    ("Schedule of `store_inventory` is `0 */2 * * *`", [("schedule", INVENTORY, "==", "0 */2 * * *")]),
    ("Schedule of `store_inventory` is 0 */2 * * *", [("schedule", INVENTORY, "==", "0 */2 * * *")]),
    ("`store_inventory` is scheduled `@hourly`", [("schedule", INVENTORY, "==", "0 * * * *")]),
    ("`store_inventory` runs every 2 hours", [("schedule", INVENTORY, "==", "0 */2 * * *")]),
    ("`store_inventory` runs every two hours", [("schedule", INVENTORY, "==", "0 */2 * * *")]),
    ("`store_inventory` runs hourly", [("schedule", INVENTORY, "==", "0 * * * *")]),
    ("`store_inventory` runs every hour at 15 past", [("schedule", INVENTORY, "==", "15 * * * *")]),
    ("`store_inventory` runs daily at 06:30", [("schedule", INVENTORY, "==", "30 6 * * *")]),
    ("`store_inventory` runs at 06:30 UTC every day", [("schedule", INVENTORY, "==", "30 6 * * *")]),
    ("`store_inventory` is refreshed every 15 minutes", [("schedule", INVENTORY, "==", "*/15 * * * *")]),
    ("`store_inventory` is refreshed every half hour", [("schedule", INVENTORY, "==", "*/30 * * * *")]),
    ("Run `store_inventory` every 15 minutes", [("schedule", INVENTORY, "==", "*/15 * * * *")]),
    ("Schedule `store_inventory` on weekdays at 6pm", [("schedule", INVENTORY, "==", "0 18 * * 1-5")]),
    (
        "`store_inventory` runs every Monday and Thursday at 7:15",
        [("schedule", INVENTORY, "==", "15 7 * * 1,4")],
    ),
    ("`store_inventory` runs daily at 06:00 and 18:00", [("schedule", INVENTORY, "==", "0 6,18 * * *")]),
    ("`store_inventory` runs monthly on the 1st at 03:00", [("schedule", INVENTORY, "==", "0 3 1 * *")]),
    ("`daily_revenue` is updated every 2 hours", [("schedule", "sales_daily", "==", "0 */2 * * *")]),
    ("`rollup_south` runs daily at 07:00 Europe/Berlin", [("schedule", "rollup_south", "==", "0 7 * * *")]),
]

RUNS = [
    ("Run time of `sales_daily` is at most 10 minutes", [("runtime", "sales_daily", "<=", 600)]),
    ("`sales_daily` finishes within 10 minutes", [("runtime", "sales_daily", "<=", 600)]),
    ("`sales_daily` completes in under an hour", [("runtime", "sales_daily", "<", 3600)]),
    ("`sales_daily` takes no longer than 90 seconds", [("runtime", "sales_daily", "<=", 90)]),
    ("The duration of `sales_daily` must not exceed 10 min", [("runtime", "sales_daily", "<=", 600)]),
    ("`load` runs in 2 minutes or less", [("runtime", LOAD, "<=", 120)]),
    (
        "`sales_daily` still finishes within ten minutes when no retry is needed",
        [("runtime", "sales_daily", "<=", 600)],
    ),
    ("No import errors", [("import_errors", "", "==", 0)]),
    ("All DAGs import without errors", [("import_errors", "", "==", 0)]),
    ("All tests pass", [("failed_tests", "", "==", 0)]),
    ("Failed tests are 0", [("failed_tests", "", "==", 0)]),
    ("The unit and integration tests stay green", [("failed_tests", "", "==", 0)]),
    ("No new lint findings", [("lint_findings", "", "==", 0)]),
    ("Lint is clean and all tests pass", [("lint_findings", "", "==", 0), ("failed_tests", "", "==", 0)]),
    (
        "Failed expectations of checkpoint `daily_revenue` are 0",
        [("failed_expectations", "daily_revenue", "==", 0)],
    ),
    ("Checkpoint `daily_revenue` passes", [("failed_expectations", "daily_revenue", "==", 0)]),
    ("No failed expectations", [("failed_expectations", "daily_revenue", "==", 0)]),
]

RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "Every value of `daily_revenue.revenue` is between 0 and 1000",
        REVENUE,
        BETWEEN,
        {"max_value": 1000, "min_value": 0},
    ),
    (
        "`daily_revenue.revenue` is from 0.5 to 1,000",
        REVENUE,
        BETWEEN,
        {"max_value": 1000, "min_value": 0.5},
    ),
    ("`daily_revenue.revenue` is at least -5", REVENUE, BETWEEN, {"min_value": -5}),
    ("`daily_revenue.revenue` never exceeds 1000", REVENUE, BETWEEN, {"max_value": 1000}),
    ("`daily_revenue.revenue` is never negative", REVENUE, BETWEEN, {"min_value": 0}),
    (
        "Values of `daily_revenue.revenue` are > 0 and < 100",
        REVENUE,
        BETWEEN,
        {"max_value": 100, "min_value": 0, "strict_max": True, "strict_min": True},
    ),
    ("Column `revenue` of `daily_revenue` is never null", REVENUE, "expect_column_values_to_not_be_null", {}),
    ("`daily_revenue.revenue` has no missing values", REVENUE, "expect_column_values_to_not_be_null", {}),
    ("`daily_revenue.revenue` is unique", REVENUE, "expect_column_values_to_be_unique", {}),
    (
        "`daily_revenue.region` is one of `north`, `South` or 3",
        "daily_revenue.region",
        "expect_column_values_to_be_in_set",
        {"value_set": ("north", "South", 3)},
    ),
    (
        "`daily_revenue.region` is one of North, south",
        "daily_revenue.region",
        "expect_column_values_to_be_in_set",
        {"value_set": ("North", "south")},
    ),
]

UNMEASURABLE = [
    ("`load` should be faster", "a metric with a number"),
    ("The numbers are right", "a metric with a number"),
    ("`load` retries more often", "the number of retries"),
    ("`load` gets 2 more retries", "not how many more"),
    ("Retry delay of `load` is at least 5", "the unit"),
    ("Run time of `sales_daily` is at most 10", "the unit"),
    ("`load` retries with backoff", "the kind of backoff"),
    ("`sales_daily` takes about 10 minutes", "the most that is allowed"),
    ("`sales_daily` finishes by 06:30", "a run time"),
    ("`store_inventory` runs daily", "the time of day"),
    ("`store_inventory` runs twice a day", "at which times"),
    ("`store_inventory` runs every 7 hours", "evenly"),
    ("`store_inventory` runs daily at 06:30 CET", "time zone"),
    ("`rollup_south` runs daily at 06:30 UTC", "Europe/Berlin"),
    ("Schedule of `store_inventory` is `61 * * * *`", "that exists"),
    ("`roll_up` retries 3 times", "`rollup_north.roll_up` or `rollup_south.roll_up`"),
    ("Retries are at least 3", "which pipeline or task"),
    ("99 % of the values of `daily_revenue.revenue` are between 0 and 10", "every row"),
    ("Each value of `daily_revenue.revenue` is plausible", "the rule for its values"),
    ("`load` retries 3 times and the on-call person is told at once", "the on-call person is told at once"),
    ("`load` retries 3 times within 30 minutes", "30 minutes"),
]


@pytest.mark.parametrize("text, expected", [*TOPOLOGY, *SCHEDULES, *RUNS])
def test_a_phrasing_is_read(
    text: str, expected: list[tuple[Any, ...]], context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue(f"- {text}")

    requirements = digest_issue(issue, context, policy)

    read = [(c.metric, c.subject, c.comparator, c.threshold) for c in requirements.criteria]
    assert read == expected
    assert requirements.questions == ()
    assert requirements.unmeasurable == ()
    for criterion in requirements.criteria:
        assert criterion.unit == METRICS[criterion.metric].unit
        assert criterion.verification == METRICS[criterion.metric].verification
        assert (criterion.span.quote, criterion.span.source) == (text, issue.path)
        assert not isinstance(criterion.threshold, float)


@pytest.mark.parametrize("text, subject, rule, kwargs", RULES)
def test_a_rule_for_values_becomes_an_expectation(
    text: str,
    subject: str,
    rule: str,
    kwargs: dict[str, Any],
    context: RepoContext,
    policy: Policy,
    write_issue: Any,
) -> None:
    (criterion,) = digest_issue(write_issue(f"- {text}"), context, policy).criteria

    assert (criterion.metric, criterion.subject, criterion.comparator) == ("unexpected_values", subject, "==")
    assert (criterion.threshold, criterion.unit) == (0, "rows")
    assert criterion.expectation is not None
    assert f"{criterion.expectation.dataset}.{criterion.expectation.column}" == subject
    assert criterion.expectation.type == rule
    assert criterion.expectation.kwargs == tuple(sorted(kwargs.items()))


@pytest.mark.parametrize("text, lacking", UNMEASURABLE)
def test_what_cannot_be_measured_is_asked(
    text: str, lacking: str, context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    requirements = digest_issue(write_issue(f"- {text}"), context, policy)

    assert [span.quote for span in requirements.unmeasurable] == [text]
    (question,) = requirements.open_questions
    assert question.id == "q1"
    assert lacking in question.text
    assert "An answer such as" in question.text
