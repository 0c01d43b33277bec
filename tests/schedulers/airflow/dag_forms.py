"""A repository that writes DAGs in the forms that people use; every file runs under Airflow 2.9 to 3.x.

Read from source and by Airflow itself it must give the same pipelines.
"""

OPERATORS = """
try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
    from airflow.sdk import DAG, BaseOperator, Label, TaskGroup, chain, cross_downstream, dag, task, task_group
except ImportError:
    from airflow import DAG
    from airflow.decorators import dag, task, task_group
    from airflow.models.baseoperator import BaseOperator, chain, cross_downstream
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator
    from airflow.operators.python import BranchPythonOperator, PythonOperator
    from airflow.utils.edgemodifier import Label
    from airflow.utils.task_group import TaskGroup
"""

FORMS: dict[str, str] = {
    "lib/__init__.py": "",
    "lib/compat.py": OPERATORS,
    "lib/settings.py": """
from datetime import timedelta
from enum import Enum

BASE_ARGS = {"owner": "platform", "retries": 4, "retry_delay": timedelta(minutes=2)}
REGIONS = ("north", "south")


class Tier(str, Enum):
    gold = "tier/gold"
""",
    "lib/factory.py": """
import pendulum

from lib.compat import DAG, BashOperator, EmptyOperator, BaseOperator


class LoadOperator(BaseOperator):
    def __init__(self, table, **kwargs):
        super().__init__(task_id=f"load_{table}", retries=7, **kwargs)
        self.table = table

    def execute(self, context):
        return self.table


def build(name, schedule=None, steps=("extract", "load"), **kwargs):
    begin = pendulum.datetime(2024, 5, 1)
    with DAG(f"made_{name}", schedule=schedule, start_date=begin, catchup=True, **kwargs) as made:
        previous = None
        for step in steps:
            current = BashOperator(task_id=step, bash_command="true")
            if previous is not None:
                previous >> current
            previous = current
        LoadOperator(table="facts").set_upstream(previous)
    return made
""",
    "dags/context.py": """# Airflow loads only files with its name in them.
from datetime import datetime, timedelta

from lib.compat import DAG, BashOperator, BranchPythonOperator, EmptyOperator, Label, TaskGroup, chain, cross_downstream
from lib.settings import BASE_ARGS, Tier

NAME = "context"
default_args = {**BASE_ARGS, "execution_timeout": timedelta(hours=1)}
late_args = default_args.copy()
late_args.update(retries=1, owner="late")

with DAG(
    dag_id=f"{NAME}_manager",
    default_args=default_args,
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    is_paused_upon_creation=True,
    tags=["a", Tier.gold.value],
) as dag:
    start = EmptyOperator(task_id="start")
    choose = BranchPythonOperator(task_id="choose", python_callable=lambda: "left", retries=0)
    left, right = [BashOperator(task_id=f"side_{n}", bash_command="true") for n in range(2)]
    end = EmptyOperator(task_id="end", retry_delay=timedelta(seconds=30), retry_exponential_backoff=True)
    start >> choose >> Label("either") >> [left, right]
    [left, right] >> end
    with TaskGroup("outer", default_args={"retries": 9}) as outer:
        a = EmptyOperator(task_id="a")
        with TaskGroup("inner") as inner:
            b = EmptyOperator(task_id="b")
            c = EmptyOperator(task_id="c")
            b << a
        with TaskGroup("plain", prefix_group_id=False):
            EmptyOperator(task_id="unprefixed")
    end >> outer
    tail = EmptyOperator(task_id="tail")
    outer >> tail
    p, q, x, y = [[EmptyOperator(task_id=f"{letter}{n}") for n in (1, 2)] for letter in "pqxy"]
    chain(tail, p, q)
    cross_downstream(x, y)

late = DAG(
    "context_late",
    default_args=dict(late_args, retries=6),
    schedule=timedelta(hours=6),
    start_date=datetime(2024, 2, 3),
    catchup=False,
)
first = EmptyOperator(task_id="first", dag=late)
second = EmptyOperator(task_id="second", dag=late)
second.set_upstream(first)
""",
    "dags/taskflow.py": """# Airflow loads only files with its name in them.
from datetime import timedelta

import pendulum

from lib.compat import BashOperator, dag, task, task_group


@task(retries=3)
def shared(x=None):
    return x


@dag(schedule="0 3 * * 1-5", start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"), catchup=False, tags=["flow"])
def flow(limit: int = 10):
    @task
    def numbers():
        return [1, 2, 3]

    @task.branch
    def pick():
        return "shared"

    @task(task_id="sum_up", retry_delay=timedelta(seconds=5))
    def total(values, other=None):
        return sum(values)

    @task_group
    def polish(value):
        return shared.override(task_id="polished", retries=5)(value)

    @task_group(group_id="extras")
    def more(value):
        shared(value)
        shared(value)

    found = numbers()
    doubled = shared.expand(x=found)
    mapped = BashOperator.partial(task_id="mapped", bash_command="true", retries=2).expand(env=[{"a": "1"}, {"b": "2"}])
    summed = total(doubled, {"deep": [found]})
    polished = polish(summed)
    more(polished) >> mapped
    pick() >> shared(limit)


flow()


@dag("flow_named", schedule=None, start_date=pendulum.datetime(2024, 1, 1), catchup=False)
def other():
    shared()


other()
""",
    "dags/factories.py": """
from airflow import DAG  # the word Airflow looks for

from lib.factory import build
from lib.settings import REGIONS

SPECS = {"hourly": {"schedule": "@hourly"}, "once": {"schedule": "@once", "tags": ["one"]}}

for name, options in SPECS.items():
    globals()[f"dag_{name}"] = build(name, **options)

dags = [build(f"region_{region}", steps=["scan", region], default_args={"owner": region}) for region in REGIONS]
kept = dags[0]

if __name__ == "__main__":
    build("never")
""",
    "dags/skipped/broken.py": "from airflow import DAG\nraise RuntimeError('not to be read')\n",
    "dags/.airflowignore": "skipped/\n",
}

DAG_IDS = (
    *("context_late", "context_manager", "flow", "flow_named"),
    *("made_hourly", "made_once", "made_region_north", "made_region_south"),
)
