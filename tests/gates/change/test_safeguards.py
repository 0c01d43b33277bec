"""What keeps pipelines safe and goes, in the source of each scheduler."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg018_safeguards_kept import SafeguardsKept
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import read_change

AIRFLOW = """\
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.sensors.external_task import ExternalTaskSensor


def page(context): ...


def post(context): ...


with DAG("{name}", start_date=datetime(2024, 1, 1), {dag}) as dag:
    {body}
"""


def judged(before: dict[str, str], after: dict[str, str]) -> tuple[str, list[str]]:
    change = read_change(MemoryTree.of(before), MemoryTree.of(after), Policy())
    result = judge(SafeguardsKept(), Case(Policy(), change=change))
    return result.outcome, [finding.message for finding in result.findings]


def dag(*body: str, arguments: str = 'schedule="0 5 * * *"', name: str = "sales") -> dict[str, str]:
    return {f"dags/{name}.py": AIRFLOW.format(name=name, dag=arguments, body="\n    ".join(body))}


def task(name: str = "load", more: str = "") -> str:
    return f'{name} = BashOperator(task_id="{name}", bash_command="x"{more})'


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        (", execution_timeout=timedelta(hours=1)", "", "needs_approval"),
        (
            ", execution_timeout=timedelta(hours=1)",
            ", execution_timeout=timedelta(hours=3)",
            "needs_approval",
        ),
        (", execution_timeout=timedelta(hours=1)", ", execution_timeout=timedelta(minutes=90)", "warned"),
        (", execution_timeout=timedelta(hours=1)", ", execution_timeout=timedelta(minutes=30)", "passed"),
        (", on_failure_callback=page", "", "needs_approval"),
        (", on_failure_callback=page", ", on_failure_callback=post", "warned"),
        (', pool="warehouse"', "", "needs_approval"),
        (', pool="warehouse"', ', pool="lake"', "warned"),
        ("", ', trigger_rule="all_done"', "needs_approval"),
        ("", ', trigger_rule="none_failed"', "warned"),
        (', trigger_rule="all_done"', "", "needs_approval"),
        (", depends_on_past=True", "", "needs_approval"),
        (", depends_on_past=True", ", depends_on_past=False", "needs_approval"),
        ("", ", depends_on_past=True", "passed"),
        ("", ', pool="warehouse", execution_timeout=timedelta(hours=1)', "passed"),
    ],
)
def test_a_task(before: str, after: str, outcome: str) -> None:
    assert judged(dag(task(more=before)), dag(task(more=after)))[0] == outcome


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        ("max_active_runs=1", "max_active_runs=8", "needs_approval"),
        ("max_active_runs=4", "max_active_runs=6", "warned"),
        ("dagrun_timeout=timedelta(hours=2)", "", "needs_approval"),
        ("default_args={'depends_on_past': True}", "default_args={'retries': 1}", "needs_approval"),
        (
            "default_args={'on_failure_callback': page}",
            "default_args={'on_failure_callback': post}",
            "warned",
        ),
    ],
)
def test_a_dag(before: str, after: str, outcome: str) -> None:
    sides = [dag(task(), arguments=f'schedule="@daily", {one}') for one in (before, after)]
    assert judged(*sides)[0] == outcome


def sensor(more: str) -> str:
    return f'wait = ExternalTaskSensor(task_id="wait", external_dag_id="orders"{more})'


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        (", timeout=60 * 30", "", "needs_approval"),
        (", timeout=WAIT", ", mode='reschedule'", "needs_approval"),
        (", timeout=60 * 30", ", timeout=60 * 20", "passed"),
        ("", ", timeout=60 * 30", "passed"),
    ],
)
def test_how_long_a_sensor_waits(before: str, after: str, outcome: str) -> None:
    assert judged(dag(sensor(before)), dag(sensor(after)))[0] == outcome


def test_how_long_a_request_may_take_is_no_time_out_of_a_task() -> None:
    sides = [dag(f'answer = get("https://x.example.com"{one})') for one in (", timeout=9", "")]
    assert judged(*sides) == ("passed", [])


def test_a_time_out_in_shared_defaults() -> None:
    sides = [
        {"dags/common.py": f"from datetime import timedelta\n\nDEFAULT_ARGS = {{'retries': 2{one}}}\n"}
        for one in (", 'execution_timeout': timedelta(hours=2)", "")
    ]
    outcome, (message,) = judged(*sides)
    assert outcome == "needs_approval"
    assert "execution_timeout of DEFAULT_ARGS is gone" in message


def test_what_moves_into_the_defaults_is_kept() -> None:
    own = dag(task(more=", depends_on_past=True, on_failure_callback=page"))
    common = dag(
        task(),
        arguments="schedule='0 5 * * *', default_args={'depends_on_past': True, 'on_failure_callback': page}",
    )
    assert judged(own, common) == ("passed", [])


def test_the_order_of_tasks_that_stay() -> None:
    tasks = [task("clean"), task("check"), task("load")]
    chained = dag(*tasks, "clean >> check >> load")
    outcome, messages = judged(chained, dag(*tasks, "clean >> check"))
    assert (outcome, messages) == (
        "needs_approval",
        [
            (
                "in pipeline sales these no longer wait: load for check; they may now run at the same time, "
                "or the other way round"
            )
        ],
    )
    assert judged(chained, dag(*tasks, "clean >> check >> load", "clean >> load"))[0] == "passed"
    between = dag(task("clean"), task("load"), "clean >> load")
    assert judged(chained, between)[0] == "passed"
    outcome, messages = judged(chained, dag(task("clean"), task("load")))
    assert "load for clean" in messages[0]
    assert judged(chained, dag(task("clean"), task("check_all"), task("load"), "clean >> check_all >> load"))[
        0
    ] == ("passed")


def waiting(more: str, schedule: str = "0 5 * * *") -> dict[str, str]:
    sensor = (
        f'wait = ExternalTaskSensor(task_id="wait", external_dag_id="stock", external_task_id="load"{more})'
    )
    return dag(sensor, task(), "wait >> load", arguments=f'schedule="{schedule}"')


STOCK = dag(task(), arguments='schedule="0 4 * * *"', name="stock")


def test_the_run_that_a_sensor_waits_for() -> None:
    an_hour = waiting(", execution_delta=timedelta(hours=1)") | STOCK

    outcome, messages = judged(an_hour, waiting("") | STOCK)
    assert outcome == "failed"
    assert messages[0].startswith(
        "sensor sales.wait waits for stock.load, the run of the same time, which does not exist"
    )
    later = dag(task(), arguments='schedule="0 3 * * *"', name="stock")
    assert judged(an_hour, waiting(", execution_delta=timedelta(hours=1)") | later)[0] == "failed"
    assert judged(an_hour, waiting(", execution_delta=timedelta(hours=2)") | later)[0] in (
        "needs_approval",
        "passed",
    )
    assert judged(an_hour, waiting(", execution_delta=timedelta(hours=25)") | STOCK)[0] == "needs_approval"
    assert judged(waiting("") | STOCK, an_hour)[0] == "passed"


def test_a_sensor_that_waits_for_something_else_or_nothing() -> None:
    base = waiting(", execution_delta=timedelta(hours=1)") | STOCK
    other = {
        path: text.replace('external_dag_id="stock"', 'external_dag_id="items"')
        for path, text in base.items()
    }
    assert judged(base, other)[0] == "warned"
    nothing = dag(task("wait"), task(), "wait >> load", arguments='schedule="0 5 * * *"')
    assert judged(base, nothing | STOCK)[0] == "needs_approval"


def test_a_sensor_that_only_skips() -> None:
    base = waiting(", execution_delta=timedelta(hours=1)") | STOCK
    assert (
        judged(base, waiting(", execution_delta=timedelta(hours=1), soft_fail=True") | STOCK)[0]
        == "needs_approval"
    )


def flow(task_arguments: str = "", flow_arguments: str = "", second: str = "load()") -> dict[str, str]:
    return {
        "flows.py": (
            f"from prefect import flow, task\n\n\n@task\ndef clean(): ...\n\n\n@task{task_arguments}\n"
            f"def load(): ...\n\n\n@flow{flow_arguments}\ndef nightly():\n    first = clean.submit()\n    {second}\n"
        )
    }


def test_flows_of_prefect() -> None:
    assert judged(flow("(timeout_seconds=60)"), flow())[0] == "needs_approval"
    assert judged(flow("(timeout_seconds=60)"), flow("(timeout_seconds=90)"))[0] == "warned"
    assert judged(flow("", "(timeout_seconds=60)"), flow())[0] == "needs_approval"
    assert judged(flow("(persist_result=True)"), flow())[0] == "needs_approval"
    outcome, messages = judged(flow(second="load.submit(wait_for=[first])"), flow(second="load.submit()"))
    assert outcome == "needs_approval"
    assert "load for clean" in messages[0]


def assets(
    load: str, body: str = "...", check: str = "(asset=orders, blocking=True)", more: str = ""
) -> dict[str, str]:
    return {
        "defs.py": (
            "import dagster as dg\n\n\n@dg.asset\ndef orders(): ...\n\n\n"
            f"@dg.asset{load}\ndef revenue():\n    {body}\n\n\n@dg.asset_check{check}\ndef plausible(): ...\n\n\n{more}"
            "defs = dg.Definitions(assets=[orders, revenue], asset_checks=[plausible])\n"
        )
    }


def test_assets_of_dagster() -> None:
    base = assets("(deps=[orders])")
    assert judged(base, assets(""))[0] == "needs_approval"
    assert judged(base, assets("", body="compute()"))[0] == "passed"
    assert judged(base, assets("(deps=[orders])", check="(asset=orders)"))[0] == "needs_approval"
    written = "(\n    asset=orders,\n    blocking=%s,\n)"
    old, new = (MemoryTree.of(assets("", check=written % switch)) for switch in ("True", "False"))
    change = read_change(old, new, Policy())
    found = judge(SafeguardsKept(), Case(Policy(), change=change)).findings
    assert [(one.line, "plausible is now False" in one.message) for one in found] == [(15, True)]
    fresh = "(deps=[orders], freshness_policy=dg.FreshnessPolicy.cron('0 1 * * *', 5))"
    assert judged(assets(fresh), base)[0] == "needs_approval"
    sensor = "@dg.run_failure_sensor\ndef tell_on_call(context): ...\n\n\n"
    outcome, messages = judged(assets("(deps=[orders])", more=sensor), base)
    assert outcome == "needs_approval"
    assert messages == ["tell_on_call, which told of failed or late runs, is gone; a failure goes unseen"]


def test_a_model_of_dbt() -> None:
    project = {"dbt_project.yml": "name: shop\nversion: '1.0'\n"}
    head = "{{{{ config(materialized='incremental', {}) }}}}\nselect 1 as id\n"

    def model(config: str) -> dict[str, str]:
        return project | {"models/orders.sql": head.format(config)}

    fails = "unique_key='id', on_schema_change='fail'"
    assert judged(model(fails), model("unique_key='id'"))[0] == "needs_approval"
    assert judged(model(fails), model(fails.replace("unique_key='id', ", "")))[0] == "passed"
    assert judged(model("full_refresh=false"), model("unique_key='id'"))[0] == "needs_approval"


@pytest.mark.parametrize(
    "after, outcome",
    [("load = task(timeout_seconds=60)\nx = 1\n", "warned"), ("load = task(**chosen())\n", "needs_approval")],
)
def test_a_limit_that_source_tells_less_of(after: str, outcome: str) -> None:
    known, unseen = specimens.node(timeout_s=60.0), specimens.node(timeout_s=UNRESOLVED)
    change = specimens.change(
        {specimens.DAG_FILE: "load = task(timeout_seconds=60)\n"},
        {specimens.DAG_FILE: after},
        base=(specimens.pipeline(known),),
        head=(specimens.pipeline(unseen),),
    )
    assert judge(SafeguardsKept(), Case(Policy(), change=change)).outcome == outcome


WATCHED = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

from company.watching import watcher

with DAG("sales") as dag:
    load = BashOperator(task_id="load", bash_command="x")
    {last}
"""


