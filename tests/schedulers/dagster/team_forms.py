# ruff: noqa: E501  the code that is read keeps the long lines that people write
"""Dagster code in the styles of different teams; every location loads under Dagster.

As `code_forms`, read from source and by Dagster itself it must give the same in every field.
"""

from tests.schedulers.dagster.event_forms import EVENT_FORMS

_EMPTY = ""

TEAM_FORMS: dict[str, str] = {
    "workspace.yaml": """
load_from:
  - python_module:
      module_name: finance.definitions
      working_directory: finance_code
  - python_module: {module_name: events.definitions, working_directory: events_code}
""",
    # --- finance: factories from a configuration file, hooks, pools, sensors between jobs ---------------------
    "finance_code/finance/__init__.py": _EMPTY,
    "finance_code/finance/tables.yaml": """
owner: team:finance
tables:
  - name: invoices
    cron: "0 5 * * *"
    columns: {id: int, amount: decimal}
  - name: payments
    upstream: [invoices]
    columns: {id: int}
  - name: refunds
    upstream: [invoices, payments]
    retries: 4
""",
    "finance_code/finance/config.py": """
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import yaml


class Tier(str, Enum):
    GOLD = "gold"
    SILVER = "silver"


@dataclass
class Table:
    name: str
    upstream: list = field(default_factory=list)
    retries: int = 2


HERE = Path(__file__).parent
with open(HERE / "tables.yaml") as stream:
    CONFIG = yaml.safe_load(stream)
OWNER = CONFIG["owner"]
""",
    "finance_code/finance/hooks.py": """
import dagster as dg


@dg.failure_hook
def page_finance(context): ...


@dg.success_hook(name="tell_books", required_resource_keys=set())
def tell(context): ...
""",
    "finance_code/finance/factory.py": """
from datetime import timedelta

import dagster as dg

from finance.config import CONFIG, OWNER, Tier


def columns_of(table):
    return [dg.TableColumn(name, kind) for name, kind in table.get("columns", {}).items()]


def make_table(table):
    @dg.asset(
        name=table["name"],
        key_prefix=["finance", "raw"],
        deps=[dg.AssetKey(["finance", "raw", one]) for one in table.get("upstream", [])],
        group_name="raw_tables",
        owners=[OWNER, "books@example.com"],
        tags={"tier": Tier.GOLD.value, "pii": ""},
        kinds={"postgres", "python"},
        pool="finance_db",
        op_tags={"dagster/priority": "3", "dagster-k8s/config": {"container_config": {"cpu": 1}}},
        retry_policy=dg.RetryPolicy(max_retries=table.get("retries", 2), delay=15),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36)),
        automation_condition=dg.AutomationCondition.on_cron(table["cron"]) if "cron" in table else None,
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns_of(table))} if table.get("columns") else {},
    )
    def _table(): ...

    return _table


tables = [make_table(one) for one in CONFIG["tables"]]
""",
    "finance_code/finance/ledger.py": """
from datetime import timedelta

import dagster as dg
from dagster import AssetExecutionContext as Context

from finance.hooks import page_finance

CALM = dict(max_retries=3)
DAYS = dg.DailyPartitionsDefinition("2026-01-01")
COMMON = dict(group_name="ledger", partitions_def=DAYS)


@dg.asset(**COMMON, hooks={page_finance}, retry_policy=dg.RetryPolicy(**CALM))
def ledger(context: Context, invoices_feed) -> dg.MaterializeResult: ...


@dg.asset(
    **COMMON,
    ins={"ledger": dg.AssetIn(partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=0))},
    freshness_policy=dg.FreshnessPolicy.cron(deadline_cron="0 9 * * *", lower_bound_delta=timedelta(hours=2)),
    compute_kind="pandas",
)
def balances(ledger): ...


invoices_feed = dg.AssetSpec(
    "invoices_feed", tags={"from": "partner"}, kinds={"s3"}, owners=["feeds@example.com"], partitions_def=DAYS
)
""",
    "finance_code/finance/conditions.py": """
import dagster as dg
from dagster import AutomationCondition as When

calm = When.missing() & ~When.in_progress()
either = When.newly_updated() | When.code_version_changed() | calm
spread = (When.any_deps_updated() & When.in_latest_time_window()).since(When.newly_requested())


@dg.asset(automation_condition=calm)
def calm_asset(): ...


@dg.asset(automation_condition=either)
def either_asset(): ...


@dg.asset(automation_condition=spread, deps=[calm_asset])
def spread_asset(): ...


@dg.asset(automation_condition=When.cron_tick_passed("*/5 * * * *").since_last_handled())
def ticking(): ...


@dg.asset(automation_condition=When.any_deps_match(When.newly_updated()).with_label("our own"))
def labelled(): ...


@dg.asset(automation_condition=When.eager().without(When.in_latest_time_window()))
def changed(): ...


@dg.asset(automation_condition=When.missing().newly_true())
def newly(): ...


@dg.asset_check(asset=newly, automation_condition=When.eager(), pool="checks", op_tags={"slow": "yes"})
def newly_checked(): return dg.AssetCheckResult(passed=True)
""",
    "finance_code/finance/multi.py": """
import dagster as dg


class Exports:
    PREFIX = "exports"

    @classmethod
    def spec(cls, name, **more):
        return dg.AssetSpec(dg.AssetKey([cls.PREFIX, name]), group_name="exports", **more)


SPECS = [Exports.spec("csv", kinds={"csv"}), Exports.spec("xml", deps=["calm_asset"], owners=["team:bi"])]


@dg.multi_asset(
    specs=[spec.merge_attributes(tags={"made": "together"}) for spec in SPECS],
    check_specs=[dg.AssetCheckSpec("valid", asset=dg.AssetKey(["exports", "csv"]))],
    name="exporter", pool="exports", can_subset=True, op_tags={"team": "bi"},
)
def exports(context):
    yield dg.MaterializeResult()


@dg.op(pool="one")
def halve(): return 1, 2


@dg.op(pool="two", retry_policy=dg.RetryPolicy(max_retries=1))
def join(one): return one


@dg.graph_multi_asset(outs={"top": dg.AssetOut(tags={"half": "top"}), "bottom": dg.AssetOut(owners=["team:halves"])}, group_name="halves")
def halves():
    return {"top": join(halve()), "bottom": join(halve())}


@dg.multi_observable_source_asset(specs=[dg.AssetSpec("seen_a"), dg.AssetSpec("seen_b", group_name="seen")])
def seen():
    yield dg.ObserveResult(asset_key="seen_a")


@dg.graph_asset(group_name="halves", tags={"graph": "yes"}, kinds={"python"})
def whole(top):
    return join(top)
""",
    "finance_code/finance/checks.py": """
from datetime import timedelta

import dagster as dg

from finance.factory import tables

fresh = dg.build_last_update_freshness_checks(assets=tables, lower_bound_delta=timedelta(hours=5), deadline_cron="0 8 * * *")
shapes = dg.build_column_schema_change_checks(assets=[tables[0], tables[1]])


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("a", asset="calm_asset"), dg.AssetCheckSpec("b", asset="either_asset")], can_subset=True)
def several():
    yield dg.AssetCheckResult(passed=True)


def null_check(table):
    @dg.asset_check(asset=table, name="no_nulls", blocking=True, retry_policy=dg.RetryPolicy(max_retries=1))
    def _check(): return dg.AssetCheckResult(passed=True)

    return _check


nulls = list(map(null_check, tables))
""",
    "finance_code/finance/jobs.py": """
import dagster as dg

from finance.hooks import page_finance, tell


@dg.op(tags={"size": "large"}, pool="finance_db")
def pull(): return 1


@dg.op(tags={"n": 3})
def push(value): ...


@dg.graph(tags={"inner": "yes"})
def shovel(): push(pull())


@dg.job(hooks={page_finance}, tags={"dagster/max_runtime": 3600, "team": "finance"}, executor_def=dg.in_process_executor, owners=["team:finance"])
def close_books():
    shovel()
    push.alias("archive").with_hooks({tell}).tag({"kind": "archive"})(pull())


exports_job = dg.define_asset_job(
    "exports_job", selection="group:exports", hooks={page_finance}, tags={"dagster/max_runtime": "600"},
    config={"execution": {"config": {"multiprocess": {"max_concurrent": 2}}}}, executor_def=dg.multi_or_in_process_executor,
)
raw_job = dg.define_asset_job("raw_job", selection='key:"finance/raw/*" or tag:pii', executor_def=dg.multiprocess_executor.configured({"max_concurrent": 4}))
kinds_job = dg.define_asset_job("kinds_job", selection="kind:python and not group:raw_tables")
owners_job = dg.define_asset_job("owners_job", selection='owner:"team:bi"')
plus_job = dg.define_asset_job("plus_job", selection='key:calm_asset+ or (1+key:"exports/xml") or sinks(group:streams)')
checks_job = dg.define_asset_job("checks_job", selection=dg.AssetSelection.checks_for_assets("newly"))
""",
    "finance_code/finance/sensors.py": """
import dagster as dg

from finance.jobs import close_books, exports_job, raw_job


@dg.run_failure_sensor(monitored_jobs=[close_books])
def on_fire(context): ...


@dg.run_failure_sensor
def any_fire(context): ...


@dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS, monitored_jobs=[raw_job], request_job=exports_job)
def after_raw(context):
    return dg.RunRequest()


@dg.asset_sensor(asset_key=dg.AssetKey("calm_asset"), job=close_books)
def when_calm(context, event):
    yield dg.RunRequest()


@dg.multi_asset_sensor(monitored_assets=[dg.AssetKey("labelled"), dg.AssetKey("ticking")], job=exports_job)
def when_both(context): ...


mailed = dg.make_email_on_run_failure_sensor(email_from="a@example.com", email_password="x", email_to=["b@example.com"], monitored_jobs=[raw_job])
watcher = dg.AutomationConditionSensorDefinition("watcher", target=dg.AssetSelection.all(), default_status=dg.DefaultSensorStatus.RUNNING)
""",
    "finance_code/finance/definitions.py": """
import dagster as dg

from finance import checks, conditions, factory, jobs, ledger, multi, sensors

_own = lambda: dg.Definitions(
    assets=[*dg.load_assets_from_modules([conditions, ledger], include_specs=True), *dg.load_assets_from_modules([multi])],
    asset_checks=[*dg.load_asset_checks_from_modules([conditions]), *checks.fresh, *checks.shapes, checks.several, *checks.nulls],
)
defs = dg.Definitions.merge(
    _own(),
    dg.Definitions(
        assets=factory.tables,
        jobs=[jobs.close_books, jobs.exports_job, jobs.raw_job, jobs.kinds_job, jobs.owners_job, jobs.plus_job, jobs.checks_job],
        schedules=[
            dg.ScheduleDefinition(job=jobs.close_books, cron_schedule="0 22 L * *" if False else "0 22 1 * *", execution_timezone="Europe/Vienna"),
            dg.ScheduleDefinition("raw_daily", target=jobs.raw_job, cron_schedule="@daily"),
        ],
        sensors=[getattr(sensors, name) for name in ("on_fire", "any_fire", "after_raw", "when_calm", "when_both", "mailed", "watcher")],
        executor=dg.multiprocess_executor.configured({"max_concurrent": 6}),
    ),
)
""",
    **EVENT_FORMS,
}
