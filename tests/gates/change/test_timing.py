"""When existing pipelines run, in the source of each scheduler."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg005_schedule_approved import ScheduleApproved
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import read_change

IMPORTS = """\
import os
from datetime import datetime, timedelta

import pendulum
from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator

"""


def judged(before: dict[str, str], after: dict[str, str]) -> tuple[str, list[str]]:
    change = read_change(MemoryTree.of(before), MemoryTree.of(after), Policy())
    result = judge(ScheduleApproved(), Case(Policy(), change=change))
    return result.outcome, [finding.message for finding in result.findings]


def dag(arguments: str, above: str = "", name: str = "sales") -> dict[str, str]:
    text = f'{IMPORTS}{above}\nwith DAG("{name}", {arguments}):\n    BashOperator(task_id="a", bash_command="x")\n'
    return {f"dags/{name}.py": text}


AT_FIVE = 'start_date=datetime(2024, 1, 1), catchup=False, schedule="0 5 * * *"'


@pytest.mark.parametrize(
    "before, after",
    [
        ('schedule="@daily"', 'schedule="0 0 * * *"'),
        ('schedule="0 5 * * 1-5"', 'schedule="0 5 * * MON-FRI"'),
        ('schedule="0 15 * * *"', 'schedule="0 15 * * 0-6"'),
        ('schedule="@daily"', 'schedule_interval="@daily"'),
        (
            'start_date=datetime(2024, 1, 1), schedule="@daily"',
            'start_date=datetime(2024, 1, 1, 0, 0), schedule="@daily"',
        ),
        (
            'start_date=datetime(2024, 1, 1), schedule="@daily"',
            'start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), schedule="@daily"',
        ),
    ],
)
def test_another_spelling_is_no_change(before: str, after: str) -> None:
    assert judged(dag(before), dag(after)) == ("passed", [])


@pytest.mark.parametrize(
    "before, after, says",
    [
        (
            'start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"), schedule="@daily"',
            'start_date=datetime(2024, 1, 1), schedule="@daily"',
            "time zone",
        ),
        (
            AT_FIVE,
            AT_FIVE.replace("2024, 1", "2031, 1"),
            "until then, no run starts by itself",
        ),
        (
            AT_FIVE,
            AT_FIVE.replace("False", "True"),
            "2024-01-01: about 365 runs for each year in which none was made",
        ),
        (AT_FIVE, AT_FIVE.replace('"0 5 * * *"', "timedelta(days=1)"), "every day instead of"),
        (AT_FIVE, AT_FIVE.replace('"0 5 * * *"', "None"), "no longer runs by itself"),
        (AT_FIVE, f"{AT_FIVE}, end_date=datetime(2024, 6, 1)", "after an end date, no run starts"),
        (AT_FIVE, f"{AT_FIVE}, is_paused_upon_creation=True", "paused"),
    ],
)
def test_a_change_is_for_a_person(before: str, after: str, says: str) -> None:
    outcome, messages = judged(dag(before), dag(after))
    assert outcome == "needs_approval"
    assert any(says in message for message in messages), messages


def test_a_date_in_default_args_counts() -> None:
    before = dag("schedule='@daily', default_args={'start_date': datetime(2024, 1, 1)}, catchup=True")
    after = dag("schedule='@daily', default_args={'start_date': datetime(2023, 1, 1)}, catchup=True")
    outcome, messages = judged(before, after)
    assert outcome == "needs_approval"
    assert messages[0].endswith("about 364 more runs")


def test_what_a_value_is_made_of_that_source_does_not_tell() -> None:
    asks = "source does not tell which value comes out"
    outcome, messages = judged(
        dag('schedule=os.environ["SALES"]'), dag('schedule=os.environ["STOCK"], tags=["a"]')
    )
    assert outcome == "needs_approval"
    assert messages == [f"what the schedule of pipeline sales is made of changes, and {asks}"]
    assert judged(dag('schedule=os.environ["A"]'), dag('schedule=os.environ["A"], tags=["a"]'))[0] == "passed"
    default = 'schedule=Variable.get("sales_schedule", default_var="{}")'
    assert judged(dag(default.format("@daily")), dag(default.format("@hourly")))[0] == "needs_approval"


def test_a_constant_of_another_file() -> None:
    used = "from shared import NIGHTLY\n"
    outcome, messages = judged(
        dag("schedule=NIGHTLY", used) | {"dags/shared.py": 'NIGHTLY = "0 1 * * *"\n'},
        dag("schedule=NIGHTLY", used) | {"dags/shared.py": 'NIGHTLY = "0 3 * * *"\n'},
    )
    assert (outcome, len(messages)) == ("needs_approval", 1)


def test_a_change_of_many_is_one_finding() -> None:
    def all_at(schedule: str) -> dict[str, str]:
        return {
            path: text
            for name in ("sales", "stock", "visits", "returns", "people")
            for path, text in dag(f'schedule="{schedule}"', name=name).items()
        }

    outcome, messages = judged(all_at("0 1 * * *"), all_at("0 2 * * *"))
    assert (outcome, len(messages)) == ("needs_approval", 1)


def test_a_deployment_of_prefect_and_a_partition_of_dagster() -> None:
    flow = "from prefect import flow\n\n\n@flow\ndef nightly(): ...\n\n\n"
    serve = 'if __name__ == "__main__":\n    nightly.serve(name="nightly", cron="{}")\n'

    def served(cron: str) -> dict[str, str]:
        return {"flows.py": flow + serve.format(cron)}

    assert judged(served("0 1 * * *"), served("0 2 * * *"))[0] == "needs_approval"
    assert judged(served("0 1 * * *"), served("00 1 * * *"))[0] == "passed"

    def deployed(schedule: str) -> dict[str, str]:
        text = (
            f"deployments:\n- name: nightly\n  entrypoint: flows.py:nightly\n  schedules:\n  - {schedule}\n"
        )
        return {"flows.py": flow, "prefect.yaml": text}

    at_one = "{cron: '0 1 * * *', timezone: UTC}"
    assert judged(deployed(at_one), deployed(at_one.replace("UTC", "Europe/Rome")))[0] == "needs_approval"
    assert judged(deployed(at_one), deployed("{cron: '0 1 * * *'}"))[0] == "passed"

    def asset(arguments: str) -> dict[str, str]:
        made = f"import dagster as dg\n\n\n@dg.asset{arguments}\ndef orders(): ...\n\n\n"
        return {"defs.py": f"{made}defs = dg.Definitions(assets=[orders])\n"}

    daily = '(partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))'
    assert judged(asset(daily), asset(""))[0] == "needs_approval"
    eager = "(automation_condition=dg.AutomationCondition.eager())"
    assert judged(asset(eager), asset(""))[0] == "needs_approval"


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        # Laid out anew, moved, about something else, or when checks run: nothing of timing changed.
        ("x = 1\nplan(cron=AT)\n", "plan(\n    cron=AT,\n)\nx = 1\n", "warned"),
        (
            "def auto_materialize_policy(self): return EAGER\n",
            "def auto_materialize_policy(\n self): return EAGER\n",
            "warned",
        ),
        ("", "late = FreshnessPolicy.cron(deadline_cron='0 9 * * *')\n", "warned"),
        ("", "def load_partitioned(a):\n    run(a)\n", "warned"),
        # An argument, an entry, a result or a call that says when something runs.
        ('DAG("a", schedule="@daily")\n', 'DAG("a", **chosen())\n', "needs_approval"),
        ('args = {"schedule": "@daily"}\n', "args = chosen()\n", "needs_approval"),
        (
            "def get_automation_condition(self): return EAGER\n",
            "def get_automation_condition(self): return None\n",
            "needs_approval",
        ),
        ("found = [ScheduleDefinition(job, AT)]\n", "found = made(job)\n", "needs_approval"),
    ],
)
def test_what_source_tells_more_or_less_of(before: str, after: str, outcome: str) -> None:
    daily, unseen = specimens.pipeline(), specimens.pipeline(schedule=UNRESOLVED)
    workflow = {".github/workflows/ci.yml": "on:\n  schedule:\n  - cron: '0 5 * * *'\n"}
    for old, new in ((daily, unseen), (unseen, daily)):
        files = {specimens.DAG_FILE: before}, {specimens.DAG_FILE: after, **workflow}
        change = specimens.change(*files, base=(old,), head=(new,))
        result = judge(ScheduleApproved(), Case(Policy(), change=change))
        assert result.outcome == outcome, result.findings


def test_a_schedule_that_only_the_machine_knows_now() -> None:
    assert judged(dag('schedule="@daily"'), dag('schedule=Variable.get("x")'))[0] == "needs_approval"
    splat = dag("**chosen()", "from chosen import chosen\n")
    assert judged(dag('schedule="@daily"'), splat)[0] == "needs_approval"