def watched(last: str) -> dict[str, str]:
    return {"dags/sales.py": WATCHED.format(last=last)}


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        ("list(dag.tasks) >> watcher()", "pass", "needs_approval"),
        ("seen = watcher()\n    load >> seen", "seen = watcher()", "needs_approval"),
        ("chain(load, watcher())", "pass", "needs_approval"),
        ("load.set_downstream(watcher())", "pass", "needs_approval"),
        ("list(dag.tasks) >> watcher()", "dag.tasks >> watcher()", "passed"),
        ("load >> watcher()", "load >> watcher(loud=True)", "passed"),
        ("pass", "load >> watcher()", "passed"),
    ],
)
def test_an_order_with_what_a_package_makes(before: str, after: str, outcome: str) -> None:
    assert judged(watched(before), watched(after))[0] == outcome


@pytest.mark.parametrize("rule, outcome", [("all_done", "needs_approval"), ("none_failed", "warned")])
def test_the_last_task_of_a_run_is_what_the_run_ends_as(rule: str, outcome: str) -> None:
    end = 'end = EmptyOperator(task_id="end"{})'
    sides = [dag(task(), end.format(more), "load >> end") for more in ("", f', trigger_rule="{rule}"')]
    head = "from airflow.operators.empty import EmptyOperator\n"
    before, after = ({path: head + text for path, text in side.items()} for side in sides)
    assert judged(before, after)[0] == outcome


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        ("email='a@example.com', on_failure_callback=page", "email='a@example.com'", "needs_approval"),
        ("email='a@example.com', on_failure_callback=page", "on_failure_callback=page", "needs_approval"),
        ("email=['a@example.com', 'b@example.com']", "email=['a@example.com']", "warned"),
        ("email='a@example.com'", "on_failure_callback=page", "warned"),
    ],
)
def test_one_of_two_ways_to_tell_of_a_failure(before: str, after: str, outcome: str) -> None:
    assert judged(dag(task(more=f", {before}")), dag(task(more=f", {after}")))[0] == outcome


