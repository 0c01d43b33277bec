"""dbt itself at base and head, in the sandbox."""

from pathlib import Path

import pytest

from meta_pipeline.delivery.reports import ReportKind, ValidationReport
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import DbtPolicy, DryRunPolicy, Policy
from meta_pipeline.schedulers.dbt.runtime import DbtRuntime
from meta_pipeline.schedulers.dbt.static.reader import read_topologies
from meta_pipeline.validation.pipelines import ParseLane
from meta_pipeline.validation.work import run_lane
from tests.schedulers.dbt.projects import FORMS, SHOP
from tests.validation.dbt_bench import POLICY, Shop

SCHEMA = str(SHOP["models/schema.yml"])
TOTALS = "  - name: totals\n"
LENIENT = "      - name: customer\n        tests: [{not_null: {config: {severity: warn}}}]\n"
Reports = dict[ReportKind, ValidationReport]


def outcomes(reports: Reports) -> dict[str, tuple[str, str]]:
    found = (
        judge(catalogue().gates[gate], Case(POLICY, reports=reports))
        for gate in ("VAL004", "VAL005", "VAL006")
    )
    return {result.id: (result.outcome, result.reason) for result in found}


def without_lines(topology: Topology) -> dict[str, object]:
    return {node.id: node.model_copy(update={"line": None}) for node in topology.pipelines[0].nodes}


def test_a_test_that_finds_rows_is_told_with_its_model_column_and_rows(shop: Shop) -> None:
    reports = shop.changed(
        {
            "models/orders.sql": "select id, customer, case id when 2 then 'lost' else status end as status, amount\n"
            "from {{ ref('stg_orders') }}\n",
            "models/schema.yml": SCHEMA.replace(TOTALS, LENIENT + TOTALS),
        }
    )
    report = reports["data_quality"]
    problem, warning = report.head.problems
    assert (problem.path, problem.line, problem.severity) == ("models/schema.yml", 9, "error")
    assert problem.message == (
        "dbt test accepted_values_orders_status__placed__shipped: orders.status has 1 failing row, "
        "such as value_field=lost, n_records=1"
    )
    assert (warning.path, warning.line, warning.severity) == ("models/schema.yml", 12, "warning")
    assert warning.message == (
        "dbt test not_null_orders_customer: orders.customer has 1 failing row, such as customer=None"
    )
    assert report.base.problems == ()

    def value(name: str, subject: str, side: str = "head") -> object:
        found = report.measure(name, subject, side)
        return found and found.value

    assert value("failing_rows", "orders.status:accepted_values") == 1
    assert value("unexpected_values", "orders.status:expect_column_values_to_be_in_set") == 1
    assert value("unexpected_values", "orders.status:expect_column_values_to_be_in_set", "base") == 0
    assert value("unexpected_values", "orders.id:expect_column_values_to_be_unique") == 0
    assert value("failed_tests", "shop") == 1
    assert value("tests_run", "shop") == 5  # the one on what is skipped is not run
    found = outcomes(reports)
    assert found["VAL004"] == ("passed", "dbt parses shop and sees 10 node(s)")
    assert found["VAL005"] == ("failed", "dbt skips totals of shop, as something upstream of it fails")
    assert found["VAL006"][0] == "failed"
    base, head = shop.builds
    assert (base.command.shown_as, head.command.shown_as) == (
        "dbt build",
        "dbt build --select state:modified+ --defer --state ../base/target",
    )


def test_head_builds_only_what_the_change_touches_and_base_is_not_built_again(shop: Shop) -> None:
    shop.changed({"README.md": "as it was"})
    reports = shop.changed(
        {"models/totals.sql": "select customer, 1 as total\nfrom {{ ref('orders') }}\ngroup by 1\n"}
    )
    base, head = shop.builds
    assert (base.reused, head.reused) == (True, False)
    said = shop.bench().output(head)
    assert "main.totals" in said
    assert "main.orders" not in said
    assert outcomes(reports)["VAL006"] == ("passed", "all expectations hold: 5 dbt tests of shop")
    assert reports["data_quality"].measure("failing_rows", "orders.id:unique") is not None


def test_a_model_that_fails_is_told_with_what_is_skipped(shop: Shop) -> None:
    reports = shop.changed(
        {"models/orders.sql": "select id, customer, status, amonut\nfrom {{ ref('stg_orders') }}\n"}
    )
    failed, skipped = reports["dry_run"].head.problems
    assert (failed.path, failed.line) == ("models/orders.sql", 1)
    assert failed.message.startswith(
        "dbt model shop.orders fails: Runtime Error in model orders (models/orders.sql)"
    )
    assert 'Referenced column "amonut" not found' in failed.message
    assert skipped.message == "dbt skips totals of shop, as something upstream of it fails"
    assert outcomes(reports)["VAL005"][0] == "failed"


def test_a_reference_that_leads_nowhere_fails_the_parse_at_its_line(shop: Shop) -> None:
    reports = shop.changed(
        {"models/orders.sql": "select id, customer, status, amount\nfrom {{ ref('stg_order') }}\n"}
    )
    (problem,) = reports["parse"].new_problems
    assert (problem.path, problem.line) == ("models/orders.sql", 2)
    assert "depends on a node named 'stg_order' which was not found" in problem.message
    assert [outcome for outcome, _ in outcomes(reports).values()] == [
        "failed",
        "could_not_run",
        "could_not_run",
    ]


