"""How people ask for a dbt test or for what a column means."""

import pytest

from meta_pipeline.delivery.context import Dataset, RepoContext
from meta_pipeline.delivery.requirements import Requirements
from meta_pipeline.delivery.topology import Node, Pipeline, Topology
from meta_pipeline.issues.digestion import digest_issue
from meta_pipeline.policy import FollowUpPolicy, Policy
from tests.issues.conftest import WriteIssue

TEXT = "Price of all pieces, in EUR. Isn't netted – see `returns`"


@pytest.fixture
def shop() -> RepoContext:
    dbt = Topology(
        scheduler="dbt",
        version="1.11",
        method="static",
        root="dbt",
        pipelines=(
            Pipeline(id="storefront", path="dbt/dbt_project.yml", nodes=(Node(id="orders", kind="model"),)),
        ),
    )
    dagster = Topology(
        scheduler="dagster",
        version="1",
        method="static",
        root=".",
        pipelines=(Pipeline(id="nightly_sales", path="jobs.py", nodes=(Node(id="orders", kind="asset"),)),),
    )
    return RepoContext(
        base="b" * 40,
        topologies=(dbt, dagster),
        datasets=(
            Dataset(
                name="orders", contract="models/m.yml", columns=("id", "amount"), model="models/orders.sql"
            ),
            Dataset(name="returns", contract=None, columns=("id",), model="models/returns.sql"),
            Dataset(name="vague", contract="models/m.yml", columns=("id",), complete=False),
        ),
        manifests=(),
        files=(),
    )


def digested(write_issue: WriteIssue, context: RepoContext, text: str) -> Requirements:
    standing = FollowUpPolicy(upstream_schema="-", environments="-", dashboards="-", backfill="-")
    return digest_issue(write_issue(f"- {text}"), context, Policy(follow_ups=standing))


@pytest.mark.parametrize(
    "sentence",
    [
        f'The description of column `orders.amount` is "{TEXT}"',
        f'Column `orders.amount` is described as "{TEXT}".',
        f'`orders.amount` is described as: "{TEXT}"',
        f"Description of `orders.amount` must read “{TEXT}”.",
        f'Describe column `amount` of `orders` as "{TEXT}"',
        f'The column `orders.amount` has the description\n  "{TEXT}"',
    ],
)
def test_a_description_is_kept_word_for_word(
    write_issue: WriteIssue, shop: RepoContext, sentence: str
) -> None:
    found = digested(write_issue, shop, sentence)
    assert found.questions == ()
    (criterion,) = found.criteria
    assert (criterion.metric, criterion.subject, criterion.threshold) == (
        "column_description",
        "orders.amount",
        TEXT,
    )
    assert (criterion.comparator, criterion.unit, criterion.verification) == ("==", "", "contract")
    assert criterion.sentence == f'column description of orders.amount == "{TEXT}"'


def test_a_description_without_words_is_asked_for(write_issue: WriteIssue, shop: RepoContext) -> None:
    found = digested(write_issue, shop, "Column `orders.amount` has a description")
    assert "the words of the description, in double quotes" in found.questions[0].text
    assert "The description of column" in found.questions[0].text


@pytest.mark.parametrize(
    "sentence, subject",
    [
        ("Failed dbt tests of `storefront` are 0", "storefront"),
        ("All dbt tests pass", "storefront"),
        ("No dbt test fails", "storefront"),
        ("Failed tests are 0", ""),
    ],
)
def test_dbt_tests_are_told_from_other_tests(
    write_issue: WriteIssue, shop: RepoContext, sentence: str, subject: str
) -> None:
    (criterion,) = digested(write_issue, shop, sentence).criteria
    metric = "failed_dbt_tests" if subject else "failed_tests"
    assert (criterion.metric, criterion.subject, criterion.threshold) == (metric, subject, 0)


@pytest.mark.parametrize(
    "sentence",
    [
        "Every value of `orders.id` exists in `returns.id`",
        "Each value of `orders.id` is found in column `returns.id`",
        "Every value of `orders.id` references `returns.id`",
    ],
)
def test_a_reference_between_columns(write_issue: WriteIssue, shop: RepoContext, sentence: str) -> None:
    (criterion,) = digested(write_issue, shop, sentence).criteria
    assert criterion.subject == "orders.id"
    assert criterion.expectation is not None
    assert (criterion.expectation.type, criterion.expectation.kwargs) == (
        "relationships",
        (("field", "id"), ("to", "returns")),
    )


def test_models_are_datasets_and_near_misses_are_told(write_issue: WriteIssue, shop: RepoContext) -> None:
    def point(text: str, name: str) -> tuple[bool, str | None, tuple[str, ...]]:
        points = digested(write_issue, shop, text).touchpoints
        found = next(p for p in points if p.name == name and p.kind == "dataset")
        return found.exists, found.path, found.near

    assert point("Every value of `returns.id` is unique", "returns") == (True, "models/returns.sql", ())
    assert point("Every value of `orders.amont` is not null", "orders.amont") == (
        False,
        None,
        ("orders.amount",),
    )
    # Nobody knows all columns of a model whose query cannot be read.
    assert point("Every value of `vague.other` is not null", "vague") == (True, "models/m.yml", ())


def test_a_job_of_dagster_has_a_schedule(write_issue: WriteIssue, shop: RepoContext) -> None:
    found = digested(write_issue, shop, 'Schedule of `nightly_sales` is "30 6 * * 1"')
    assert [(c.metric, c.subject, c.threshold) for c in found.criteria] == [
        ("schedule", "nightly_sales", "30 6 * * 1")
    ]
