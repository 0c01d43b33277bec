from typing import Any

import pytest

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.issues.digestion import digest_issue
from meta_pipeline.policy import Policy

OK = "- All tests pass"


@pytest.mark.parametrize(
    "wish, kind, name, exists, new, near",
    [
        ("Look at `sales_daily`.", "pipeline", "sales_daily", True, False, ()),
        ("Look at `load`.", "node", "sales_daily.load", True, False, ()),
        ("Look at `daily_revenue`.", "dataset", "daily_revenue", True, False, ()),
        ("Look at `daily_revenue.region`.", "dataset", "daily_revenue", True, False, ()),
        ("Look at `sales/load.py`.", "file", "sales/load.py", True, False, ()),
        ("Look at `sale_daily`.", "pipeline", "sale_daily", False, False, ("sales_daily",)),
        ("Look at the table `revenue_daly`.", "dataset", "revenue_daly", False, False, ()),
        ("Look at `sales/lode.py`.", "file", "sales/lode.py", False, False, ("sales/load.py",)),
        ("Make a new DAG `returns_daily`.", "pipeline", "returns_daily", False, True, ()),
        ("Create a table called `returns`.", "dataset", "returns", False, True, ()),
        ("Add retries to the DAG `returns_daily`.", "pipeline", "returns_daily", False, False, ()),
    ],
)
def test_a_name_is_found_or_comes_near(
    wish: str,
    kind: str,
    name: str,
    exists: bool,
    new: bool,
    near: tuple[str, ...],
    context: RepoContext,
    policy: Policy,
    write_issue: Any,
) -> None:
    (point,) = digest_issue(write_issue(OK, wish=wish), context, policy).touchpoints

    assert (point.kind, point.name, point.exists, point.declared_new) == (kind, name, exists, new)
    assert point.near[: len(near)] == near
    assert point.span.quote == wish


def test_a_column_that_the_contract_does_not_have_is_missing(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue("- `daily_revenue.revenu` is never null")

    points = {p.name: p for p in digest_issue(issue, context, policy).touchpoints}

    assert points["daily_revenue"].exists
    assert not points["daily_revenue.revenu"].exists
    assert points["daily_revenue.revenu"].near == ("daily_revenue.revenue",)


def test_the_sections_list_names_with_or_without_backticks(
    context: RepoContext, policy: Policy, write_issue: Any
) -> None:
    issue = write_issue(
        OK, pipelines="- sales_daily\n- store_inventry", datasets="daily_revenue, new returns"
    )

    points = {(p.kind, p.name): p for p in digest_issue(issue, context, policy).touchpoints}

    assert points["pipeline", "sales_daily"].exists
    assert points["pipeline", "store_inventry"].near == ("store_inventory",)
    assert points["dataset", "daily_revenue"].contract == "contracts/daily_revenue.odcs.yaml"
    assert points["dataset", "returns"].declared_new


@pytest.mark.parametrize(
    "code", ["True", "default_args", "0 5 * * *", "data/raw/<date>.csv", "make lint", "3", "catchup=False"]
)
def test_code_is_no_touchpoint(code: str, context: RepoContext, policy: Policy, write_issue: Any) -> None:
    assert digest_issue(write_issue(OK, wish=f"Mind `{code}`."), context, policy).touchpoints == ()
