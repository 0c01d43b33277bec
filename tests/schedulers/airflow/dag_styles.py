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

STYLES: dict[str, str] = {
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
    "dags/class_builder.py": f"""{HEAD}from lib.compat import EmptyOperator
from lib.settings import DEFAULTS


class Builder:
    defaults = DEFAULTS

    def __init__(self, name, schedule=None):
        self.name = name
        self.schedule = schedule
        self.steps = []

    def step(self, name):
        self.steps.append(name)
        return self

    def build(self):
        args = {{**self.defaults, "owner": self.name}}
        dag = DAG(f"built_{{self.name}}", schedule=self.schedule, default_args=args, {START})
        with dag:
            self._tasks()
        return dag

    def _tasks(self):
        last = None
        for name in self.steps:
            task = EmptyOperator(task_id=name)
            if last is not None:
                last >> task
            last = task


class Nightly(Builder):
    def __init__(self, name):
        super().__init__(name, schedule="0 2 * * *")


built = Builder("plain").step("one").step("two").build()
nightly = Nightly("night").step("only").build()
""",
    "dags/own_operators.py": f"""{HEAD}from functools import partial

from lib.compat import task
from lib.operators import CopyOperator, NamedCopy, QuietBash

with DAG("own_operators", schedule=None, default_args={{"retries": 9, "owner": "own"}}, {START}) as dag:
    @task
    def source(): return "s"

    quick = partial(CopyOperator, target="quick", retries=0)
    one = CopyOperator(task_id="one", source=source())
    two = quick(task_id="two", source="x")
    three = NamedCopy(name="three", owner="other")
    QuietBash(task_id="quiet") << [one, two, three]
""",
    "dags/modern_python.py": f"""{HEAD}from typing import TYPE_CHECKING

from lib.compat import EmptyOperator

if TYPE_CHECKING:
    from nowhere import Nothing

KIND = "weekly"
match KIND:
    case "daily":
        SCHEDULE = "@daily"
    case "weekly" | "biweekly":
        SCHEDULE = "@weekly"
    case _:
        SCHEDULE = None

with DAG(dag_id := "modern", schedule=SCHEDULE, {START}) as dag:
    tasks = {{name: EmptyOperator(task_id=name) for name in ("a", "b", "c") if name != "b"}}
    if (last := EmptyOperator(task_id="last")) and len(tasks) == 2:
        list(tasks.values()) >> last
    (EmptyOperator(task_id="x") >> [EmptyOperator(task_id="y"), EmptyOperator(task_id="z")]) if dag_id else None
""",
    "dags/assets_and_or.py": f"""{HEAD}from lib.assets import Asset
from lib.compat import EmptyOperator

ORDERS, STOCK = Asset("x-team://orders"), Asset("x-team://stock")
with DAG("asset_producer", schedule="@daily", {START}) as producer:
    EmptyOperator(task_id="make", outlets=[ORDERS, STOCK])
with DAG("asset_list", schedule=[ORDERS, STOCK], {START}):
    EmptyOperator(task_id="use", inlets=[ORDERS])
with DAG("asset_either", schedule=(ORDERS | STOCK), {START}):
    EmptyOperator(task_id="use")
with DAG("asset_nested", schedule=((ORDERS & STOCK) | Asset("x-team://other")), {START}):
    EmptyOperator(task_id="use")
""",
    "dags/timetables.py": f"""{HEAD}import pendulum

from lib.assets import CronDataIntervalTimetable, CronTriggerTimetable
from lib.compat import EmptyOperator

with DAG("timetable_trigger", schedule=CronTriggerTimetable("0 1 * * 3", timezone="UTC"), {START}):
    EmptyOperator(task_id="t")
with DAG("timetable_interval", schedule=CronDataIntervalTimetable("@daily", "Europe/Berlin"), {START}):
    EmptyOperator(task_id="t")
with DAG("timezone", schedule="@daily", start_date=pendulum.datetime(2024, 3, 1, tz="America/New_York"), catchup=True):
    EmptyOperator(task_id="t")
""",
    "dags/cross_dag.py": f"""{HEAD}from lib.assets import ExternalTaskMarker, ExternalTaskSensor, TriggerDagRunOperator
from lib.compat import EmptyOperator

with DAG("cross_first", schedule="@daily", {START}) as first:
    done = EmptyOperator(task_id="done")
    done >> ExternalTaskMarker(task_id="marker", external_dag_id="cross_second", external_task_id="wait")
    TriggerDagRunOperator(task_id="start_third", trigger_dag_id="cross_third", wait_for_completion=True)
with DAG("cross_second", schedule="@daily", {START}) as second:
    ExternalTaskSensor(
        task_id="wait", external_dag_id=first.dag_id, external_task_id=done.task_id, execution_delta=timedelta(hours=2)
    )
    ExternalTaskSensor(task_id="whole", external_dag_id="cross_first", mode="reschedule", timeout=60)
    ExternalTaskSensor(task_id="some", external_dag_id="cross_first", external_task_ids=["done", "marker"])
with DAG("cross_third", schedule=None, {START}):
    TriggerDagRunOperator.partial(task_id="many").expand(trigger_dag_id=["cross_first", "cross_second"])
""",
    "dags/alerting.py": f"""{HEAD}from functools import partial

from lib.callbacks import page, tell
from lib.compat import EmptyOperator

args = {{"on_failure_callback": page, "email": ["team@example.com"], "email_on_retry": False}}
with DAG("alerting", schedule=None, default_args=args, {START}, on_failure_callback=[page, tell("#ops")]) as dag:
    EmptyOperator(task_id="inherits")
    own = tell("#own")
    EmptyOperator(task_id="own", on_failure_callback=own, on_retry_callback=partial(page), email_on_failure=False)
    EmptyOperator(task_id="none", on_failure_callback=None, email=None)
    EmptyOperator(task_id="shown", on_failure_callback=lambda context: None)
""",
    "dags/limits.py": f"""{HEAD}from lib.compat import EmptyOperator

with DAG(
    "limits",
    schedule=timedelta(hours=6),
    {START},
    dagrun_timeout=timedelta(hours=2),
    max_active_tasks=3,
    max_active_runs=2,
    is_paused_upon_creation=False,
    tags=["b", "a"],
    default_args=dict(
        max_retry_delay=timedelta(hours=1),
        retry_exponential_backoff=True,
        execution_timeout=timedelta(minutes=5),
    ),
):
    EmptyOperator(task_id="t", max_active_tis_per_dag=1, retry_delay=30, priority_weight=2)
""",
    "dags/old_style.py": f"""{HEAD}from lib.compat import BashOperator, EmptyOperator

default_args = {{"owner": "old", "depends_on_past": False, "start_date": datetime(2023, 5, 1), "retries": 1}}
dag = DAG(dag_id="old_style", default_args=default_args, description="x", schedule="30 2 * * *", catchup=False)
dag.doc_md = __doc__
start = EmptyOperator(task_id="start", dag=dag)
previous = start
for i in range(3):
    current = BashOperator(task_id="step_%d" % i, bash_command="echo {{}}".format(i), dag=dag, retries=i)
    current.set_upstream(previous)
    previous = current
previous.set_downstream([EmptyOperator(task_id=name, dag=dag) for name in ["x", "y"]])
""",
    "dags/xcom_arguments.py": f"""{HEAD}from lib.assets import XComArg
from lib.compat import BashOperator, dag, task


@dag("xcom_arguments", schedule=None, {START})
def flow():
    @task(multiple_outputs=True)
    def parts(): return {{"a": 1, "b": 2}}

    @task
    def use(a, b=None, *rest, **more): ...

    shell = BashOperator(task_id="shell", bash_command="echo 1")
    found = parts()
    use(found["a"], b=found["b"])
    use.override(task_id="keyword")(a=shell.output, extra=[XComArg(shell)])
    BashOperator(task_id="templated", bash_command="true", env={{"A": found["a"]}})


flow()
""",
    "dags/nested_groups.py": f"""{HEAD}from lib.compat import EmptyOperator, Label, TaskGroup, dag, task, task_group


@dag(schedule=None, {START}, default_args={{"retries": 1, "pool": "outer"}})
def nested_groups():
    @task_group(default_args={{"retries": 5}}, tooltip="x")
    def outer(value):
        @task
        def first(x): return x

        @task_group(group_id="deep")
        def inner(x):
            EmptyOperator(task_id="end", retries=7)
            return first.override(task_id="again")(x)

        return inner(first(value))

    begin = EmptyOperator(task_id="begin")
    begin >> Label("go") >> outer(1) >> EmptyOperator(task_id="finish")
    with TaskGroup("flat", prefix_group_id=False) as flat:
        EmptyOperator(task_id="unprefixed")
    begin >> flat


nested_groups()
""",
    "dags/helpers.py": f"""{HEAD}import itertools
from collections import OrderedDict, namedtuple

from lib.compat import EmptyOperator, chain, cross_downstream

Step = namedtuple("Step", ["name", "retries"])
STEPS = [Step("a", 1), Step(name="b", retries=2)]
GRID = OrderedDict([("x", [1, 2]), ("y", [3])])


def tasks_of(steps, *, prefix="", **shared):
    return [EmptyOperator(task_id=prefix + step.name, retries=step.retries, **shared) for step in steps]


with DAG("helpers", schedule=None, {START}) as dag:
    firsts = tasks_of(STEPS, prefix="first_", owner="f")
    seconds = tasks_of(STEPS, prefix="second_")
    cross_downstream(firsts, seconds)
    grid = [EmptyOperator(task_id=f"{{key}}_{{value}}") for key, values in GRID.items() for value in values]
    chain(*grid)
    for (left, right), n in zip(itertools.combinations("pqr", 2), itertools.count()):
        EmptyOperator(task_id=f"{{left}}{{right}}{{n}}")
    for one, other in itertools.pairwise(grid):
        other.doc = one.task_id
    while len(dag.task_ids) < 0:
        EmptyOperator(task_id="never")
""",
    "dags/decorated_factory.py": f"""{HEAD}from lib.compat import dag, task
from lib.settings import TEAMS


def build(team, retries):
    @dag(dag_id=f"decorated_{{team}}", schedule=None, {START}, default_args={{"retries": retries, "owner": team}})
    def flow(limit: int = 5):
        @task
        def extract(): return []

        @task(task_id="load", retries=retries + 1)
        def store(rows): ...

        store(extract())

    return flow()


for team, options in TEAMS.items():
    build(team, options["retries"])
""",
    "dags/conditions.py": f"""{HEAD}from lib.compat import EmptyOperator

IS_PRODUCTION = False
FEATURES = {{"report"}}
with DAG("conditions", schedule="@daily" if IS_PRODUCTION else None, {START}) as dag:
    last = EmptyOperator(task_id="last")
    if IS_PRODUCTION:
        EmptyOperator(task_id="page") >> last
    elif "report" in FEATURES:
        EmptyOperator(task_id="report") >> last
    for name in ["keep", "skip", "stop", "after"]:
        if name == "skip":
            continue
        if name == "stop":
            break
        EmptyOperator(task_id=name)
    else:
        EmptyOperator(task_id="not_reached")
""",
}

STYLE_IDS = (
    "alerting",
    "asset_either",
    "asset_list",
    "asset_nested",
    "asset_producer",
    "branching",
    "built_night",
    "built_plain",
    "conditions",
    "cross_first",
    "cross_second",
    "cross_third",
    "decorated_ops",
    "decorated_sales",
    "environment",
    "expanded",
    "function_one",
    "function_two",
    "group_loops",
    "helpers",
    "job_a",
    "job_b",
    "job_c",
    "json_teams",
    "limits",
    "modern",
    "nested_groups",
    "old_style",
    "own_operators",
    "setups",
    "team_ops",
    "team_sales",
    "timetable_interval",
    "timetable_trigger",
    "timezone",
    "xcom_arguments",
    "yaml_orders",
    "yaml_stock",
)
