"""A repository that writes Dagster code in the forms that people use; every location loads under Dagster.

Read from source and by Dagster itself it must give the same pipelines.
"""

SHOP: dict[str, str] = {
    "workspace.yaml": """
load_from:
  - python_module:
      module_name: shop.definitions
      working_directory: shop_code
  - python_file:
      relative_path: legacy/repo.py
      working_directory: legacy
""",
    # --- a package with assets in modules -----------------------------------------------------------------
    "shop_code/shop/__init__.py": "",
    "shop_code/shop/settings.py": """
import dagster as dg

REGIONS = ("north", "south")
TEAM = "team:sales"
CALM = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL)
DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="Europe/Berlin")


class Warehouse(dg.ConfigurableResource):
    path: str = "warehouse"


class LoadConfig(dg.Config):
    limit: int = 10
""",
    "shop_code/shop/assets/__init__.py": "",
    "shop_code/shop/assets/raw.py": """
from dagster import AssetExecutionContext, AssetSpec, asset, observable_source_asset, DataVersion

from shop.settings import CALM, DAYS, TEAM, LoadConfig, Warehouse


@asset(retry_policy=CALM, owners=[TEAM], partitions_def=DAYS, group_name="raw", kinds={"duckdb"})
def orders(context: AssetExecutionContext, config: LoadConfig, warehouse: Warehouse) -> None:
    pass


@asset(key_prefix=["shop", "raw"], name="clients", tags={"layer": "raw"}, group_name="raw")
def load_clients() -> None: ...


@observable_source_asset
def feed():
    return DataVersion("1")


partner = AssetSpec(["partner", "prices"], group_name="raw", owners=["prices@example.com"])
""",
    "shop_code/shop/assets/marts.py": """
import dagster as dg

from shop.assets.raw import orders, partner
from shop.settings import CALM, REGIONS, Warehouse


@dg.asset(
    ins={"clients": dg.AssetIn(key_prefix=["shop", "raw"])},
    deps=[orders, partner, dg.AssetKey("feed"), "unknown_upstream"],
    automation_condition=dg.AutomationCondition.eager(),
    check_specs=[dg.AssetCheckSpec("not_empty", asset="revenue")],
)
def revenue(clients, warehouse: dg.ResourceParam[Warehouse]):
    yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="not_empty")])


def build(region):
    @dg.asset(name=f"revenue_{region}", retry_policy=dg.RetryPolicy(), deps=[revenue], group_name="regions",
              automation_condition=dg.AutomationCondition.on_cron("0 6 * * *"))
    def regional():
        pass

    return regional


regional_assets = [build(region) for region in REGIONS]


@dg.multi_asset(
    specs=[
        dg.AssetSpec("report_a", deps=["revenue"], group_name="reports"),
        dg.AssetSpec("report_b", deps=[revenue], owners=["team:bi"], group_name="reports"),
    ],
    retry_policy=CALM,
)
def reports():
    yield dg.MaterializeResult("report_a")
    yield dg.MaterializeResult("report_b")


@dg.multi_asset(outs={"left": dg.AssetOut(key_prefix="halves"), "right": dg.AssetOut(group_name="right_side")})
def halves(revenue):
    return 1, 2


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
def first_half():
    return 1


@dg.op(retry_policy=dg.RetryPolicy(max_retries=5))
def second_half(value):
    return value


@dg.graph_asset
def from_graph():
    return second_half(first_half())


@dg.asset_check(asset=revenue, blocking=True)
def plausible(revenue):
    return dg.AssetCheckResult(passed=True)


@dg.asset_check(asset="report_a", name="fresh", retry_policy=CALM, additional_deps=[orders])
def fresh_report():
    return dg.AssetCheckResult(passed=True)
""",
    "shop_code/shop/more/__init__.py": "",
    "shop_code/shop/more/first.py": """
from dagster import asset


@asset
def one(): return 1


@asset
def two(one): return one
""",
    "shop_code/shop/more/inner/__init__.py": "",
    "shop_code/shop/more/inner/second.py": """
from dagster import asset


@asset(deps=["two"])
def three(): ...
""",
    "shop_code/shop/jobs.py": """
import dagster as dg

from shop.assets import marts
from shop.settings import CALM, DAYS

everything = dg.define_asset_job("everything", tags={"team": "sales", "nightly": ""})
raw_job = dg.define_asset_job(
    name="raw_job", selection=dg.AssetSelection.groups("raw") - dg.AssetSelection.keys("shop/raw/clients"),
    op_retry_policy=dg.RetryPolicy(max_retries=4, delay=1.5), partitions_def=DAYS,
)
revenue_job = dg.define_asset_job("revenue_job", selection=[marts.revenue, *marts.regional_assets])
text_job = dg.define_asset_job("text_job", selection='group:reports or key:"revenue"')
below_job = dg.define_asset_job(
    "below_job", selection=dg.AssetSelection.assets(marts.revenue).downstream(include_self=False)
)
above_job = dg.define_asset_job("above_job", selection="*revenue_north")
quiet_job = dg.define_asset_job("quiet_job", selection=dg.AssetSelection.assets(marts.reports).without_checks())


@dg.op
def extract() -> int:
    return 1


@dg.op(retry_policy=CALM, out={"good": dg.Out(), "bad": dg.Out()})
def split(value):
    return 1, 2


@dg.op(ins={"after": dg.In(dg.Nothing)})
def notify():
    pass


@dg.op(out=dg.DynamicOut())
def fan():
    yield dg.DynamicOutput(1, mapping_key="a")


@dg.op
def each(x):
    return x


@dg.op
def gather(xs):
    return xs


@dg.graph
def cleaning(value):
    good, bad = split(value)
    return gather([good, bad])


@dg.job(tags={"team": "ops"}, op_retry_policy=dg.RetryPolicy(max_retries=1))
def ops_job():
    cleaned = cleaning(extract())
    notify(cleaned)
    notify.alias("again").with_retry_policy(dg.RetryPolicy(max_retries=9))(after=extract())


@dg.job(name="fanned")
def fan_job():
    gather(fan().map(each).collect())


@dg.graph
def simple():
    each(extract())


simple_job = simple.to_job(name="simple_job", op_retry_policy=CALM)
""",
    "shop_code/shop/schedules.py": """
import dagster as dg

from shop.jobs import everything, fan_job, ops_job, raw_job, revenue_job, simple_job

nightly = dg.ScheduleDefinition(
    job=everything, cron_schedule="@daily", execution_timezone="Europe/Berlin",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
raw_schedule = dg.build_schedule_from_partitioned_job(raw_job, hour_of_day=3, minute_of_hour=30)


@dg.schedule(job=ops_job, cron_schedule="15  4 * * 1-5")
def ops_schedule(context):
    return dg.RunRequest()


twice = dg.ScheduleDefinition(name="twice", job_name="revenue_job", cron_schedule=["0 1 * * *", "0 13 * * *"])
anonymous = dg.ScheduleDefinition(
    name="halves_daily", target=dg.AssetSelection.keys("halves/left", "right"), cron_schedule="0 9 * * *"
)


@dg.sensor(job=fan_job, default_status=dg.DefaultSensorStatus.RUNNING)
def watch(context):
    yield dg.SkipReason("nothing")


@dg.asset_sensor(asset_key=dg.AssetKey("revenue"), job_name="simple_job")
def after_revenue(context, event):
    yield dg.RunRequest()
""",
    "shop_code/shop/definitions.py": """
import dagster as dg

from shop import jobs, more
from shop.assets import marts, raw
from shop.schedules import anonymous, after_revenue, nightly, ops_schedule, raw_schedule, twice, watch
from shop.settings import Warehouse

loaded = dg.load_assets_from_package_module(more, group_name="more", key_prefix="extra")

defs = dg.Definitions(
    assets=[*dg.load_assets_from_modules([raw, marts]), raw.partner, *dg.with_source_code_references(loaded)],
    asset_checks=[
        *dg.load_asset_checks_from_modules([marts]), *dg.load_asset_checks_from_package_module(more)
    ],
    jobs=[
        jobs.everything, jobs.raw_job, jobs.revenue_job, jobs.text_job, jobs.below_job, jobs.above_job,
        jobs.quiet_job, jobs.ops_job, jobs.fan_job, jobs.simple_job,
    ],
    schedules=[nightly, raw_schedule, ops_schedule, twice, anonymous],
    sensors=[watch, after_revenue],
    resources={"warehouse": Warehouse()},
)
""",
    # --- one file, a repository -----------------------------------------------------------------------------
}
