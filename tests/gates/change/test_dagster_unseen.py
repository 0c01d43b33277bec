"""What changes of Dagster code that no topology holds: factories, dbt projects, jobs, and deleted files of them."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

FACTORY = """\
import dagster as dg
from dagster_dbt import dbt_assets
from shop_factories import build_layers

calm = dg.RetryPolicy(max_retries=2)
hours = dg.HourlyPartitionsDefinition("2020-01-01-00:00")
layers = build_layers(partitions_def=hours, automation_condition=dg.AutomationCondition.eager())
fresh = dg.FreshnessPolicy.cron(deadline_cron="30 20 * * *", timezone="America/New_York")


@dbt_assets(manifest=find_manifest(), retry_policy=calm)
def warehouse(context, dbt):
    yield from dbt.cli(["build"], context=context).stream()


@dg.asset
def orders(): ...


nightly = dg.define_asset_job("nightly", automation_condition=dg.AutomationCondition.eager())
defs = dg.Definitions(assets=[orders, warehouse, *layers], jobs=[nightly])
"""


def judged(gate: str, before: specimens.Files, after: specimens.Files) -> tuple[str, list[int | None]]:
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    change = read_change(base, head, also_in(Policy(), head))
    result = judge(catalogue().gates[gate], Case(Policy(), change=change))
    stopping = [finding for finding in result.findings if finding.outcome not in ("warned", "passed")]
    return result.outcome, [finding.line for finding in stopping]


@pytest.mark.parametrize(
    "gate,before,after,outcome,line",
    [
        ("CHG005", "Hourly", "Monthly", "needs_approval", 6),
        ("CHG005", "dition.eager())\nfresh", 'dition.on_cron("0 0 1 * *"))\nfresh', "needs_approval", 7),
        (
            "CHG005",
            'nightly", automation_condition=dg.AutomationCondition.eager()',
            'nightly"',
            "needs_approval",
            20,
        ),
        ("CHG006", ", retry_policy=calm", "", "failed", 11),
        ("CHG018", ', timezone="America/New_York"', ', timezone="UTC"', "needs_approval", 8),
        ("CHG018", "30 20 * * *", "30 23 * * *", "needs_approval", 8),
        ("CHG018", "30 20 * * *", "0 * * * *", "warned", None),
    ],
)
def test_what_source_does_not_tell_of_still_counts(
    gate: str, before: str, after: str, outcome: str, line: int | None
) -> None:
    changed = FACTORY.replace(before, after)
    assert changed != FACTORY

    assert judged(gate, {"defs.py": FACTORY}, {"defs.py": changed}) == (
        outcome,
        [line] if line else [],
    )


def test_an_equal_value_in_another_spelling_is_free_where_it_is_read() -> None:
    asset = "import dagster as dg\n\n%s\n\n@dg.asset(partitions_def=%s)\ndef orders(): ...\n\n"
    daily = f"{asset}defs = dg.Definitions([orders])\n"
    plain = daily % ("", 'dg.DailyPartitionsDefinition("2026-01-01")')
    named = daily % ('DAYS = dg.DailyPartitionsDefinition("2026-01-01")', "DAYS")

    assert judged("CHG005", {"defs.py": plain}, {"defs.py": named})[0] == "passed"


LOCATION = """\
import dagster as dg
from shop_factories import mapped


def build_defs():
    @dg.asset(key="orders")
    def orders(): ...

    return dg.Definitions(assets=[*mapped(orders)])
"""


def test_a_deleted_file_of_what_source_does_not_tell_is_for_a_person() -> None:
    kept = {
        "shop/keep.py": "import dagster as dg\n\n@dg.asset\ndef keep(): ...\n\ndefs = dg.Definitions([keep])\n"
    }

    gone = judged("CHG004", {**kept, "shop/mapped.py": LOCATION}, kept)
    moved = judged(
        "CHG004",
        {**kept, "shop/mapped.py": LOCATION},
        {**kept, "shop/locations/airlift.py": f"# mapped from Airflow\nEXTRA = 1\n{LOCATION}"},
    )

    assert gone == ("needs_approval", [1])
    assert moved[0] != "needs_approval"
