"""A repository that writes DAGs in more of the styles that teams use; every file runs under Airflow 2.9 to 3.x.

Read from source and by Airflow itself it must give the same pipelines. `lib.compat` is that of `dag_forms`.
"""

from tests.schedulers.airflow.dag_forms import FORMS

ASSETS = """
try:
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
    from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
    from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    from airflow.sdk import Asset, Variable, setup, teardown
    from airflow.sdk.types import XComArg
    from airflow.timetables.assets import AssetOrTimeSchedule
except ImportError:
    try:
        from airflow.sdk import Asset, Variable, XComArg, setup, teardown
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
        from airflow.providers.standard.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
        from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
    except ImportError:
        from airflow.datasets import Dataset as Asset
        from airflow.decorators import setup, teardown
        from airflow.models import Variable
        from airflow.models.xcom_arg import XComArg
        from airflow.operators.latest_only import LatestOnlyOperator
        from airflow.operators.trigger_dagrun import TriggerDagRunOperator
        from airflow.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable
"""

HEAD = "from datetime import datetime, timedelta\n\nfrom airflow import DAG  # the word Airflow looks for\n"
START = "start_date=datetime(2024, 1, 1), catchup=False"

DATA_STYLES: dict[str, str] = {
    "lib/__init__.py": "",
    "lib/compat.py": FORMS["lib/compat.py"],
    "lib/assets.py": ASSETS,
    "lib/settings.py": """
from datetime import timedelta

DEFAULTS = {"owner": "team", "retries": 2, "retry_delay": timedelta(minutes=1), "pool": "shared"}
TEAMS = {"sales": {"schedule": "@daily", "retries": 1}, "ops": {"schedule": "0 6 * * 1", "retries": 3}}
""",
    "lib/operators.py": """
from lib.compat import BaseOperator, BashOperator


class CopyOperator(BaseOperator):
    template_fields = ("source", "target")

    def __init__(self, source, target="warehouse", *, retries=4, **kwargs):
        super().__init__(retries=retries, **kwargs)
        self.source = source
        self.target = target

    def execute(self, context):
        return self.target


class NamedCopy(CopyOperator):
    def __init__(self, name, **kwargs):
        kwargs.setdefault("pool", "copies")
        super().__init__(task_id=f"copy_{name}", source=name, **kwargs)


class QuietBash(BashOperator):
    def __init__(self, **kwargs):
        super().__init__(bash_command="true", **kwargs)
""",
    "lib/callbacks.py": """
def page(context): ...


def tell(channel):
    def send(context): ...

    return send
""",
    "dags/with_in_function.py": f"""{HEAD}from lib.compat import EmptyOperator
from lib.settings import DEFAULTS


def make(name, schedule=None, **options):
    with DAG(name, schedule=schedule, default_args=DEFAULTS, {START}, **options) as made:
        EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
        return made


one = make("function_one", schedule="@hourly", tags=["x"])
two = make("function_two", max_active_runs=1)
""",
    "dags/dict_driven.py": f"""{HEAD}from lib.compat import BashOperator
from lib.settings import TEAMS

for team, options in TEAMS.items():
    dag_id = f"team_{{team}}"
    with DAG(dag_id, schedule=options["schedule"], {START}) as dag:
        for step in ("extract", "load"):
            BashOperator(task_id=step, bash_command="true", retries=options["retries"], owner=team)
    globals()[dag_id] = dag
""",
    "dags/groups_in_loops.py": f"""{HEAD}from lib.compat import EmptyOperator, TaskGroup, chain

with DAG("group_loops", schedule=None, {START}) as dag:
    begin, end = EmptyOperator(task_id="begin"), EmptyOperator(task_id="end")
    groups = []
    for region in ["eu", "us"]:
        with TaskGroup(group_id=f"load_{{region}}") as group:
            first = EmptyOperator(task_id="first")
            rest = [EmptyOperator(task_id=f"part_{{n}}") for n in range(2)]
            first >> rest
        groups.append(group)
    begin >> groups >> end
    chain(end, *[EmptyOperator(task_id=f"after_{{n}}") for n in range(3)])
""",
    "dags/expanded.py": f"""{HEAD}from lib.compat import BashOperator, dag, task, task_group


@dag(schedule=None, {START})
def expanded():
    @task(retries=1, max_active_tis_per_dag=2)
    def add(x, y): return x + y

    @task
    def listed(): return [1, 2]

    @task_group
    def pair(x):
        return add.override(task_id="inner")(x, 1)

    BashOperator.partial(task_id="bash", retries=3, pool="p").expand(bash_command=["a", "b"])
    add.partial(y=1).expand(x=listed())
    pair.expand(x=[1, 2])
    add.expand_kwargs([{{"x": 1, "y": 2}}])


expanded()
""",
    "dags/branching.py": f"""{HEAD}from lib.compat import EmptyOperator, dag, task


@dag("branching", schedule="@daily", {START})
def flow():
    @task.branch
    def choose(): return "left"

    @task.short_circuit(ignore_downstream_trigger_rules=False)
    def enough(): return True

    left, right = EmptyOperator(task_id="left"), EmptyOperator(task_id="right")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    enough() >> choose() >> [left, right] >> join


flow()
""",
    "dags/setups.py": f"""{HEAD}from lib.assets import setup, teardown
from lib.compat import EmptyOperator, dag, task


@dag(schedule=None, {START})
def setups():
    @setup
    def up(): return 1

    @task
    def work(x): return x

    @teardown(on_failure_fail_dagrun=True)
    def down(x): ...

    made = up()
    work(made) >> down(made)
    before = EmptyOperator(task_id="before").as_setup()
    after = EmptyOperator(task_id="after").as_teardown(setups=before)
    with after:
        EmptyOperator(task_id="between_one") >> EmptyOperator(task_id="between_two")


setups()
""",
    "dags/from_environment.py": f"""{HEAD}import os

from lib.assets import Variable
from lib.compat import BashOperator

RETRIES = int(os.environ.get("STYLE_RETRIES", "6"))
OWNER = os.getenv("STYLE_OWNER", default="nobody")
with DAG("environment", schedule=os.environ.get("STYLE_CRON", "5 5 * * *"), {START}) as dag:
    BashOperator(task_id="t", bash_command="true", retries=RETRIES, owner=OWNER)
""",
    "dags/from_yaml.py": f"""{HEAD}from pathlib import Path

import yaml

from lib.compat import BashOperator

for path in sorted(Path(__file__).parent.glob("config/*.yaml")):
    config = yaml.safe_load(path.read_text())
    with DAG(f"yaml_{{path.stem}}", schedule=config.get("schedule"), {START}, tags=config.get("tags", [])) as dag:
        made = {{}}
        for spec in config["tasks"]:
            made[spec["id"]] = BashOperator(
                task_id=spec["id"], bash_command=spec["run"], retries=spec.get("retries", config["retries"])
            )
        for spec in config["tasks"]:
            for upstream in spec.get("after", []):
                made[upstream] >> made[spec["id"]]
    globals()[dag.dag_id] = dag
""",
    "dags/config/orders.yaml": """
schedule: "@daily"
retries: 2
tags: [orders]
tasks:
  - {id: extract, run: "true"}
  - {id: load, run: "true", retries: 5, after: [extract]}
""",
    "dags/config/stock.yaml": 'retries: 1\ntasks:\n  - {id: only, run: "true"}\n',
    "dags/from_json.py": f"""{HEAD}import json
import os

from lib.compat import EmptyOperator

HERE = os.path.dirname(os.path.realpath(__file__))
with open(os.path.join(HERE, "config", "teams.json")) as file:
    TEAMS = json.load(file)

with DAG("json_teams", schedule=TEAMS["schedule"], {START}) as dag:
    for name in TEAMS["names"]:
        EmptyOperator(task_id=name, owner=TEAMS["owners"].get(name, "all"))
""",
    "dags/config/teams.json": '{"schedule": "0 1 * * *", "names": ["a", "b"], "owners": {"a": "ann"}}',
    "dags/dataclasses_config.py": f"""{HEAD}from dataclasses import dataclass, field
from typing import Optional

from lib.compat import BashOperator


@dataclass
class Job:
    name: str
    retries: int = 2
    schedule: Optional[str] = None
    steps: list = field(default_factory=lambda: ["run"])

    @property
    def dag_id(self):
        return f"job_{{self.name}}"


JOBS = [Job("a"), Job("b", retries=4, schedule="@weekly", steps=["prepare", "run"]), Job(name="c")]
for job in JOBS:
    with DAG(job.dag_id, schedule=job.schedule, {START}) as dag:
        previous = None
        for step in job.steps:
            current = BashOperator(task_id=step, bash_command="true", retries=job.retries)
            if previous:
                previous >> current
            previous = current
    globals()[job.dag_id] = dag
""",
}
