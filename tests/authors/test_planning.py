from pathlib import Path

import pytest

from meta_pipeline.authors.planning import plan_from_patch, plan_with_recipes
from meta_pipeline.authors.recipes.book import NoFit
from meta_pipeline.authors.write import carry_out
from meta_pipeline.delivery.context import Dataset, RepoContext
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.model import digest, digest_bytes
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import Plan, RecipeCall, TopologyEdit
from meta_pipeline.delivery.requirements import Criterion, Expectation, Requirements, Span
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import read_policy
from meta_pipeline.schedulers.survey import survey

SALES = Path(__file__).parents[2] / "target_repo_fixtures" / "airflow_sales"
TREE = MemoryTree.of(
    {
        path.relative_to(SALES).as_posix(): path.read_bytes()
        for path in sorted(SALES.rglob("*"))
        if path.is_file() and not {"data", "uncommitted", "__pycache__"} & set(path.parts)
    }
)
POLICY = read_policy((SALES / ".meta-pipeline.yaml").read_text())
CONTEXT = RepoContext(
    base="0" * 40,
    topologies=survey(TREE, POLICY),
    datasets=(
        Dataset(name="daily_revenue", contract="contracts/daily_revenue.odcs.yaml", columns=("revenue",)),
    ),
    manifests=(),
    files=tuple(sorted(TREE.entries())),
)
BETWEEN = Expectation(
    type="expect_column_values_to_be_between",
    dataset="daily_revenue",
    column="revenue",
    kwargs=(("max_value", 1000), ("min_value", 0)),
)
BUILD = "sales_daily.build_daily_revenue"


def requirements(
    *demands: tuple[str, str, str, float | str, str], rule: Expectation | None = None
) -> Requirements:
    """Demands are metric, subject, comparator, threshold, unit; `rule` belongs to those on unexpected values."""
    means = {
        "runtime": "dry_run",
        "failed_expectations": "data_quality",
        "failed_dbt_tests": "data_quality",
        "unexpected_values": "data_quality",
    }
    criteria = tuple(
        Criterion.model_validate(
            {
                "id": f"C{number}",
                "metric": metric,
                "subject": subject,
                "comparator": comparator,
                "threshold": threshold,
                "unit": unit,
                "verification": means.get(metric, "topology"),
                "span": Span(source="issue.md", line=number, quote="q"),
                "expectation": rule if metric == "unexpected_values" else None,
            }
        )
        for number, (metric, subject, comparator, threshold, unit) in enumerate(demands, start=1)
    )
    return Requirements(issue="sha256:0", title="Retry the load", summary="", criteria=criteria)


RETRY = requirements(
    ("retries", BUILD, ">=", 3, ""),
    ("retry_delay", BUILD, ">=", 10, "minutes"),
    ("retry_backoff", BUILD, "==", "exponential", ""),
    ("runtime", "sales_daily", "<=", 10, "minutes"),
    ("failed_expectations", "daily_revenue", "==", 0, ""),
)


def planned(wanted: Requirements) -> Plan:
    plan = plan_with_recipes(wanted, CONTEXT, POLICY, TREE)
    assert isinstance(plan, Plan), plan
    return plan


def test_one_task_of_the_sales_target() -> None:
    plan = planned(RETRY)
    (step,) = plan.steps
    assert plan.requirements == digest(RETRY)
    assert step.files == ("dags/sales_daily.py", "CHANGELOG.md")
    assert step.criteria == ("C1", "C2", "C3", "C4", "C5")
    assert all(f"{identity}: " in step.verification for identity in step.criteria)
    assert "measured by `airflow dags test sales_daily 2026-01-05` at base and head." in step.verification
    assert step.metrics[0].source == "https://dashboards.example.com/sales-pipelines"
    assert "sales-daily-failed" in step.metrics[0].alert
    written = carry_out(plan, TREE)
    assert set(written) == set(step.files)
    assert b"retries=3,\n        retry_delay=timedelta(minutes=10),\n" in written["dags/sales_daily.py"]
    assert b"        retry_exponential_backoff=2.0,\n    )" in written["dags/sales_daily.py"]
    assert b"## Unreleased\n\n- Retry the load: set retries of at least 3" in written["CHANGELOG.md"]


@pytest.mark.parametrize(
    "wanted",
    [
        RETRY,
        requirements(("retries", "rollup_north", ">=", 4, "")),
        requirements(("retries", "rollup_north.publish_rollup", ">=", 4, "")),
        requirements(
            ("retries", "store_inventory", ">=", 4, ""),
            ("schedule", "store_inventory", "==", "0 * * * *", ""),
        ),
        requirements(("schedule", "rollup_south", "==", "30 7 * * *", "")),
        requirements(("retries", "", ">=", 5, "")),
    ],
)
def test_edits_are_exactly_what_the_topology_shows(wanted: Requirements) -> None:
    plan = planned(wanted)
    head = OverlayTree(TREE, carry_out(plan, TREE))
    shown = differences(CONTEXT.topologies, survey(head, POLICY))
    assert {(d.pipeline, d.node, d.field) for d in shown} == {
        (e.pipeline, e.node, e.field) for e in plan.edits
    }


def test_pipelines_of_the_same_factory_are_named_as_a_risk() -> None:
    plan = planned(requirements(("retries", "rollup_north", ">=", 4, "")))
    assert TopologyEdit(pipeline="rollup_south", node="publish_rollup", field="retries") in plan.edits
    assert plan.risks == ("The code of rollup_north also makes rollup_south: changed with it.",)


