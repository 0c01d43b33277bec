"""The shop and smaller code locations beside it: one repository that both readers must see alike."""

from tests.schedulers.dagster.shop_forms import SHOP

FORMS: dict[str, str] = {
    **SHOP,
    "legacy/repo.py": """
from dagster import (
    AssetKey, Definitions, MonthlyPartitionsDefinition, MultiPartitionsDefinition, SourceAsset,
    StaticPartitionsDefinition, WeeklyPartitionsDefinition, asset, daily_partitioned_config,
    define_asset_job, job, op, repository, schedule, static_partitioned_config,
)

weeks = WeeklyPartitionsDefinition(start_date="2026-01-04", day_offset=1, hour_offset=5)
colours = StaticPartitionsDefinition(["red", "green"])


@asset(partitions_def=weeks)
def weekly(): ...


@asset(partitions_def=MultiPartitionsDefinition({"week": weeks, "colour": colours}))
def both(): ...


@asset(partitions_def=MonthlyPartitionsDefinition("2026-01-01"), deps=[AssetKey(["away", "table"])])
def monthly(): ...


away = SourceAsset(key=AssetKey(["away", "table"]))


@op
def say(): ...


@job
def talk():
    say()
    say()


@daily_partitioned_config(start_date="2026-01-01", hour_offset=3, timezone="Europe/Berlin")
def of_day(start, end):
    return {}


@static_partitioned_config(partition_keys=["red", "green"])
def of_colour(key):
    return {}


@job(config=of_day)
def talk_by_day():
    say()


@job(config=of_colour)
def talk_by_colour():
    say()


weekly_job = define_asset_job(
    "weekly_job",
    selection=[weekly],
    config={"execution": {"config": {"multiprocess": {"max_concurrent": 2}}}},
)


@schedule(cron_schedule="0 0 * * *", job=talk)
def talk_daily():
    return {}


@repository
def legacy():
    return [weekly, both, monthly, away, talk, talk_daily, talk_by_day, talk_by_colour, weekly_job]
""",
    # --- dg projects ------------------------------------------------------------------------------------------
    "projects/dg_lazy/pyproject.toml": """
[project]
name = "dg_lazy"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "dg_lazy"
""",
    "projects/dg_lazy/src/dg_lazy/__init__.py": "",
    "projects/dg_lazy/src/dg_lazy/definitions.py": """
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
""",
    "projects/dg_lazy/src/dg_lazy/defs/__init__.py": "",
    "projects/dg_lazy/src/dg_lazy/defs/ingest/__init__.py": "",
    "projects/dg_lazy/src/dg_lazy/defs/ingest/loads.py": """
import dagster as dg


@dg.asset(owners=["team:data"])
def loaded(): ...


@dg.asset
def cleaned(loaded): ...


loads_job = dg.define_asset_job("loads_job", selection="loaded+")
hourly = dg.ScheduleDefinition(job=loads_job, cron_schedule="@hourly")
""",
    "projects/dg_lazy/src/dg_lazy/defs/ingest/inner/__init__.py": "",
    "projects/dg_lazy/src/dg_lazy/defs/ingest/inner/own.py": """
import dagster as dg


@dg.asset
def left_out(): ...


@dg.asset
def taken(): ...


defs = dg.Definitions(assets=[taken])
""",
    "projects/old_style/pyproject.toml": """
[tool.dagster]
module_name = "old_style"
code_location_name = "old"
""",
    "projects/old_style/old_style/__init__.py": """
from dagster import Definitions, load_assets_from_current_module, asset


@asset
def alone(): ...


merged = Definitions.merge(Definitions(assets=load_assets_from_current_module()), Definitions())
""",
}
