"""The gates on changes of Dagster code, read from source before and after."""

import re

import pytest

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.evidence import Side
from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.tree import MemoryTree, text_of
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.specimens import measure, report
from meta_pipeline.policy import Policy, RetryPolicy, SchedulerPolicy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.validate import to_run

POLICY = Policy(
    scheduler=SchedulerPolicy(kind="dagster", paths=(".",)), retries=RetryPolicy(minimum=2, delay_seconds=60)
)
CODE = """\
import dagster as dg

CALM = dg.RetryPolicy(max_retries=2, delay=60)


@dg.asset(retry_policy=CALM, partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))
def orders(): ...


@dg.asset(deps=[orders], retry_policy=CALM, automation_condition=dg.AutomationCondition.eager())
def revenue(): ...


@dg.asset_check(asset=revenue)
def plausible(): ...


@dg.op(retry_policy=CALM)
def tell(): ...


@dg.job
def report():
    tell()


nightly = dg.define_asset_job("nightly", selection=[orders])
at_night = dg.ScheduleDefinition(job=nightly, cron_schedule="0 1 * * *")
defs = dg.Definitions(
    assets=[orders, revenue], asset_checks=[plausible], jobs=[nightly, report], schedules=[at_night]
)
"""


def change(before: str, after: str, added: dict[str, str] | None = None) -> Change:
    assert before in CODE
    head = {"defs.py": CODE.replace(before, after), **(added or {})}
    return read_change(MemoryTree.of({"defs.py": CODE}), MemoryTree.of(head), POLICY)


def source(made: Change) -> str:
    return text_of(made.head, "defs.py") or ""


def judged(gate_id: str, made: Change, **parts: object) -> GateResult:
    gate = catalogue().gates[gate_id]
    return judge(gate, Case(POLICY, change=made, **parts))  # type: ignore[arg-type]


def said(result: GateResult) -> list[tuple[int | None, str]]:
    words = [finding.message + finding.fix for finding in result.findings]
    assert not re.search(r"(?i)\bdags?\b|airflow|operator|\btask\b|default_args", " ".join(words)), words
    return [(finding.line, finding.message) for finding in result.findings]


def test_a_removed_asset_check_op_and_job() -> None:
    revenue = CODE[CODE.index("@dg.asset(deps") : CODE.index("@dg.op")]
    without = change(revenue, "")
    cut = source(without).replace("[orders, revenue], asset_checks=[plausible]", "[orders]")
    made = read_change(without.base, MemoryTree.of({"defs.py": cut}), POLICY)
    result = judged("CHG004", made)
    assert result.outcome == "needs_approval"
    assert said(result) == [
        (10, "asset revenue is removed; its runs stop and its data goes stale"),
    ]
    unchecked = judged("CHG013", change("asset_checks=[plausible]", "asset_checks=[]"))
    assert unchecked.outcome == "needs_approval"
    assert said(unchecked) == [
        (30, "asset check revenue:plausible is removed; what it would catch goes unseen")
    ]
    assert judged("CHG013", made).outcome == "passed"
    result = judged("CHG004", change("jobs=[nightly, report]", "jobs=[nightly]"))
    assert said(result) == [(30, "pipeline report is removed; its runs stop and its data goes stale")]


def test_what_a_component_may_have_taken_over_is_for_a_person() -> None:
    project = {"pyproject.toml": '[tool.dg.project]\nroot_module = "shop"\n', "shop/__init__.py": ""}
    load = (
        "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
        "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n"
    )
    project |= {
        "shop/definitions.py": load,
        "shop/defs/keep.py": "import dagster as dg\n\n@dg.asset\ndef keep(): ...\n",
    }
    asset = "import dagster as dg\n\n@dg.asset\ndef loaded(): ...\n"
    made = read_change(
        MemoryTree.of({**project, "shop/defs/loads/assets.py": asset}),
        MemoryTree.of({**project, "shop/defs/loads/defs.yaml": "type: shop.Loads\n"}),
        POLICY,
    )
    result = judged("CHG004", made)
    assert result.outcome == "needs_approval"
    assert (
        "unless shop/defs/loads/defs.yaml:1 makes it, which only a run can tell" in result.findings[0].message
    )


@pytest.mark.parametrize(
    "before, after, line, message",
    [
        (
            "0 1 * * *",
            "0 2 * * *",
            28,
            "pipeline nightly now runs at 02:00 every day (0 2 * * *) instead of at 01:00 every day (0 1 * * *)",
        ),
        (
            '"2026-01-01"',
            '"2025-01-01"',
            6,
            (
                "the partitions of asset nightly.orders are at 00:00 every day (0 0 * * *) from 2025-01-01 UTC "
                "instead of at 00:00 every day (0 0 * * *) from 2026-01-01 UTC"
            ),
        ),
        (
            ", automation_condition=dg.AutomationCondition.eager()",
            "",
            10,
            "asset revenue no longer runs by itself (before: eager)",
        ),
        (
            "schedules=[at_night]",
            'schedules=[at_night, dg.ScheduleDefinition(job=report, cron_schedule="@daily")]',
            30,
            "pipeline report now runs by itself, at 00:00 every day (0 0 * * *); before, it had no schedule",
        ),
    ],
)
def test_when_things_run(before: str, after: str, line: int, message: str) -> None:
    result = judged("CHG005", change(before, after))
    assert result.outcome == "needs_approval"
    assert said(result) == [(line, message)]


