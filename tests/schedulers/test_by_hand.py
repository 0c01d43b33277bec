"""What a person would type for the runs that prove a change."""

from meta_pipeline.delivery.topology import Pipeline, SchedulerKind, Topology
from meta_pipeline.policy import DbtPolicy, DryRunPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.by_hand import dry_run_by_hand, parse_by_hand

POLICY = Policy(
    schedulers=(
        SchedulerPolicy(kind="airflow", paths=("dags",)),
        SchedulerPolicy(kind="dagster", paths=("shop",)),
    ),
    dbt=(DbtPolicy(project="models", target="dev"),),
    dry_run=DryRunPolicy(logical_date="2026-01-05"),
)


def topology(scheduler: SchedulerKind, root: str, pipeline: str) -> Topology:
    pipelines = (Pipeline(id=pipeline, path=f"{root}/file"),)
    return Topology(scheduler=scheduler, version="", method="static", root=root, pipelines=pipelines)


TOPOLOGIES = (
    topology("airflow", "dags", "sales_daily"),
    topology("dagster", "shop", "nightly"),
    topology("dbt", "models", "storefront"),
)


def test_every_scheduler_and_project_has_its_own_way_to_load_pipelines() -> None:
    assert parse_by_hand(POLICY) == (
        "airflow dags list-import-errors",
        "dagster definitions validate",
        "dbt parse --project-dir models --target dev",
    )
    assert parse_by_hand(Policy()) == ()


def test_the_projects_of_a_repository_are_told_from_each_other_by_their_folders() -> None:
    policy = Policy(dbt=(DbtPolicy(project="."), DbtPolicy(project="integration_tests")))
    topologies = (topology("dbt", ".", "shop"), topology("dbt", "integration_tests", "shop_tests"))
    typed = [dry_run_by_hand(policy, topologies, name) for name in ("shop", "shop_tests")]
    assert typed == ["dbt build", "dbt build --project-dir integration_tests"]


def test_only_the_nodes_that_a_dry_run_may_run_are_built() -> None:
    chosen = DryRunPolicy(nodes={"storefront": ("stg_orders+", "tag:daily")})
    policy = POLICY.model_copy(update={"dry_run": chosen})
    typed = dry_run_by_hand(policy, TOPOLOGIES, "storefront")
    assert typed == "dbt build --project-dir models --target dev --select 'stg_orders+ tag:daily'"


def test_a_pipeline_is_tried_out_by_the_scheduler_that_has_it() -> None:
    typed = {
        name: dry_run_by_hand(POLICY, TOPOLOGIES, name) for name in ("sales_daily", "nightly", "storefront")
    }
    assert typed == {
        "sales_daily": "airflow dags test sales_daily 2026-01-05",
        "nightly": "dagster job execute -j nightly",
        "storefront": "dbt build --project-dir models --target dev",
    }
    assert dry_run_by_hand(POLICY, TOPOLOGIES, "another") is None
