"""DAG files in the styles that teams write: built by their own classes and functions, and what data drives."""

from tests.schedulers.airflow.dag_data_styles import DATA_STYLES, HEAD, START

STYLES: dict[str, str] = {
    **DATA_STYLES,
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