def test_a_new_asset_with_an_automation_condition_moves_nobody() -> None:
    new = "@dg.asset(retry_policy=CALM, automation_condition=dg.AutomationCondition.eager())\ndef more(): ...\n\n\n"
    made = change("@dg.op(", f"{new}@dg.op(")
    head = source(made).replace("[orders, revenue]", "[orders, revenue, more]")
    grown = read_change(made.base, MemoryTree.of({"defs.py": head}), POLICY)
    assert [d.sentence for d in grown.differences] == ["asset more is added"]
    assert judged("CHG005", grown).outcome == "passed"
    assert judged("CHG006", grown).outcome == "passed"


def test_retries_in_the_words_of_dagster() -> None:
    result = judged("CHG006", change("@dg.asset(retry_policy=CALM, partitions", "@dg.asset(partitions"))
    assert result.outcome == "failed"
    assert said(result) == [
        (6, "asset nightly.orders has 0 retries; the policy asks for 2: a passing fault fails the whole run"),
        (
            6,
            (
                "asset nightly.orders waits 0 s between retries; the policy asks for 60 s: "
                "a passing fault fails the whole run"
            ),
        ),
    ]
    assert result.findings[0].fix == (
        "give max_retries in a RetryPolicy as the retry_policy of the asset, "
        "or in the op_retry_policy of the job nightly"
    )
    result = judged("CHG006", change("@dg.op(retry_policy=CALM)", "@dg.op"))
    assert [line for line, _ in said(result)] == [18, 18]


def test_what_cannot_retry_is_not_asked_to() -> None:
    new = """
from dagster_dbt import dbt_assets


@dbt_assets(manifest="dbt/target/manifest.json")
def models(context): ...


@dg.observable_source_asset
def feed(): ...


@dg.asset_check(asset=orders)
def fresh(): ...


nightly ="""
    made = change("\nnightly =", new)
    head = source(made)
    head = head.replace("[orders, revenue]", '[orders, revenue, models, feed, dg.AssetSpec("theirs")]')
    head = head.replace("[plausible]", "[plausible, fresh]")
    grown = read_change(made.base, MemoryTree.of({"defs.py": head}), POLICY)
    kinds = {d.kind for d in grown.differences if d.field == "added"}
    assert kinds == {"dbt_assets", "observable_asset", "external_asset", "asset_check"}
    assert judged("CHG006", grown).outcome == "not_applicable"


def test_an_asset_that_a_job_selects_too_is_not_new() -> None:
    retried = CODE.replace("retry_policy=CALM, automation", "automation")
    wider = retried.replace("selection=[orders]", "selection=[orders, revenue]")
    made = read_change(MemoryTree.of({"defs.py": retried}), MemoryTree.of({"defs.py": wider}), POLICY)
    assert judged("CHG006", made).outcome == "warned"


@pytest.mark.parametrize(
    "before, after, wanted, ran, outcome",
    [
        # The job that selects an asset is run for it, and the job of all assets only for the others.
        (
            "@dg.asset(retry_policy=CALM, part",
            "@dg.asset(part",
            ("nightly", "__ASSET_JOB"),
            "nightly",
            "passed",
        ),
        (
            "@dg.asset(retry_policy=CALM, part",
            "@dg.asset(part",
            ("nightly", "__ASSET_JOB"),
            "report",
            "could_not_run",
        ),
        ("deps=[orders], ", "", ("nightly", "__ASSET_JOB"), "__ASSET_JOB", "passed"),
    ],
)
def test_each_touched_asset_runs_once(
    before: str, after: str, wanted: tuple[str, ...], ran: str, outcome: str
) -> None:
    made = change(before, after)
    for side in ("base", "head"):
        chosen: Side = "base" if side == "base" else "head"
        assert set(to_run(POLICY, made, chosen)) == {*wanted, "report"}
    result = judged("VAL005", made, reports=report("dry_run", measure("runtime", 3.0, "s", subject=ran)))
    assert result.outcome == outcome
    if outcome == "could_not_run":
        assert result.reason == "the change touches orders, which the dry run did not run"


def test_a_circle_is_named_where_the_change_closes_it() -> None:
    made = change("@dg.asset(retry_policy=CALM, part", '@dg.asset(deps=["revenue"], retry_policy=CALM, part')

    found = judged("CHG017", made).findings

    assert [(one.line, "assets wait for each other" in one.message) for one in found] == [(6, True)]


def test_two_schedules_of_one_name_do_not_load() -> None:
    second = 'again = dg.ScheduleDefinition(name="%s", job=report, cron_schedule="0 2 * * *")\ndefs ='
    listed = CODE.replace("[at_night]", "[at_night, again]")
    sides = [listed.replace("defs =", second % name) for name in ("again", "nightly_schedule")]
    base, head = (MemoryTree.of({"defs.py": side}) for side in sides)
    made = read_change(base, head, POLICY)

    result = judged("CHG017", made)

    assert result.outcome == "failed"
    assert "has the name of what is defined at defs.py:28" in result.findings[0].message