def test_where_nothing_is_selected_the_reports_say_so(shop: Shop) -> None:
    reports = shop.changed({"models/schema.yml": "# the shop's models\n" + SCHEMA})
    found = outcomes(reports)
    assert found["VAL004"][0] == "passed"
    selection = "dbt build --select state:modified+ --defer --state ../base/target"
    same = "every model, seed, snapshot and test of shop is as it was"
    assert found["VAL006"] == ("not_applicable", f"'{selection}' selects nothing: {same}")


def test_a_change_of_no_file_of_dbt_runs_nothing(shop: Shop) -> None:
    reports = shop.changed({"README.md": "The shop.\n"})
    assert shop.ran == []
    assert outcomes(reports)["VAL005"] == (
        "not_applicable",
        "the change touches no file that dbt reads (dbt project in .)",
    )


@pytest.mark.parametrize(
    "files, words, mend",
    [
        ({"profiles.yml": None}, "Invalid value for '--profiles-dir'", "name its folder as dbt.profiles"),
        (
            {"profiles.yml": str(SHOP["profiles.yml"]).replace("shop.duckdb", "\"{{ env_var('SHOP_DB') }}\"")},
            "Env var required but not provided: 'SHOP_DB'",
            "environment.variables in .meta-pipeline.yaml",
        ),
        pytest.param(
            {"profiles.yml": str(SHOP["profiles.yml"]).replace("duckdb, path", "snowflake, path")},
            "Could not find adapter type snowflake",
            "environment.requirements in .meta-pipeline.yaml",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"profiles.yml": str(SHOP["profiles.yml"]).replace("shop.duckdb", "/nowhere/shop.duckdb")},
            "IO Error",
            "name as dbt.target",
            marks=pytest.mark.slow,
        ),
        (
            {"packages.yml": "packages: [{package: dbt-labs/dbt_utils, version: 1.3.0}]\n"},
            "hub.getdbt.com",
            "commit the folder dbt_packages",
        ),
    ],
)  # fmt: skip
def test_what_the_sandbox_lacks_is_no_failure_of_the_data(
    files: dict[str, str | bytes | None], words: str, mend: str, shop: Shop
) -> None:
    report = shop.changed(files)["data_quality"]
    assert report.head.could_not_run is not None
    assert words in report.head.could_not_run
    assert mend in report.head.could_not_run
    assert report.head.problems == ()


@pytest.mark.slow
def test_a_model_that_fails_before_the_change_too_proves_nothing_only_for_what_depends_on_it(
    tmp_path: Path,
) -> None:
    broken = {**SHOP, "models/broken.sql": "select nothing from {{ ref('raw_orders') }}\n"}
    shop = Shop.make(tmp_path, broken)
    apart = shop.changed(
        {"models/totals.sql": "select customer, 1 as total\nfrom {{ ref('orders') }}\ngroup by 1\n"}
    )
    assert outcomes(apart)["VAL005"][0] == "passed"
    behind = shop.changed({"models/after.sql": "select * from {{ ref('broken') }}\n"})
    outcome, reason = outcomes(behind)["VAL005"]
    assert (outcome, "fails at base too" in reason or "skips after" in reason) == ("failed", True)


def test_every_form_of_a_project_is_read_from_source_as_dbt_reads_it(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, FORMS)
    lane = ParseLane(POLICY, DbtRuntime(), shop.mirror.tree(shop.base))
    (part,) = run_lane(shop.bench(), lane, "head", shop.base)
    assert part.side.could_not_run is None
    (runtime,) = part.topologies
    (static,) = read_topologies(shop.mirror.tree(shop.base), ".")
    assert static.errors == runtime.errors == ()
    assert without_lines(runtime) == without_lines(static)
    assert len(static.pipelines[0].nodes) > 25


def test_the_projects_of_a_policy_are_those_it_names_or_the_folders_of_the_scheduler() -> None:
    named = POLICY.model_copy(update={"dbt": (DbtPolicy(project="warehouse", target="ci"),)})
    assert [project.project for project in named.dbt_projects] == ["warehouse"]
    assert [project.project for project in POLICY.model_copy(update={"dbt": ()}).dbt_projects] == ["."]
    assert Policy().dbt_projects == ()


@pytest.mark.slow
def test_a_dry_run_builds_only_the_nodes_that_the_policy_lets_it(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path, {**SHOP, "models/abroad.sql": "select * from nowhere.at_all\n"})
    policy = POLICY.model_copy(update={"dry_run": DryRunPolicy(nodes={"shop": ("+orders",)})})
    orders = "select id, customer, status, 2 * amount as amount\nfrom {{ ref('stg_orders') }}\n"
    dry_run = shop.changed({"models/orders.sql": orders}, policy)["dry_run"]
    assert (dry_run.base.could_not_run, dry_run.base.problems, dry_run.head.problems) == (None, (), ())
    assert [record.command.argv[-1] for record in dry_run.base.records] == ["+orders"]
    assert "state:modified+,+orders" in dry_run.head.records[0].command.argv
    reason = outcomes(shop.changed({"models/totals.sql": "select 1 as customer, 1 as total\n"}, policy))
    assert reason["VAL005"][0] != "passed", reason