def test_a_doubt_about_one_dag_of_a_file_leaves_the_order_of_the_others() -> None:
    doubtful = "\n\nif page(None):\n    with DAG('other') as other:\n        BashOperator(task_id='b')\n"
    sides = [dag(task("first"), task(), order) for order in ("first >> load", "pass")]
    before, after = ({path: text + doubtful for path, text in side.items()} for side in sides)
    outcome, messages = judged(before, after)
    assert outcome == "needs_approval"
    assert "these no longer wait: load for first" in messages[0]


@pytest.mark.parametrize(
    "states, outcome",
    [
        ('["success", "failed"]', "needs_approval"),
        ('["success"]', "passed"),
        ('["success", "skipped"]', "passed"),
    ],
)
def test_a_wait_that_ends_well_after_a_failure(states: str, outcome: str) -> None:
    assert judged(dag(sensor("")), dag(sensor(f", allowed_states={states}")))[0] == outcome


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        ("dbt test", "dbt test || true", "needs_approval"),
        ("dbt test", "dbt test ; exit 0", "needs_approval"),
        ("dbt test", "dbt test || :", "needs_approval"),
        ("dbt test", "dbt build || true", "passed"),
        ("dbt test || true", "dbt test", "passed"),
    ],
)
def test_a_command_that_may_fail_now(before: str, after: str, outcome: str) -> None:
    sides = [dag(f'check = BashOperator(task_id="check", bash_command="{one}")') for one in (before, after)]
    assert judged(*sides)[0] == outcome
