"""What the policy stands in for, in the code of Dagster and of Prefect."""

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import DryRunPolicy, EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import survey

ENVIRONMENT = EnvironmentPolicy(variables={"CRON": "0 4 * * *", "SITE": "shop"})
DRY_RUN = DryRunPolicy(variables={"RETRIES": "3"}, connections={"LAKE": "s3://lake"})

DAGSTER = {
    "shop/definitions.py": """
import os
import dagster as dg

@dg.asset(name=f"{os.environ['SITE']}_orders", tags={"lake": dg.EnvVar("LAKE").get_value("none")},
          group_name=dg.EnvVar("GROUP").get_value("default_one"))
def orders():
    return 1

job = dg.define_asset_job("build", selection="*")
defs = dg.Definitions(
    assets=[orders], jobs=[job],
    schedules=[dg.ScheduleDefinition(job=job, cron_schedule=dg.EnvVar("CRON").get_value())],
)
""",
    "workspace.yaml": "load_from:\n  - python_file: shop/definitions.py\n",
}
PREFECT = {
    "flows/load.py": """
import os
from prefect import flow, task
from prefect.blocks.system import Secret
from prefect.variables import Variable

SETTINGS = Variable.get("settings", default={})

@task(retries=int(os.getenv("RETRIES", "1")), timeout_seconds=SETTINGS["seconds"])
def fetch():
    return Secret.load("token").get()

@flow(name=f"load_{Variable.get('site', 'nowhere')}_{Variable.get('none', 'here')}")
def load():
    fetch()
""",
}


def test_dagster_has_them_as_variables_of_the_environment() -> None:
    scheduler = SchedulerPolicy(kind="dagster", paths=("shop",))
    policy = Policy(scheduler=scheduler, environment=ENVIRONMENT, dry_run=DRY_RUN)
    (topology,) = survey(MemoryTree.of(DAGSTER), policy)
    (build,) = (one for one in topology.pipelines if one.id == "build")
    assert build.schedule == "0 4 * * *"
    (node,) = build.nodes
    assert (node.id, node.group, node.tags) == ("shop_orders", "default_one", ("lake=s3://lake",))


def test_prefect_has_them_as_variables_of_its_own_too() -> None:
    dry_run = DryRunPolicy(variables={"RETRIES": "3", "site": "shop", "settings": '{"seconds": 90}'})
    scheduler = SchedulerPolicy(kind="prefect", paths=("flows",))
    (topology,) = survey(MemoryTree.of(PREFECT), Policy(scheduler=scheduler, dry_run=dry_run))
    (flow,) = topology.pipelines
    assert flow.id == "load_shop_here"
    assert [(node.id, node.retries, node.timeout_s) for node in flow.nodes] == [("fetch", 3, 90)]