def test_expectation() -> None:
    plan = planned(requirements(("unexpected_values", "daily_revenue.revenue", "==", 0, ""), rule=BETWEEN))
    assert plan.steps[0].files == ("gx/expectations/daily_revenue.json", "CHANGELOG.md")
    assert plan.steps[0].metrics[0].alert == "daily-revenue-quality"
    assert not plan.edits
    assert b'"max_value": 1000,' in carry_out(plan, TREE)["gx/expectations/daily_revenue.json"]


def test_nothing_is_noted_where_there_is_no_change_log() -> None:
    tree = MemoryTree.of({path: data for path, data in TREE.files.items() if path != "CHANGELOG.md"})
    plan = plan_with_recipes(RETRY, CONTEXT, POLICY, tree)
    assert isinstance(plan, Plan)
    assert [call.recipe for call in plan.calls] == ["set_retries"]


@pytest.mark.parametrize(
    "wanted, says",
    [
        (requirements(("retries", "nightly", ">=", 2, "")), "a pipeline named nightly"),
        (requirements(("retries", "sales_daily.nope", ">=", 2, "")), "a task nope in sales_daily"),
        (requirements(("retry_delay", BUILD, ">=", 2, "fortnights")), "in a known unit"),
        (
            requirements(("retries", BUILD, ">=", 5, ""), ("retries", BUILD, "<=", 4, "")),
            "exclude each other",
        ),
        (requirements(("schedule", "store_inventory", "==", "hourly", "")), "five cron fields"),
        (requirements(("schedule", BUILD, "==", "@daily", "")), "is one task"),
        (requirements(("unexpected_values", "stock.units", "==", 0, "")), "an expectation for stock.units"),
        (
            requirements(
                ("unexpected_values", "stock.units", "==", 0, ""),
                rule=BETWEEN.model_copy(update={"dataset": "stock"}),
            ),
            "a Great Expectations suite that validates stock; there are: daily_revenue",
        ),
    ],
)
def test_what_was_missing(wanted: Requirements, says: str) -> None:
    found = plan_with_recipes(wanted, CONTEXT, POLICY, TREE)
    assert isinstance(found, NoFit)
    assert any(says in missing.missing for missing in found.missing), found
    assert {missing.recipe for missing in found.missing} == {
        "set_retries",
        "set_schedule",
        "add_gx_expectation",
        "add_dbt_test",
        "describe_column",
    }


@pytest.mark.parametrize(
    "wanted, says",
    [
        (requirements(("runtime", "sales_daily", "<=", 10, "minutes")), "No criterion demands a change"),
        (requirements(("retries", "rollup_north", ">=", 2, "")), "met at the base commit already"),
    ],
)
def test_nothing_to_change(wanted: Requirements, says: str) -> None:
    found = plan_with_recipes(wanted, CONTEXT, POLICY, TREE)
    assert isinstance(found, NoFit)
    assert says in found.why


def test_unknown_recipe() -> None:
    plan = planned(RETRY).model_copy(update={"calls": (RecipeCall(recipe="magic", parameters="{}"),)})
    with pytest.raises(ValueError, match="the plan calls 'magic', which is no recipe"):
        carry_out(plan, TREE)


PATCH = """\
diff --git a/README.md b/README.md
--- a/README.md
+++ b/README.md
@@ -1 +1 @@
-old
+new
diff --git a/dags/sales_daily.py b/dags/sales_daily.py
--- a/dags/sales_daily.py
+++ b/dags/sales_daily.py
@@ -1 +1 @@
-old
+new
diff --git a/dags/new.py b/dags/new.py
new file mode 100644
--- /dev/null
+++ b/dags/new.py
@@ -0,0 +1 @@
+x = 1
"""


def test_plan_from_patch() -> None:
    plan = plan_from_patch(RETRY, PATCH, CONTEXT, "dev@example.org", POLICY)
    root, dags = plan.steps
    assert plan.from_patch == digest_bytes(PATCH.encode())
    assert not plan.edits
    assert not plan.calls
    assert root.files == ("README.md",)
    assert (dags.files, dags.creates) == (("dags/new.py", "dags/sales_daily.py"), ("dags/new.py",))
    assert set(root.criteria) | set(dags.criteria) == {"C1", "C2", "C3", "C4", "C5"}
    assert dags.metrics
    with pytest.raises(ValueError, match="the patch is empty"):
        plan_from_patch(RETRY, "", CONTEXT, "dev@example.org")


def test_a_patch_of_a_model_names_the_pipeline_that_builds_it() -> None:
    tree = MemoryTree.of(
        {
            "dbt_project.yml": b"name: shop\nprofile: shop\n",
            "profiles.yml": b"shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb}\n",
            "models/orders.sql": b"select 1 as amount\n",
        }
    )
    policy = read_policy("version: 1\nscheduler: {kind: dbt, paths: ['.']}\ndbt: [{project: '.'}]\n")
    context = RepoContext(
        base="0" * 40, topologies=survey(tree, policy), datasets=(), manifests=(), files=tuple(tree.entries())
    )
    patch = "--- a/models/orders.sql\n+++ b/models/orders.sql\n@@ -1 +1 @@\n-select 1 as amount\n+select 2 as amount\n"
    wanted = requirements(("failed_dbt_tests", "shop", "==", 0, "tests"))
    (step,) = plan_from_patch(
        wanted,
        f"diff --git a/models/orders.sql b/models/orders.sql\n{patch}",
        context,
        "dev@example.org",
        policy,
    ).steps
    assert step.data_flow == "The pipeline shop runs the changed code."
    assert "the dbt tests of the top folder" in step.verification
