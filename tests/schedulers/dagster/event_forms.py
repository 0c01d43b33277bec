# ruff: noqa: E501  the code that is read keeps the long lines that people write
"""One more team's code: lazy definitions, mapped specifications, many partitions; a part of `team_forms`."""

EVENT_FORMS: dict[str, str] = {
    "events_code/events/__init__.py": "",
    "events_code/events/partitions.py": """
from datetime import datetime

import dagster as dg

HOURS = dg.HourlyPartitionsDefinition(start_date=datetime(2026, 1, 1), end_offset=1, timezone="UTC")
SOURCES = dg.StaticPartitionsDefinition([f"source_{n}" for n in range(3)])
DYNAMIC = dg.DynamicPartitionsDefinition(name="customers")
CUBE = dg.MultiPartitionsDefinition({"hour": HOURS, "source": SOURCES})
WEEKS = dg.TimeWindowPartitionsDefinition(cron_schedule="0 6 * * 1", start="2026-01-05", fmt="%Y-%m-%d", timezone="Asia/Tokyo")
""",
    "events_code/events/streams.py": """
import dagster as dg

from events import partitions as p

KINDS = {"clicks": p.HOURS, "views": p.SOURCES, "customers": p.DYNAMIC, "cube": p.CUBE, "weeks": p.WEEKS, "plain": None}


def stream(name, partitions):
    def compute(): ...

    return dg.asset(name=f"stream_{name}", partitions_def=partitions, group_name="streams")(compute)


for _name, _partitions in KINDS.items():
    globals()[f"stream_{_name}"] = stream(_name, _partitions)


class Loader:
    def __init__(self, table, *, retries=0):
        self.table = table
        self.retries = retries

    @property
    def key(self):
        return dg.AssetKey(["loaded", self.table])

    def build(self):
        @dg.asset(key=self.key, deps=[f"stream_{self.table}"], retry_policy=dg.RetryPolicy(self.retries) if self.retries else None)
        def _loaded(): ...

        return _loaded


loaders = [Loader("clicks", retries=2).build(), Loader("plain").build()]
""",
    "events_code/events/external.py": """
import dagster as dg

TABLES = ("accounts", "contacts")
external = [dg.AssetSpec(["crm", table]).with_io_manager_key("none") if False else dg.AssetSpec(["crm", table]) for table in TABLES]


def add_owner(spec: dg.AssetSpec) -> dg.AssetSpec:
    return spec.replace_attributes(owners=["team:crm"], group_name="crm").merge_attributes(tags={"layer": "bronze"})


owned = dg.map_asset_specs(add_owner, external)
old = dg.SourceAsset("old_table", group_name="old", description="from before")


@dg.observable_source_asset(group_name="old", automation_condition=dg.AutomationCondition.on_cron("@hourly"))
def heartbeat():
    return dg.DataVersion("1")
""",
    "events_code/events/definitions.py": """
import dagster as dg

import events.streams as streams_module
from events.external import heartbeat, old, owned


@dg.asset(deps=[*owned, old], io_manager_key="io", required_resource_keys={"warehouse"}, backfill_policy=dg.BackfillPolicy.single_run())
def joined(context): ...


@dg.asset
def summary(joined: int, heartbeat) -> None: ...


@dg.schedule(cron_schedule="5 4 * * *", target=[joined, summary], default_status=dg.DefaultScheduleStatus.RUNNING)
def nightly():
    return dg.RunRequest()


@dg.sensor(target=dg.AssetSelection.keys("stream_plain", "loaded/plain"))
def poke():
    return dg.SkipReason("no")


streams_job = dg.define_asset_job("streams_job", dg.AssetSelection.groups("streams") - dg.AssetSelection.key_prefixes("loaded") - dg.AssetSelection.assets("stream_cube", "stream_weeks", "stream_views", "stream_customers", "stream_plain"))
weekly_job = dg.define_asset_job("weekly_job", dg.AssetSelection.assets("stream_weeks"))


@dg.definitions
def defs():
    whole = dg.Definitions(
        assets=[*dg.load_assets_from_modules([streams_module]), *owned, joined, summary],
        jobs=[streams_job, weekly_job],
        schedules=[nightly, dg.build_schedule_from_partitioned_job(weekly_job)],
        sensors=[poke],
        resources={"warehouse": dg.ResourceDefinition.hardcoded_resource(1), "io": dg.mem_io_manager},
    )
    tagged = whole.map_asset_specs(func=lambda spec: spec.merge_attributes(tags={"domain": "events"}))
    return dg.Definitions.merge(tagged, dg.Definitions(assets=[old, heartbeat]))
""",
}
